; Prints a line over COM1 and exits through isa-debug-exit with status 0.
include "start.asm"

main:
  say "hello from 64-bit mode"
  call new_line
  xor eax, eax
  ret
