; Tests RDMSR and WRMSR: what is there, what is not, and what values may be written.
include "start.asm"
include "check.asm"

macro write register, high, low
  mov ecx, register
  mov edx, high
  mov eax, low
  attempt wrmsr
endmacro

; Writes a value and reads it again.
macro holds name, register, high, low
  write register, high, low
  mov ecx, register
  rdmsr
  xor edx, high
  xor eax, low
  or eax, edx
  check name
endmacro

macro refuses name, register, high, low
  write register, high, low
  expect_code name, 13, 0
endmacro

main:
  mov ecx, 0x4b564dff                 ; no processor has it
  attempt rdmsr
  expect_code "RDMSR of an unknown MSR is #GP", 13, 0
  refuses "WRMSR to an unknown MSR is #GP", 0x4b564dff, 0, 0
  mov ecx, 0x10
  in_user_mode rdmsr
  expect_code "RDMSR in user mode is #GP", 13, 0
  in_user_mode wrmsr
  expect_code "WRMSR in user mode is #GP", 13, 0
  holds "IA32_SYSENTER_CS", 0x174, 0, 0x1234
  holds "IA32_SYSENTER_ESP", 0x175, 0x7fff, 0x12345678
  holds "IA32_SYSENTER_EIP", 0x176, 0xffff8000, 0x12345678
  refuses "a non-canonical IA32_SYSENTER_EIP", 0x176, 0x01000000, 0
  holds "IA32_STAR", 0xc0000081, 0x12345678, 0x9abcdef0
  holds "IA32_LSTAR", 0xc0000082, 0x7fff, 0x12345678
  refuses "a non-canonical IA32_LSTAR", 0xc0000082, 0x01000000, 0
  holds "IA32_FMASK", 0xc0000084, 0, 0x12345678
  holds "IA32_FS_BASE", 0xc0000100, 0x7fff, 0x12345678
  mov rbx, 0x7fff12345678
  mov fs, dx                          ; null: the base stays or is 0
  holds "IA32_GS_BASE", 0xc0000101, 0x7fff, 0x12345678
  refuses "a non-canonical IA32_GS_BASE", 0xc0000101, 0x01000000, 0
  holds "IA32_KERNEL_GS_BASE", 0xc0000102, 0xffff8000, 0x1
  swapgs
  mov ecx, 0xc0000101
  rdmsr
  cmp eax, 1
  check "SWAPGS exchanges the bases of GS"
  holds "IA32_PAT", 0x277, 0x00010406, 0x00070406
  refuses "type 2 in IA32_PAT", 0x277, 0x00070406, 0x02070406
  write 0x277, 0x00070406, 0x00070406
  mov ecx, 0xc0000080
  rdmsr
  mov ebx, eax
  or eax, 2
  attempt wrmsr
  expect_code "a reserved bit of IA32_EFER", 13, 0
  mov eax, ebx
  btr eax, 8
  attempt wrmsr
  expect_code "IA32_EFER.LME while paging is on", 13, 0
  mov eax, ebx
  bts eax, 0
  attempt wrmsr
  expect "IA32_EFER.SCE may be set", NOTHING
  mov ecx, 0x1b
  rdmsr
  bt eax, 8
  jae .not_first
  cmp eax, eax
  check "this is the bootstrap processor"
.not_first:
  or edx, 0x80000000
  attempt wrmsr
  expect_code "IA32_APIC_BASE beyond MAXPHYADDR", 13, 0
  jmp finish
