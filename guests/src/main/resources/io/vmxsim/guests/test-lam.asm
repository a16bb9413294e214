; Tests linear-address masking (LAM): "Linear-Address Masking" in later editions of SDM volume 3, 4.
include "start.asm"
include "check.asm"

DATA     = 0xa00000
UPPER    = 0xffffff8000000000         ; where the last PML4 entry maps all again
TAG_48   = 0x7fff000000000000         ; bits 62:48
TAG_57   = 0x7e00000000000000         ; bits 62:57
U57      = 61                         ; bits of CR3
U48      = 62
SUPERVISOR = 28                       ; a bit of CR4
VALUE    = 0x5a5a1234

macro with_cr3 bit
  mov rax, TABLES
  bts rax, bit
  mov cr3, rax
endmacro

macro reads name, pointer
  mov rbx, pointer
  xor ecx, ecx
  attempt {mov ecx, [rbx]}
  cmp ecx, VALUE
  check name
endmacro

macro faults name, pointer
  mov rbx, pointer
  attempt {mov ecx, [rbx]}
  expect_code name, 13, 0
endmacro

main:
  mov dword ptr [DATA], VALUE
  mov qword ptr [TABLES+511*8], POINTERS+3
  mov eax, 7
  mov ecx, 1
  cpuid
  bt eax, 26
  jb .there
  mov rbx, TABLES
  bts rbx, U48
  attempt {mov cr3, rbx}
  expect_code "CR3's LAM bits are reserved where CPUID lacks LAM", 13, 0
  jmp finish
.there:
  faults "without LAM a tagged address is #GP", DATA+TAG_48
  with_cr3 U48
  reads "LAM_U48 ignores bits 62:48", DATA+TAG_48
  reads "any of them", DATA+0x1234000000000000
  faults "but not bit 63", DATA-0x8000000000000000
  faults "nor bit 47, which bit 63 must equal", DATA+0x800000000000
  faults "and supervisor addresses stay as they were", UPPER+DATA-0x10000000000000
  mov rbx, DATA+USER+TAG_48
  in_user_mode {mov ecx, [rbx]}
  expect "user mode may tag, too", NOTHING
  mov rbx, DATA+TAG_48
  in_user_mode {mov ecx, [rbx]}
  expect_code "a tag opens nothing to user mode", 14, 5
  mov rbx, DATA+TAG_48
  inc dword ptr [rbx]
  dec dword ptr [DATA]
  mov eax, 5
  lock xadd [rbx], eax
  sub dword ptr [DATA], 5
  cmp dword ptr [DATA], VALUE
  check "stores and locked instructions take it away"
  mov rsi, DATA+TAG_48
  mov rdi, DATA+0x100+TAG_57
  mov ecx, 4
  rep movsb
  cmp dword ptr [DATA+0x100], VALUE
  check "string instructions, too"
  mov rbx, .target+TAG_48
  attempt {jmp rbx}
  expect_code "a jump to a tagged address is #GP", 13, 0
.target:
  mov rbx, TAG_48+0x7f0000000000
  attempt {mov ecx, [rbx]}
  mov rax, cr2
  mov rbp, 0x7f0000000000
  cmp rax, rbp
  check "CR2 has no tag"
  mov rbx, DATA+TAG_48
  attempt {invlpg [rbx]}
  expect "INVLPG of a tagged address does nothing", NOTHING
  mov ecx, 0xc0000100                 ; IA32_FS_BASE
  xor eax, eax
  mov edx, 0x12340000
  attempt wrmsr
  expect_code "a base address must be canonical as ever", 13, 0
  with_cr3 U57
  reads "LAM_U57 ignores bits 62:57", DATA+TAG_57
  faults "and no other", DATA+TAG_48
  mov rax, cr3
  bt rax, U57
  sbb eax, eax
  inc eax
  check "CR3 reads back with it"
  mov rax, TABLES
  mov cr3, rax
  faults "without it tags are #GP again", DATA+TAG_57
  reads "an address of the upper half", UPPER+DATA
  mov rax, cr4
  bts rax, SUPERVISOR
  mov cr4, rax
  reads "CR4.LAM_SUP ignores bits 62:48 of supervisor addresses", UPPER+DATA-TAG_48
  reads "any of them, too", UPPER+DATA-0x1234000000000000
  faults "but not bit 63, that is, nothing of user addresses", DATA+TAG_48
  faults "nor bit 47", 0xff000000+DATA-0x1000000000000
  mov rax, cr4
  btr rax, SUPERVISOR
  mov cr4, rax
  faults "without it tags there are #GP", UPPER+DATA-TAG_48
  jmp finish
