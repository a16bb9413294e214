package io.vmxsim.bench;

import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;

/**
 * A boot sector that computes in 64-bit mode with 4-level paging on: blocks of some thirty
 * instructions, one after another, in rounds. It runs from any BIOS's boot disk alike.
 *
 * <p>The blocks are copies at different addresses of one mix of loads, stores, arithmetic,
 * branches, calls and pushes over a few pages of data. In the end the guest writes its checksum as
 * 16 letters {@code a} to {@code p} to port E9H, where Bochs and QEMU have a console, asks both to
 * power off, and halts.
 *
 * @param blocks how many copies, 1 to 8,192
 * @param rounds how often all of them run, positive
 */
record ExecutionGuest(int blocks, int rounds) {
  /** Where a BIOS loads a boot sector. */
  static final long ORIGIN = 0x7c00;

  private static final int SECTOR = 512;

  private static final String START =
      """
      bits 16
        cli
        cld
        xor ax, ax
        mov ds, ax
        in al, 0x92
        or al, 2
        out 0x92, al
        lgdt [gdt_register]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp far 8:protected
      bits 32
      protected:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov ss, ax
        xor eax, eax
        mov edi, 0x10000
        mov ecx, 0xc00
        rep stosd
        mov dword ptr [0x10000], 0x11003
        mov dword ptr [0x11000], 0x12003
        mov edi, 0x12000
        mov eax, 0x13003
        mov cl, 8
      directory:
        stosd
        add edi, 4
        add eax, 0x1000
        loop directory
        mov edi, 0x13000
        mov eax, 3
        mov cx, 4096
      table:
        stosd
        mov dword ptr [edi], 0
        add edi, 4
        add eax, 0x1000
        loop table
        mov eax, 0x10000
        mov cr3, eax
        mov eax, cr4
        or al, 0x20
        mov cr4, eax
        mov ecx, 0xc0000080
        rdmsr
        or ah, 1
        wrmsr
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp far 0x18:start
      gdt_register: dw 0x1f
        dd gdt
      gdt: dq 0
        dq 0x00cf9b000000ffff
        dq 0x00cf93000000ffff
        dq 0x00af9b000000ffff
      bits 64
      """;

  private static final String BLOCK =
      """
      block:
        mov rax, [rsi+0x18]
        add rax, rcx
        xor rdx, rax
        mov [rsi+0x40], rdx
        lea rbx, [rax+rdx*2+5]
        shl rdx, 3
        cmp rbx, rax
        jb below
        add rcx, 7
      below:
        push rbx
        movzx edi, al
        mov r8d, [rsi+rdi*4+0x1000]
        add r8d, ebx
        mov [rsi+rdi*4+0x1000], r8d
        pop r9
        sub r9, r8
        and r9d, 0xfff
        je zero
        inc r10
      zero:
        call function
        jmp back
      function:
        or rbx, r9
        sar rax, 1
        xor r12, rax
        ret
      back:
        dec rcx
        add dword ptr [rsi+0x18], 1
        mov [rsi+rdi+0x3000], al
        test cl, 1
        jne odd
        add r12, r8
      odd:
      block_end:
      """;

  private static final String MAIN =
      """
      start:
        mov esp, 0x90000
        mov edi, 0x100000
        xor eax, eax
        mov ecx, 0x1000
        rep stosd
        mov edi, 0x200000
        mov ebx, %d
      copy:
        mov esi, block
        mov ecx, block_end-block
        rep movsb
        dec ebx
        jne copy
        mov byte ptr [rdi], 0xc3
        mov esi, 0x100000
        xor edx, edx
        xor r12d, r12d
        mov ebp, %d
      round:
        mov eax, 0x200000
        call rax
        dec ebp
        jne round
        mov ecx, 16
      letter:
        rol r12, 4
        mov eax, r12d
        and al, 15
        add al, 0x61
        out 0xe9, al
        loop letter
        mov esi, text
        mov cl, 8
        mov dx, 0x8900
      off:
        lodsb
        out dx, al
        loop off
        out 0xf4, al
        hlt
      text: db "Shutdown"
      """;

  /** The 512 bytes. */
  byte[] bootSector() {
    String source = START + BLOCK + MAIN.formatted(blocks, rounds) + "zero 0x7dfe-$\ndw 0xaa55\n";
    byte[] sector = new Assembler(CodeMode.BITS16, ORIGIN).add(source).bytes();
    if (sector.length != SECTOR) {
      throw new IllegalStateException("a boot sector of " + sector.length + " bytes");
    }
    return sector;
  }

  /** What the guest writes to port E9H when its register R12 is {@code checksum}. */
  static String letters(long checksum) {
    StringBuilder letters = new StringBuilder();
    for (int shift = 60; shift >= 0; shift -= 4) {
      letters.append((char) ('a' + (checksum >>> shift & 15)));
    }
    return letters.toString();
  }
}
