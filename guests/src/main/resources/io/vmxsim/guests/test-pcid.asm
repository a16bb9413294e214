; Tests process-context identifiers and INVPCID: SDM 4.10.1, 4.10.4.1.
include "start.asm"
include "check.asm"

DESCRIPTOR = GUEST_VARIABLES
REGION   = 0x8000000000               ; a page of its own tables
POINTERS_R = FREE
DIRECTORY_R = FREE+0x1000
TABLE_R  = FREE+0x2000
FIRST    = 0xa00000                   ; two frames
SECOND   = 0xa01000

macro descriptor pcid, address
  mov rax, pcid
  mov [DESCRIPTOR], rax
  mov rax, address
  mov [DESCRIPTOR+8], rax
endmacro

macro invalidate type
  mov ecx, type
  attempt {invpcid rcx, xmmword ptr [DESCRIPTOR]}
endmacro

main:
  unless_cpuid 1, ecx, 17, finish
  mov rbx, cr4
  bts rbx, 17                         ; PCIDE
  mov eax, TABLES+1
  mov cr3, rax
  attempt {mov cr4, rbx}
  expect_code "CR4.PCIDE is not set while CR3 has bits 11:0", 13, 0
  mov eax, TABLES
  mov cr3, rax
  attempt {mov cr4, rbx}
  expect "CR4.PCIDE is set with PCID 0", NOTHING
  mov rax, cr0
  btr rax, 31
  attempt {mov cr0, rax}
  expect_code "paging stays on with CR4.PCIDE", 13, 0
  mov qword ptr [TABLES+8], POINTERS_R+3
  mov qword ptr [POINTERS_R], DIRECTORY_R+3
  mov qword ptr [DIRECTORY_R], TABLE_R+3
  mov qword ptr [TABLE_R], FIRST+3
  mov dword ptr [FIRST], 1
  mov dword ptr [SECOND], 2
  mov eax, TABLES+7
  mov cr3, rax
  mov rbx, REGION
  cmp dword ptr [rbx], 1
  check "PCID 7 translates"
  mov rax, TABLES+7
  bts rax, 63
  attempt {mov cr3, rax}
  expect "bit 63 of MOV to CR3 is no error", NOTHING
  mov rax, cr3
  cmp rax, TABLES+7
  check "and is not kept"
  mov qword ptr [TABLE_R], SECOND+3
  mov eax, TABLES+7
  mov cr3, rax
  cmp dword ptr [rbx], 2
  check "MOV to CR3 without it flushes its PCID"
  unless_cpuid 7, ebx, 10, finish
  mov qword ptr [TABLE_R], FIRST+3
  descriptor 7, REGION
  invalidate 0
  mov rbx, REGION
  cmp dword ptr [rbx], 1
  check "INVPCID of an address"
  mov qword ptr [TABLE_R], SECOND+3
  descriptor 7, 0
  invalidate 1
  cmp dword ptr [rbx], 2
  check "INVPCID of a PCID"
  mov qword ptr [TABLE_R], FIRST+3
  descriptor 0, 0
  invalidate 2
  cmp dword ptr [rbx], 1
  check "INVPCID of all, with globals"
  mov qword ptr [TABLE_R], SECOND+3
  invalidate 3
  cmp dword ptr [rbx], 2
  check "INVPCID of all without globals"
  invalidate 4
  expect_code "INVPCID has no type 4", 13, 0
  descriptor 0x1000, 0
  invalidate 1
  expect_code "a PCID has 12 bits", 13, 0
  descriptor 7, 0x100000000000000     ; for 57 bits, too
  invalidate 0
  expect_code "INVPCID wants a canonical address", 13, 0
  in_user_mode {invpcid rcx, xmmword ptr [USER+DESCRIPTOR]}
  expect_code "INVPCID in user mode is #GP", 13, 0
  mov eax, TABLES
  mov cr3, rax
  mov rax, cr4
  btr rax, 17
  mov cr4, rax
  descriptor 7, 0
  invalidate 0
  expect_code "without CR4.PCIDE only PCID 0 is accepted", 13, 0
  jmp finish
