; Executes CPUID in a loop: rounds=N.
include "start.asm"

main:
  parameter "rounds", 10000, 1, 4000000000
  mov r12, rax
.round:
  xor eax, eax
  cpuid
  dec r12
  jne .round
  say "done"
  call new_line
  xor eax, eax
  ret
