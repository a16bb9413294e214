; Tests exceptions and interrupts on their way through the IDT: SDM chapter 6.
include "start.asm"
include "check.asm"

APIC   = 0xfee00000
VECTOR = 0x50
NMI    = 2
COUNT  = GUEST_VARIABLES
WHERE  = GUEST_VARIABLES+8

main:
  attempt ud2
  expect "UD2 is #UD", 6
  xor eax, eax
  xor edx, edx
  attempt {div eax}
  expect "division by 0 is #DE", 0
  mov edx, 1
  mov ecx, 1
  attempt {div ecx}
  expect "a quotient that does not fit is #DE", 0
  attempt int3
  expect "INT3 is #BP", 3
  mov rax, 0x800000000000
  attempt {mov ecx, [rax]}
  expect_code "a non-canonical address is #GP", 13, 0
  mov rbp, rax
  attempt {mov ecx, [rbp]}
  expect_code "through RBP it is #SS", 12, 0
  attempt {jmp rax}
  expect_code "a jump there is #GP", 13, 0
  mov eax, 0x3b                       ; behind the last descriptor, TI = 0
  attempt {mov ds, ax}
  expect_code "a selector for user mode in the TSS's descriptor is #GP", 13, 0x38
  mov eax, 0x58
  attempt {mov ds, ax}
  expect_code "a selector beyond the GDT is #GP", 13, 0x58
  btr dword ptr [gdt+0x1c], 15        ; user data not present
  mov eax, 0x1b
  attempt {mov ds, ax}
  expect_code "a data segment that is not present is #NP", 11, 0x18
  bts dword ptr [gdt+0x1c], 15
  xor eax, eax
  attempt {mov ss, ax}
  expect "SS may be null in 64-bit mode at CPL 0", NOTHING
  mov eax, 0x10
  mov ss, ax
  call gates
  call double_fault
  call interrupts
  jmp finish

gates:
  btr dword ptr [IDT+0x60*16+4], 15
  attempt {int 0x60}
  expect_code "a gate that is not present is #NP", 11, 0x302
  in_user_mode {int 0x61}
  expect_code "INT in user mode through a supervisor's gate is #GP", 13, 0x30a
  lidt [short_idt]
  attempt {int 0x62}
  expect_code "INT beyond the IDT is #GP", 13, 0x312
  lidt [idt_register]
  bts dword ptr [IDT+0x60*16+4], 15
  mov rax, cr0
  bts rax, 18                         ; AM
  mov cr0, rax
  in_user_mode {mov eax, [rsp-7]}, 0x40000
  expect_code "a misaligned access with AC = 1 in user mode is #AC", 17, 0
  in_user_mode {mov eax, [rsp-7]}
  expect "with AC = 0 it is none", NOTHING
  in_user_mode hlt
  expect_code "HLT in user mode is #GP", 13, 0
  in_user_mode cli
  expect_code "CLI in user mode is #GP", 13, 0
  in_user_mode {in al, 0x80}
  expect_code "IN in user mode is #GP", 13, 0
  in_user_mode {mov rax, cr0}
  expect_code "MOV from CR0 in user mode is #GP", 13, 0
  ret

; A contributory exception in the delivery of another is #DF; in that of #PF, too.
double_fault:
  btr dword ptr [IDT+13*16+4], 15
  mov rax, 0x800000000000
  attempt {mov ecx, [rax]}
  expect_code "#NP in delivering #GP is #DF", 8, 0
  bts dword ptr [IDT+13*16+4], 15
  btr dword ptr [IDT+14*16+4], 15
  mov rax, 0x7f0000000000
  attempt {mov ecx, [rax]}
  expect_code "#NP in delivering #PF is #DF", 8, 0
  bts dword ptr [IDT+14*16+4], 15
  btr dword ptr [IDT+3*16+4], 15
  attempt int3
  expect_code "#NP in delivering #BP is #NP", 11, 0x1a
  bts dword ptr [IDT+3*16+4], 15
  ret

interrupts:
  mov qword ptr [HANDLERS+VECTOR*8], count
  mov qword ptr [HANDLERS+NMI*8], count_nmi
  mov r12d, APIC
  mov dword ptr [r12+0xf0], 0x1ff
  mov qword ptr [COUNT], 0
  mov dword ptr [r12+0x300], 0x44000+VECTOR     ; to itself
  nop
  cmp qword ptr [COUNT], 0
  check "an interrupt waits while IF = 0"
  sti
  mov ecx, 1
  cli
  cmp qword ptr [COUNT], 1
  check "it comes behind STI and one instruction"
  mov dword ptr [r12+0x300], 0x44000+VECTOR
  sti
  cli
  cmp qword ptr [COUNT], 1
  check "STI and CLI let none through"
  sti
  hlt
  cli
  cmp qword ptr [COUNT], 2
  check "HLT behind STI does not miss it"
  mov rax, cr8
  mov ecx, 5
  mov cr8, rcx                        ; class 5: VECTOR is not above it
  mov dword ptr [r12+0x300], 0x44000+VECTOR
  sti
  nop
  nop
  cli
  cmp qword ptr [COUNT], 2
  check "CR8 masks its class"
  mov cr8, rax
  sti
  nop
  nop
  cli
  cmp qword ptr [COUNT], 3
  check "and no longer"
  mov eax, [r12+0x20]
  mov [r12+0x310], eax
  mov dword ptr [r12+0x300], 0x4400             ; an NMI to this APIC ID
  mov ecx, 100
.wait:
  loop .wait
  cmp qword ptr [WHERE], 1
  check "an NMI comes with IF = 0"
  ret

count:
  inc qword ptr [COUNT]
  mov dword ptr [r12+0xb0], 0
  add rsp, 16
  iretq

count_nmi:
  inc qword ptr [WHERE]
  add rsp, 16
  iretq

short_idt: dw 0x61f
  dq IDT
