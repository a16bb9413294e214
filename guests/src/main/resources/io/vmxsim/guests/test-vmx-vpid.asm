; Tests VPIDs: what guests keep of their translations from one VM entry to the next, and what
; INVVPID drops; SDM 28.1, 28.3.3, 30.3.
include "start.asm"
include "check.asm"
include "vmx.asm"

REGION   = 0x8000000000               ; a page of it, by tables of 4 levels
POINTERS_R = FREE
DIRECTORY_R = FREE+0x1000
TABLE_R  = FREE+0x2000
FIRST    = 0xa00000
SECOND   = 0xa01000
GLOBAL   = 0x100
INVALID_OPERAND = 28

; Passed if the guest reads this at REGION.
macro sees value, name
  run {mov eax, [rbx]}
  cmp dword ptr [guest_rax], value
  check name
endmacro

macro mapped frame
  mov qword ptr [TABLE_R], frame+3
endmacro

; INVVPID of a type, with what the descriptor at a label says.
macro drop type, descriptor
  mov ecx, type
  invvpid rcx, xmmword ptr [descriptor]
endmacro

; After INVVPID of a type that the processor has, the guest sees what its page table says.
macro drops type, descriptor, bit, name
  bt r14, bit
  jae .not_there@
  mapped FIRST
  drop 2, one
  sees 1, "before that it sees the first page"
  mapped SECOND
  drop type, descriptor
  sees 2, name
.not_there@:
endmacro

macro refuses type, descriptor, name
  drop type, descriptor
  setbe al
  cmp al, 1
  jne .passed@
  from_vmcs VM_INSTRUCTION_ERROR
  cmp eax, INVALID_OPERAND
.passed@:
  check name
endmacro

main:
  call start_vmx
  mov ecx, 0x48c                      ; IA32_VMX_EPT_VPID_CAP
  rdmsr
  shl rdx, 32
  mov edi, eax
  or rdx, rdi
  mov r14, rdx
  bt r14, 32
  jae finish
  mov qword ptr [TABLES+8], POINTERS_R+3
  mov qword ptr [POINTERS_R], DIRECTORY_R+3
  mov qword ptr [DIRECTORY_R], TABLE_R+3
  mov dword ptr [FIRST], 1
  mov dword ptr [SECOND], 2
  mov rax, REGION
  mov [guest_rbx], rax
  call invalidations
  call by_the_guest
  call other_vpids
  call operands
  call without
  jmp finish

invalidations:
  drops 0, one, 40, "INVVPID of an address"
  drops 1, one, 41, "INVVPID of a VPID"
  drops 2, one, 42, "INVVPID of all VPIDs"
  drops 3, one, 43, "INVVPID of what is not global"
  bt r14, 41
  jae .end
  mapped FIRST+GLOBAL
  drop 1, one
  sees 1, "a global page"
  mapped SECOND+GLOBAL
  drop 1, one
  sees 2, "INVVPID of a VPID takes global pages along"
.end:
  ret

; What a guest does to its translations without exiting.
by_the_guest:
  drop 2, one
  mapped FIRST
  sees 1, "the first page again"
  mapped SECOND
  run {invlpg [rbx]}
  sees 2, "INVLPG of the guest"
  mapped FIRST
  mov qword ptr [guest_rcx], TABLES
  run {mov cr3, rcx}
  sees 1, "MOV to CR3 of the guest"
  ret

; Two guests with VPIDs of their own and page tables of their own at the same addresses.
other_vpids:
  vmcs VIRTUAL_PROCESSOR_IDENTIFIER, 2
  vmcs GUEST_CR3, FREE+0x3000
  mov rax, [TABLES]
  mov [FREE+0x3000], rax
  mov qword ptr [FREE+0x3008], FREE+0x4003
  mov qword ptr [FREE+0x4000], FREE+0x5003
  mov qword ptr [FREE+0x5000], FREE+0x6003
  mov qword ptr [FREE+0x6000], SECOND+3
  sees 2, "another VPID has another view"
  vmcs VIRTUAL_PROCESSOR_IDENTIFIER, 1
  vmcs GUEST_CR3, TABLES
  sees 1, "which is not that of the first"
  mapped SECOND
  drop 1, one
  sees 2, "INVVPID of the first VPID"
  ret

operands:
  refuses 4, one, "there is no type 4"
  refuses 1, zero, "VPID 0 is refused"
  refuses 0, zero, "for an address, too"
  refuses 1, reserved, "bits above the VPID must be 0"
  refuses 0, not_canonical, "the address must be canonical"
  drop 2, zero
  seta al
  cmp al, 1
  check "the VPID does not matter to type 2"
  ret

; Without VPIDs VM entries and VM exits drop everything.
without:
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT
  mapped FIRST
  sees 1, "without a VPID a VM entry drops translations"
  mapped SECOND
  sees 2, "every time"
  ret

align 16
one: dq 1, REGION
zero: dq 0, REGION
reserved: dq 0x10001, REGION
not_canonical: dq 1, 0x8000000000000000
