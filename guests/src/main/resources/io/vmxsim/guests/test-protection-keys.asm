; Tests protection keys of user pages (PKU) and of supervisor pages (PKS): SDM 4.6.2.
include "start.asm"
include "check.asm"

PAGE     = 0xa00000                   ; 2 MBytes, under key 3 in both views
ENTRY    = DIRECTORY+5*8              ; its entries: the supervisor's,
USER_ENTRY = DIRECTORY+0x1000+5*8     ; and the user's
AD_3     = 0x40                       ; PKRU: no access under key 3,
WD_3     = 0x80                       ; no writes
IA32_PKRS = 0x6e1

macro set_pkru value
  xor ecx, ecx
  xor edx, edx
  mov eax, value
  wrpkru
endmacro

main:
  unless_cpuid 7, ecx, 3, .supervisor
  bts qword ptr [USER_ENTRY], 59      ; key 3
  bts qword ptr [USER_ENTRY], 60
  mov rax, cr3
  mov cr3, rax
  mov ebx, USER+PAGE
  attempt rdpkru
  expect "RDPKRU without CR4.PKE is #UD", 6
  mov rax, cr4
  bts rax, 22                         ; PKE
  mov cr4, rax
  mov ecx, 1
  attempt rdpkru
  expect_code "RDPKRU with ECX = 1 is #GP", 13, 0
  xor ecx, ecx
  mov edx, 1
  attempt wrpkru
  expect_code "WRPKRU with EDX = 1 is #GP", 13, 0
  set_pkru AD_3
  xor ecx, ecx
  rdpkru
  cmp eax, AD_3
  check "RDPKRU reads what WRPKRU wrote"
  attempt {mov eax, [rbx]}
  expect_code "AD: the supervisor does not read", 14, 0x21
  attempt {mov [rbx], eax}
  expect_code "AD: the supervisor does not write", 14, 0x23
  in_user_mode {mov eax, [rbx]}
  expect_code "AD: the user does not read", 14, 0x25
  in_user_mode {mov [rbx], eax}
  expect_code "AD: the user does not write", 14, 0x27
  mov byte ptr [PAGE], 0xc3           ; RET, through the other view
  in_user_mode {call rbx}
  expect "AD: the user fetches", NOTHING
  attempt {mov eax, [rbx-0x200000]}
  expect "AD: pages under key 0 are readable", NOTHING
  set_pkru WD_3
  attempt {mov eax, [rbx]}
  expect "WD: the supervisor reads", NOTHING
  attempt {mov [rbx], eax}
  expect_code "WD: the supervisor does not write", 14, 0x23
  in_user_mode {mov [rbx], eax}
  expect_code "WD: the user does not write", 14, 0x27
  mov rax, cr0
  btr rax, 16                         ; WP
  mov cr0, rax
  attempt {mov [rbx], eax}
  expect "WD: the supervisor writes with CR0.WP = 0", NOTHING
  in_user_mode {mov [rbx], eax}
  expect_code "WD: the user does not write with CR0.WP = 0", 14, 0x27
  mov rax, cr0
  bts rax, 16
  mov cr0, rax
  set_pkru 0
  attempt {mov [rbx], eax}
  expect "all is allowed with PKRU = 0", NOTHING
.supervisor:
  unless_cpuid 7, ecx, 31, finish
  bts qword ptr [ENTRY], 59
  bts qword ptr [ENTRY], 60
  mov rax, cr3
  mov cr3, rax
  mov ebx, PAGE
  mov rax, cr4
  bts rax, 24                         ; PKS
  mov cr4, rax
  mov ecx, IA32_PKRS
  xor edx, edx
  mov eax, AD_3
  wrmsr
  attempt {mov eax, [rbx]}
  expect_code "PKS, AD: no read", 14, 0x21
  attempt {mov [rbx], eax}
  expect_code "PKS, AD: no write", 14, 0x23
  mov ecx, IA32_PKRS
  mov eax, WD_3
  wrmsr
  attempt {mov eax, [rbx]}
  expect "PKS, WD: a read", NOTHING
  attempt {mov [rbx], eax}
  expect_code "PKS, WD: no write", 14, 0x23
  mov ecx, IA32_PKRS
  mov edx, 1
  attempt wrmsr
  expect_code "IA32_PKRS has no bits 63:32", 13, 0
  jmp finish
