; Tests CLFLUSH, CLFLUSHOPT, CLWB, fences and hints: SDM volume 2; 4.8.
include "start.asm"
include "check.asm"

DATA     = 0xa00000
ENTRY    = DIRECTORY+40               ; what maps it
NOT_CANONICAL = 0x800000000000
ACCESSED = 5                          ; bits of an entry
DIRTY    = 6

; An instruction that acts on a cache line as a load doesits address is in RBX.
macro flushes name, code
  mov ebx, DATA
  mov rax, 0x1122334455667788
  mov [rbx], rax
  invlpg [rbx]
  and qword ptr [ENTRY], -0x61
  attempt {code}
  expect {name}, NOTHING
  cmp [rbx], rax
  check "the line keeps its value"
  invlpg [rbx]
  and qword ptr [ENTRY], -0x61
  code
  bt dword ptr [ENTRY], ACCESSED
  sbb eax, eax
  inc eax
  check "it sets the accessed flag"
  bt dword ptr [ENTRY], DIRTY
  sbb eax, eax
  test eax, eax
  check "and not the dirty flag"
  btr dword ptr [ENTRY], 1
  invlpg [rbx]
  attempt {code}
  expect "a page may be read-only", NOTHING
  btr dword ptr [ENTRY], 0
  invlpg [rbx]
  attempt {code}
  expect_code "a page that is not present is #PF of a read", 14, 0
  or dword ptr [ENTRY], 3
  invlpg [rbx]
  in_user_mode {code}
  expect_code "user mode may not on the supervisor's page", 14, 5
  mov ebx, DATA+USER
  in_user_mode {code}
  expect "but on its own", NOTHING
  mov rbx, NOT_CANONICAL
  attempt {code}
  expect_code "a non-canonical address is #GP", 13, 0
endmacro

macro harmless name, code
  attempt {code}
  expect {name}, NOTHING
  in_user_mode {code}
  expect "in user mode, too", NOTHING
endmacro

main:
  flushes "CLFLUSH", {clflush [rbx]}
  unless_cpuid 7, ebx, 23, .no_clflushopt
  flushes "CLFLUSHOPT", {clflushopt [rbx]}
  jmp .clwb
.no_clflushopt:
  attempt {clflushopt [rbx]}
  expect "CLFLUSHOPT where CPUID lacks it is #UD", 6
.clwb:
  unless_cpuid 7, ebx, 24, .no_clwb
  flushes "CLWB", {clwb [rbx]}
  jmp .fences
.no_clwb:
  attempt {clwb [rbx]}
  expect "CLWB where CPUID lacks it is #UD", 6
.fences:
  harmless "LFENCE", lfence
  harmless "MFENCE", mfence
  harmless "SFENCE", sfence
  attempt {db 0xf0, 0x0f, 0xae, 0xf0}
  expect "LOCK MFENCE is #UD", 6
  attempt {db 0xf0, 0x0f, 0xae, 0x3b}
  expect "LOCK CLFLUSH is #UD", 6
  mov rbx, NOT_CANONICAL
  harmless "PREFETCHT0 of a non-canonical address", {prefetcht0 [rbx]}
  mov rbx, 0x7f0000000000
  harmless "PREFETCHNTA of an address that is not mapped", {prefetchnta [rbx]}
  harmless "PAUSE", pause
  attempt wbinvd
  expect "WBINVD", NOTHING
  in_user_mode wbinvd
  expect_code "in user mode is #GP", 13, 0
  in_user_mode invd
  expect_code "INVD in user mode is #GP", 13, 0
  mov ebx, DATA
  mov rax, -2
  movnti [rbx], rax
  sfence
  cmp [rbx], rax
  check "MOVNTI stores"
  movnti [rbx+1], ebx
  mov rax, 0xffffff00a00000fe
  cmp [rbx], rax
  check "and of 4 bytes 4"
  attempt {db 0x0f, 0xc3, 0xc0}
  expect "but to no register", 6
  jmp finish
