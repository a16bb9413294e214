; Tests supervisor-mode access and execution prevention (SMAP, SMEP): SDM 4.6.1.
include "start.asm"
include "check.asm"

PAGE = USER+0xa00000                  ; a user page

main:
  mov ebx, PAGE
  mov byte ptr [rbx], 0xc3            ; RET
  in_user_mode {mov eax, [0x300000]}
  expect_code "the user does not read supervisor pages", 14, 5
  in_user_mode {mov [0x300000], eax}
  expect_code "the user does not write supervisor pages", 14, 7
  unless_cpuid 7, ebx, 7, .smap
  attempt {call rbx}
  expect "without SMEP the supervisor fetches from user pages", NOTHING
  mov rax, cr4
  bts rax, 20                         ; SMEP
  mov cr4, rax
  attempt {call rbx}
  expect_code "with SMEP it does not", 14, 0x11
  in_user_mode {call rbx}
  expect "with SMEP the user does", NOTHING
.smap:
  unless_cpuid 7, ebx, 20, finish
  attempt {mov eax, [rbx]}
  expect "without SMAP the supervisor reads user pages", NOTHING
  mov rax, cr4
  bts rax, 21                         ; SMAP
  mov cr4, rax
  clac
  attempt {mov eax, [rbx]}
  expect_code "with SMAP it does not read", 14, 1
  attempt {mov [rbx], eax}
  expect_code "with SMAP it does not write", 14, 3
  stac
  attempt {mov eax, [rbx]}
  expect "with AC = 1 it reads", NOTHING
  attempt {mov [rbx+8], eax}
  expect "with AC = 1 it writes", NOTHING
  attempt {sidt [rbx+8]}
  expect "with AC = 1 it stores a descriptor-table register", NOTHING
  clac
  attempt {lgdt [rbx+8]}
  expect_code "LGDT from a user page is an explicit access", 14, 1
  in_user_mode {mov eax, [rbx]}
  expect "the user reads user pages", NOTHING
  in_user_mode clac
  expect "CLAC is #UD in user mode", 6
  in_user_mode stac
  expect "STAC is #UD in user mode", 6
  stac                                ; implicit accesses ignore AC: an LDT in a user page
  mov rax, [gdt+0x10]
  mov [rbx+0x108], rax                ; a data segment
  mov eax, PAGE+0x100
  mov dword ptr [gdt+0x40], 0xf       ; limit
  mov [gdt+0x42], ax
  shr eax, 16
  mov [gdt+0x44], al
  mov byte ptr [gdt+0x45], 0x82       ; present, LDT
  mov [gdt+0x47], ah
  mov ax, 0x40
  lldt ax
  mov ecx, 0xc
  attempt {mov fs, cx}
  expect_code "reading a descriptor is an implicit access", 14, 1
  clac
  mov rax, cr4
  btr rax, 21
  mov cr4, rax
  attempt clac
  expect "CLAC needs no CR4.SMAP", NOTHING
  jmp finish
