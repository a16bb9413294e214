; Tests the time-stamp counter and what adjusts it: SDM 17.15.
include "start.asm"
include "check.asm"

IA32_TSC = 0x10
IA32_TSC_ADJUST = 0x3b
IA32_TSC_AUX = 0xc0000103

; RAX = the counter
macro read_tsc
  rdtsc
  shl rdx, 32
  or rax, rdx
endmacro

main:
  read_tsc
  mov rbx, rax
  read_tsc
  cmp rax, rbx
  seta cl
  cmp cl, 1
  check "it grows"
  mov ecx, IA32_TSC
  xor eax, eax
  mov edx, 0x1000
  wrmsr
  rdtsc
  cmp edx, 0x1000
  check "WRMSR sets it"
  rdmsr
  cmp edx, 0x1000
  check "RDMSR reads it"
  in_user_mode rdtsc
  expect "user mode reads it", NOTHING
  mov rax, cr4
  bts rax, 2                          ; TSD
  mov cr4, rax
  in_user_mode rdtsc
  expect_code "not with CR4.TSD", 13, 0
  attempt rdtsc
  expect "the supervisor does with CR4.TSD", NOTHING
  unless_cpuid 0x80000001, edx, 27, .adjust
  in_user_mode rdtscp
  expect_code "nor by RDTSCP", 13, 0
  mov ecx, IA32_TSC_AUX
  mov eax, 0x1234
  xor edx, edx
  wrmsr
  rdtscp
  cmp ecx, 0x1234
  check "RDTSCP reads IA32_TSC_AUX"
  mov ecx, IA32_TSC_AUX
  mov edx, 1
  attempt wrmsr
  expect_code "IA32_TSC_AUX has no bits 63:32", 13, 0
.adjust:
  unless_cpuid 7, ebx, 1, finish
  mov ecx, IA32_TSC_ADJUST
  xor eax, eax
  xor edx, edx
  wrmsr
  read_tsc
  mov rbx, rax
  mov ecx, IA32_TSC_ADJUST
  xor eax, eax
  mov edx, 0x100
  wrmsr
  read_tsc
  sub rax, rbx
  shr rax, 32
  cmp eax, 0x100
  check "IA32_TSC_ADJUST is added to it"
  mov ecx, IA32_TSC
  xor eax, eax
  mov edx, 0x5000
  wrmsr
  mov ecx, IA32_TSC_ADJUST
  rdmsr
  mov r8d, edx
  mov ecx, IA32_TSC
  mov edx, 0x6000
  xor eax, eax
  wrmsr
  mov ecx, IA32_TSC_ADJUST
  rdmsr
  sub edx, r8d
  sub edx, 0xfff                      ; 1000H less the little that passed
  cmp edx, 1
  setbe al
  cmp al, 1
  check "writing it changes IA32_TSC_ADJUST as much"
  jmp finish
