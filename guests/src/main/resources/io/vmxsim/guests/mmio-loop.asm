; Writes and reads a register of the I/O APIC in a loop: rounds=N.
include "start.asm"

SELECT = 0xfec00000
WINDOW = 0xfec00010
ENTRY  = 0x12                         ; the low half of redirection entry 1

main:
  parameter "rounds", 5000, 1, 4000000000
  mov r12, rax
  mov ebx, SELECT
.round:
  mov dword ptr [rbx], ENTRY
  mov eax, r12d
  and eax, 0xff
  or eax, 0x10000                     ; masked, with a vector
  mov [rbx+0x10], eax
  cmp [rbx+0x10], eax
  jne .wrong
  dec r12
  jne .round
  say "done"
  call new_line
  xor eax, eax
  ret
.wrong:
  mov eax, 1
  ret
