; Sleeps between ticks of the local APIC's timer: ticks=N, interval=N bus cycles, paravirtual=1.
;
; With paravirtual=1, which needs KVM or what is like it, an interrupt ends by a bit in memory where
; the hypervisor has set it.
include "start.asm"

APIC   = 0xfee00000
VECTOR = 0x40
PARAVIRTUAL_EOI = 0x4b564d04          ; MSR_KVM_PV_EOI_EN
pending = GUEST_VARIABLES             ; bit 0: there is an interrupt to end here

main:
  parameter "ticks", 100, 1, 4000000000
  mov r12, rax
  parameter "interval", 10000, 1, 4000000000
  mov r13, rax
  mov qword ptr [HANDLERS+VECTOR*8], tick
  parameter "paravirtual", 0, 0, 1
  test eax, eax
  je .start
  mov ecx, PARAVIRTUAL_EOI
  mov eax, pending+1
  xor edx, edx
  wrmsr
.start:
  mov ebx, APIC
  mov dword ptr [rbx+0xf0], 0x1ff     ; the APIC is on; spurious vector FFH
  mov dword ptr [rbx+0x3e0], 0x0b     ; divide by 1
  mov dword ptr [rbx+0x320], VECTOR+0x20000    ; periodic
  mov [rbx+0x380], r13d
  xor r14d, r14d
.sleep:
  sti
  hlt
  cli
  cmp r14, r12
  jb .sleep
  mov dword ptr [rbx+0x380], 0
  mov rax, r14
  call print_decimal
  say " ticks"
  call new_line
  xor eax, eax
  ret

tick:
  inc r14
  btr dword ptr [pending], 0
  jb .ended
  mov dword ptr [rbx+0xb0], 0         ; EOI
.ended:
  add rsp, 16
  iretq
