; Reads a register of the real-time clock by one OUT and one IN, in a loop: rounds=N.
include "start.asm"

main:
  parameter "rounds", 5000, 1, 4000000000
  mov r12, rax
.round:
  mov al, 0x0d                        ; register D: its bit 7 says that the battery is good
  out 0x70, al
  in al, 0x71
  test al, 0x80
  je .wrong
  dec r12
  jne .round
  say "done"
  call new_line
  xor eax, eax
  ret
.wrong:
  mov eax, 1
  ret
