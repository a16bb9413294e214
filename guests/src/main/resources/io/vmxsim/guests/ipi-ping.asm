; Two processors wake each other by interprocessor interrupts, in turn: rounds=N.
include "start.asm"
include "processors.asm"

VECTOR = 0x50

rounds = GUEST_VARIABLES
ready = GUEST_VARIABLES+8

main:
  parameter "rounds", 200, 1, 4000000000
  mov [rounds], rax
  mov qword ptr [HANDLERS+VECTOR*8], received
  mov qword ptr [others], pong
  mov r12d, APIC
  xor r14d, r14d                      ; interrupts that this processor has had
  call start_others
.wait:
  pause
  cmp dword ptr [ready], 0
  je .wait
.ping:
  call send
  call sleep
  cmp r14, [rounds]
  jb .ping
  mov rax, r14
  call print_decimal
  say " round trips"
  call new_line
  xor eax, eax
  ret

; What the other processor does.
pong:
  mov r12d, APIC
  xor r14d, r14d
  mov dword ptr [ready], 1
.again:
  call sleep
  call send
  jmp .again

send:
  mov dword ptr [r12+ICR_LOW], 0xc4000+VECTOR    ; fixed, to all but self
  ret

; Until the next interrupt: one that came before is still pending, as interrupts are off.
sleep:
  sti
  hlt
  cli
  ret

received:
  inc r14
  mov dword ptr [r12+0xb0], 0         ; EOI
  add rsp, 16
  iretq

