; Starts the other processors by INIT and SIPI: each calls what [others] says, in 64-bit mode with
; interrupts off and a stack of its own.

APIC      = 0xfee00000
ICR_LOW   = 0x300
ICR_HIGH  = 0x310
LOW_CODE  = 0x8000                    ; where the others start, in real mode
STACKS    = 0x240000                  ; 8 KBytes for each of the others

others = VARIABLES+0xc0
stacks_taken = VARIABLES+0xc8

start_others:
  mov esi, low_code
  mov edi, LOW_CODE
  mov ecx, low_code_end-low_code
  rep movsb
  mov ebx, APIC
  mov dword ptr [rbx+0xf0], 0x1ff
  mov dword ptr [rbx+ICR_LOW], 0xc4500          ; INIT, to all but self
  call short_wait
  mov dword ptr [rbx+ICR_LOW], 0xc4600+8        ; SIPI with the page of LOW_CODE
  ret

short_wait:
  mov ecx, 10000
.again:
  pause
  loop .again
  ret

bits 16
low_code:
  cli
  xor ax, ax
  mov ds, ax
  lgdt [low_gdt_register-low_code+LOW_CODE]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmpd far CODE32:other32
align 4
low_gdt_register: dw 0x4f
  dd gdt
low_code_end:

bits 32
other32:
  mov ax, 0x10
  mov ds, ax
  mov ebp, other64
  jmp enter_64_bit_mode
bits 64
other64:
  mov eax, 0x2000
  lock xadd dword ptr [stacks_taken], eax
  lea esp, [rax+STACKS+0x2000]
  mov ebx, APIC
  mov dword ptr [rbx+0xf0], 0x1ff     ; the APIC is on; spurious vector FFH
  call qword ptr [others]
.stop:
  cli
  hlt
  jmp .stop
