; Tests SYSCALL, SYSRET, SYSENTER and SYSEXIT: SDM 5.8.7, 5.8.8.
include "start.asm"
include "check.asm"
include "system-calls.asm"

SEEN   = GUEST_VARIABLES              ; what the entry point found: RCX, R11, RFLAGS, CS, SS

main:
  attempt syscall
  expect "SYSCALL without EFER.SCE is #UD", 6
  attempt sysretq
  expect "SYSRET without EFER.SCE is #UD", 6
  mov eax, entered_by_syscall
  call enable_system_calls
  mov ecx, 0xc0000084                 ; IA32_FMASK: CF and IF
  xor edx, edx
  mov eax, 0x201
  wrmsr
  in_user_mode {call .call}, 0x4000
  expect "SYSCALL and SYSRET go there and back", NOTHING
  cmp qword ptr [SEEN], .returned+USER
  check "RCX is the address behind SYSCALL"
  mov rax, [SEEN+8]
  and eax, 0x5
  cmp eax, 0x5
  check "R11 is RFLAGS"
  mov rax, [SEEN+16]
  and eax, 0x5
  cmp eax, 4
  check "RFLAGS loses what IA32_FMASK says"
  cmp word ptr [SEEN+24], 8
  check "CS comes from IA32_STAR"
  cmp word ptr [SEEN+32], 0x10
  check "SS follows it"
  cmp word ptr [SEEN+40], USER_CODE
  check "SYSRET returns to CPL 3"
  mov rcx, 0x800000000000
  attempt sysretq
  expect_code "SYSRET to a non-canonical address is #GP", 13, 0
  in_user_mode sysretq
  expect_code "SYSRET in user mode is #GP", 13, 0
  mov ecx, 0x174
  xor eax, eax
  xor edx, edx
  wrmsr
  attempt sysenter
  expect_code "SYSENTER with a null IA32_SYSENTER_CS is #GP", 13, 0
  mov ecx, 0x174
  mov eax, 8
  wrmsr
  mov ecx, 0x175
  mov eax, STACK-0x1000
  wrmsr
  mov ecx, 0x176
  mov eax, entered_by_sysenter
  wrmsr
  in_user_mode sysenter
  expect "SYSENTER enters the kernel", NOTHING
  cmp word ptr [SEEN+24], 8
  check "with CS of IA32_SYSENTER_CS"
  jmp finish
.call:
  mov r14d, 1
  add r14b, 0x81
  stc
  test r14b, r14b                     ; PF set, CF clear
  stc
  syscall
.returned:
  mov word ptr [USER+SEEN+40], cs
  ret

entered_by_syscall:
  pushfq
  pop qword ptr [SEEN+16]
  mov [SEEN], rcx
  mov [SEEN+8], r11
  mov word ptr [SEEN+24], cs
  mov word ptr [SEEN+32], ss
  sysretq

entered_by_sysenter:
  mov word ptr [SEEN+24], cs
  mov qword ptr [raised], NOTHING
  mov rsp, [resume_stack]
  jmp qword ptr [resume]
