package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.ept.PageSize;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Real mode where the processor cannot be entered in it: the guest does what it does on the bare
 * machine.
 */
class RealModeGuestTest {
  private static final long CODE = 0x1000;
  private static final long LIMIT = 100_000;

  /** Prints a character, and ends the machine with exit code 1. */
  private static final String SAY = "mov dx, 0x3f8\n out dx, al\n";

  private static final String END = "xor ax, ax\n out 0xf4, al\n";

  /** What runs the code. Nehalem has EPT, and no "unrestricted guest". */
  enum Way {
    BARE,
    SHADOW,
    EPT;

    Platform platform() {
      return switch (this) {
        case BARE -> Platform.BARE;
        case SHADOW -> new Hypervisor(VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_4K));
        case EPT -> new Hypervisor(VmOptions.ept(PageSize.SIZE_4K));
      };
    }
  }

  private final StringBuilder said = new StringBuilder();

  private long entries;

  private MachineEnd run(Way way, String code) {
    CpuProfile cpu = CpuProfile.named(way == Way.EPT ? "nehalem" : "skylake-sp");
    Machine machine = new Machine(cpu, 16 << 20, 1, c -> said.append((char) c), way.platform());
    byte[] bytes = new Assembler(CodeMode.BITS16, CODE).add(code).bytes();
    machine.memory().writeBytes(CODE, bytes, 0, bytes.length);
    CpuState state = machine.processor(0).state();
    for (Segment segment : Segment.values()) {
      state.loadSegment(segment, 0, 0, Segment.REAL_MODE_LIMIT, 0x93);
    }
    state.loadSegment(Segment.CS, 0, 0, Segment.REAL_MODE_LIMIT, Segment.REAL_MODE_CODE);
    state.loadSegment(Segment.LDTR, 0, 0, Segment.REAL_MODE_LIMIT, 0x82);
    state.loadSegment(Segment.TR, 0, 0, Segment.REAL_MODE_LIMIT, Segment.BUSY_TSS);
    state.idtrBase = 0;
    state.idtrLimit = 0x3ff;
    state.setRegister(CpuState.RSP, 0x8000);
    state.rip = CODE;
    MachineEnd end = machine.run(LIMIT);
    entries = machine.processor(0).transitions().entries();
    return end;
  }

  private void assertSays(String expected, MachineEnd end) {
    assertEquals(expected, said.toString());
    assertEquals(MachineEnd.Cause.GUEST, end.cause());
  }

  @ParameterizedTest
  @EnumSource
  void softwareInterruptsAndFaultsGoThroughTheVectorTable(Way way) {
    MachineEnd end =
        run(
            way,
            """
            mov word ptr [0x84], service
            mov word ptr [0], divided
            mov al, 'i'
            int 0x21
            xor cl, cl
            div cl
            mov al, 'b'
            int 0x21
            """
                + END
                + "service: "
                + SAY
                + """
                iret
                divided: mov al, 'd'
                int 0x21
                mov bp, sp
                add word ptr [bp], 2
                iret
                """);
    assertSays("idb", end);
  }

  @ParameterizedTest
  @EnumSource
  void anInterruptOfADeviceEndsAWait(Way way) {
    MachineEnd end =
        run(
            way,
            """
            mov word ptr [0x20], tick
            mov al, 0x11
            out 0x20, al
            mov al, 8
            out 0x21, al
            mov al, 4
            out 0x21, al
            mov al, 1
            out 0x21, al
            mov al, 0xfe
            out 0x21, al
            mov al, 0x30
            out 0x43, al
            mov al, 100
            out 0x40, al
            xor al, al
            out 0x40, al
            sti
            hlt
            mov al, 'h'
            """
                + SAY
                + END
                + "tick: mov al, 't'\n"
                + SAY
                + "mov al, 0x20\n out 0x20, al\n iret\n");
    assertSays("th", end);
  }

  @ParameterizedTest
  @EnumSource
  void aSingleStepTrapsBehindEachInstruction(Way way) {
    MachineEnd end =
        run(
            way,
            """
            mov word ptr [4], step
            pushf
            pop ax
            or ax, 0x100
            push ax
            mov al, '.'
            popf
            nop
            nop
            inc bx
            nop
            """
                + END
                + "step: "
                + SAY
                + """
                inc cx
                cmp cx, 4
                jne goon
                mov bp, sp
                and word ptr [bp+4], 0xfeff
                goon: iret
                """);
    assertSays("....", end);
  }

  @ParameterizedTest
  @EnumSource
  void protectedModeAndTheWayBack(Way way) {
    MachineEnd end =
        run(
            way,
            """
            mov ax, 0x123
            mov es, ax
            lgdt [pointer]
            mov eax, cr0
            or al, 1
            mov cr0, eax
            jmp far 8:wide
            align 8
            table: dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00009b000000ffff, 0x000093000000ffff
            pointer: dw 39
            dd table
            bits 32
            wide: mov ax, 0x10
            mov ds, ax
            mov es, ax
            mov fs, ax
            mov gs, ax
            mov ss, ax
            mov esp, 0x8000
            mov ecx, 100
            more: loop more
            mov al, 'p'
            """
                + SAY
                + """
                mov ax, 0x20
                mov ds, ax
                mov es, ax
                mov ss, ax
                jmp far 0x18:narrow
                bits 16
                narrow: mov eax, cr0
                and al, 0xfe
                mov cr0, eax
                jmp far 0:real
                real: xor ax, ax
                mov ds, ax
                mov ss, ax
                mov al, 'r'
                """
                + SAY
                + END);
    assertSays("pr", end);
    if (way == Way.SHADOW) { // 100 loops are not emulated
      assertTrue(entries > 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDoubleFaultThatCannotBeDeliveredShutsDown(Way way) {
    MachineEnd end = run(way, "lidt [none]\n int3\n" + END + "none: dw 0\n dd 0\n");
    assertEquals("", said.toString());
    assertEquals(MachineEnd.Cause.TRIPLE_FAULT, end.cause());
  }

  /** VM entry wants the DPL of FS to be at least its RPL; nobody has loaded it since real mode. */
  @ParameterizedTest
  @EnumSource
  void longModeWithASegmentOfRealMode(Way way) {
    MachineEnd end =
        run(
            way,
            """
            mov ax, 3
            mov fs, ax
            mov dword ptr [0x2000], 0x3003
            mov dword ptr [0x3000], 0x4003
            mov dword ptr [0x4000], 0x83
            lgdt [pointer]
            mov eax, cr0
            or al, 1
            mov cr0, eax
            jmp far 8:wide
            align 8
            table: dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
            pointer: dw 31
            dd table
            bits 32
            wide: mov ax, 0x10
            mov ds, ax
            mov es, ax
            mov gs, ax
            mov ss, ax
            mov eax, 0x20
            mov cr4, eax
            mov eax, 0x2000
            mov cr3, eax
            mov ecx, 0xc0000080
            rdmsr
            or eax, 0x100
            wrmsr
            mov eax, cr0
            or eax, 0x80000000
            mov cr0, eax
            jmp far 0x18:long
            bits 64
            long: mov al, 'l'
            """
                + SAY
                + """
                mov ax, 0x10
                mov fs, ax
                mov al, 'f'
                """
                + SAY
                + END);
    assertSays("lf", end);
  }
}
