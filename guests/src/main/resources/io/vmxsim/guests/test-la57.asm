; Tests paging with five levels and addresses of 57 bits: "5-Level Paging and 5-Level EPT", 335252.
include "start.asm"
include "check.asm"
include "legacy.asm"

DATA     = 0xa00000
TOP      = FREE                       ; the PML5 table
SECOND   = 0x1000000000000            ; what its second entry maps, as the first does 0
LA57     = 12                         ; a bit of CR4
KERNEL_GS_BASE = 0xc0000102
LSTAR    = 0xc0000082

macro reads name, pointer
  mov rbx, pointer
  xor ecx, ecx
  attempt {mov ecx, [rbx]}
  cmp ecx, 0x57575757
  check name
endmacro

macro faults name, pointer, code
  mov rbx, pointer
  attempt {mov ecx, [rbx]}
  expect_code name, code
endmacro

macro write_msr name, msr, value, vector
  mov rdx, value
  mov eax, edx
  shr rdx, 32
  mov ecx, msr
  attempt wrmsr
  expect name, vector
endmacro

main:
  mov dword ptr [DATA], 0x57575757
  unless_cpuid 7, ecx, 16, .none
  mov eax, 0x80000008
  cpuid
  cmp ah, 57
  check "CPUID says that linear addresses have 57 bits"
  faults "with four levels bit 48 makes an address non-canonical", SECOND+DATA, {13, 0}
  mov rax, cr4
  bts rax, LA57
  attempt {mov cr4, rax}
  expect_code "CR4.LA57 does not change in 64-bit mode", 13, 0
  write_msr "IA32_LSTAR takes an address of 57 bits even so", LSTAR, SECOND, NOTHING
  mov qword ptr [TOP], TABLES+7
  mov qword ptr [TOP+8], TABLES+7
  mov qword ptr [TOP+255*8], TABLES+7
  mov qword ptr [TOP+511*8], TABLES+3
  call leave_64_bit_mode
bits 32
  mov eax, cr4
  bts eax, LA57
  mov cr4, eax
  mov ebp, .five
  mov eax, TOP
  jmp enter_on_other_tables
bits 64
.none:
  mov rax, cr4
  bts rax, LA57
  attempt {mov cr4, rax}
  expect_code "CR4.LA57 is reserved where CPUID lacks it", 13, 0
  jmp finish
.five:
  reads "with five levels it is read", SECOND+DATA
  reads "up to bit 55", 0xff000000000000+DATA
  reads "and from FF00000000000000H on", 0xffff000000000000+DATA
  faults "bit 56 must be bits 63:57", 0x100000000000000+DATA, {13, 0}
  faults "and they it", 0xfe00000000000000, {13, 0}
  mov rbp, 0x100000000000000
  attempt {mov ecx, [rbp]}
  expect_code "through RBP it is #SS", 12, 0
  attempt {jmp rbp}
  expect_code "a jump there is #GP", 13, 0
  attempt {invlpg [rbp]}
  expect "INVLPG there does nothing", NOTHING
  bt dword ptr [TOP+8], 5
  sbb eax, eax
  inc eax
  check "the entry that was used is accessed"
  bt dword ptr [TOP+8], 6
  sbb eax, eax
  test eax, eax
  check "and has no dirty flag"
  faults "an entry that is not there", 0x2000000000000, {14, 0}
  mov rax, cr2
  cmp rax, rbx
  check "CR2 has all 57 bits"
  mov rbx, SECOND+DATA+USER
  in_user_mode {mov ecx, [rbx]}
  expect "user mode reads where all five levels let it", NOTHING
  mov rbx, 0xffff000000000000+DATA+USER
  in_user_mode {mov ecx, [rbx]}
  expect_code "and not where the top entry does not", 14, 5
  bts qword ptr [TOP+8], 7
  mov rax, cr3
  mov cr3, rax
  faults "bit 7 of a top entry is reserved", SECOND+DATA, {14, 9}
  btr qword ptr [TOP+8], 7
  btr qword ptr [TOP+8], 1
  mov rax, cr3
  mov cr3, rax
  mov rbx, SECOND+DATA
  attempt {mov [rbx], ecx}
  expect_code "a top entry that is read-only", 14, 3
  write_msr "IA32_KERNEL_GS_BASE takes an address of 57 bits", KERNEL_GS_BASE, SECOND, NOTHING
  write_msr "and none of more", KERNEL_GS_BASE, 0x100000000000000, 13
  lgdt [.far_gdt]
  sgdt [DATA+16]
  mov rax, SECOND
  cmp [DATA+18], rax
  check "LGDT, too"
  lgdt [gdt_register64]
  mov rax, cr4
  btr rax, LA57
  attempt {mov cr4, rax}
  expect_code "CR4.LA57 stays while the mode does", 13, 0
  call leave_64_bit_mode
bits 32
  mov eax, cr4
  btr eax, LA57
  mov cr4, eax
  call return_to_64_bit_mode
bits 64
  faults "four levels again", SECOND+DATA, {13, 0}
  jmp finish
.far_gdt: dw 0x4f
  dq SECOND
gdt_register64: dw 0x4f
  dq gdt
