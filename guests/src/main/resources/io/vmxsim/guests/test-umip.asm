; Tests user-mode instruction prevention (UMIP): SDM volume 3, 2.5 (later editions).
include "start.asm"
include "check.asm"

SPACE = USER+0xa00000

macro each expected
  in_user_mode {sgdt [rbx]}
  expect "SGDT", expected
  in_user_mode {sidt [rbx]}
  expect "SIDT", expected
  in_user_mode {sldt eax}
  expect "SLDT", expected
  in_user_mode {sldt word ptr [rbx]}
  expect "SLDT to memory", expected
  in_user_mode {str eax}
  expect "STR", expected
  in_user_mode {smsw eax}
  expect "SMSW", expected
  in_user_mode {smsw word ptr [rbx]}
  expect "SMSW to memory", expected
endmacro

main:
  unless_cpuid 7, ecx, 2, finish
  mov ebx, SPACE
  each NOTHING
  mov rax, cr4
  bts rax, 11                         ; UMIP
  mov cr4, rax
  each 13
  in_user_mode {sgdt [rbx]}
  expect_code "the error code is 0", 13, 0
  attempt {sgdt [rbx]}
  expect "the supervisor may", NOTHING
  attempt {str eax}
  cmp eax, TASK
  check "STR reads TR"
  jmp finish
