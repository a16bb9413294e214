; SYSCALL goes to EAX, with CS = 8 and SS = 10H, and SYSRET back to user mode.

enable_system_calls:
  mov ecx, 0xc0000082                 ; IA32_LSTAR
  xor edx, edx
  wrmsr
  mov ecx, 0xc0000081                 ; IA32_STAR
  xor eax, eax
  mov edx, 0x00100008                 ; SYSRET: CS = 23H, SS = 1BH
  wrmsr
  mov ecx, 0xc0000080                 ; IA32_EFER
  rdmsr
  or eax, 1                           ; SCE
  wrmsr
  ret
