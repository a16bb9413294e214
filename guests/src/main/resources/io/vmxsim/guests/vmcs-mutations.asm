; Enters four guests with randomly changed VMCSs and prints what becomes of each: count=N, seed=N.
;
; A line is the number of the guest, the fields that were changed with their values, and "error" with
; the VM-instruction error or "reason" with the exit reason and "qualification". No guest ever runs:
; what passes all checks fails at last in loading an MSR, with exit reason 80000022H and
; qualification 1. Each guest has count=N entries. Bits that would harm the host although no check
; objects to them are never changed.
include "start.asm"
include "vmx.asm"

seed     = GUEST_VARIABLES
count    = GUEST_VARIABLES+8
kind     = GUEST_VARIABLES+16         ; which guest, 0 to 3
entries  = GUEST_VARIABLES+24         ; how many ended in which way
errors   = GUEST_VARIABLES+32
refused  = GUEST_VARIABLES+40
SAVED    = GUEST_VARIABLES+0x100      ; fields that were changed and their values before

SPARE_REGION = 0x307000               ; a VMCS region that is not in use
MSR_LIST = 0x308000
STRUCTURES = 0x309000                 ; a page for bitmaps and the like
UNRESTRICTED_GUEST = 0x80
FIELDS   = 88                        ; in the table at the end
VALUES   = 43

main:
  parameter "seed", 1, 0, 4000000000
  mov rcx, 0x9e3779b97f4a7c15
  imul rax, rcx
  mov [seed], rax
  parameter "count", 100, 1, 4000000000
  mov [count], rax
  call start_vmx
  mov eax, [vmx_basic]
  mov [SPARE_REGION], eax
  mov dword ptr [MSR_LIST], 0xc0000100          ; no MSR list may hold IA32_FS_BASE
.kind:
  call set_up_entry
  mov eax, [kind]
  call qword ptr [kinds+rax*8]
  mov r12, [count]
.case:
  call mutate
  call enter
  call restore
  dec r12
  jne .case
  inc dword ptr [kind]
  cmp dword ptr [kind], 4
  jb .kind
  mov rax, [errors]
  call print_decimal
  say " errors, "
  mov rax, [refused]
  call print_decimal
  say " guests refused, "
  mov rax, [entries]
  call print_decimal
  say " passed all checks"
  call new_line
  xor eax, eax
  ret

; What the four guests share: state that is loaded by controls, and the MSR that cannot be.
set_up_entry:
  call set_up_controls
  call set_up_host
  call set_up_guest
  control VM_EXIT_CONTROLS, IA32_VMX_BASIC+3, HOST_64_BIT+0x2c0000     ; PAT, EFER
  control VM_ENTRY_CONTROLS, IA32_VMX_BASIC+4, GUEST_64_BIT+0xc000     ; PAT, EFER
  mov ecx, 0xc0000080
  rdmsr
  mov ebx, eax
  vmcs HOST_IA32_EFER, rbx
  vmcs GUEST_IA32_EFER, rbx
  vmcs HOST_IA32_PAT, 0x0007040600070406
  vmcs GUEST_IA32_PAT, 0x0007040600070406
  vmcs VM_ENTRY_MSR_LOAD_COUNT, 1
  vmcs VM_ENTRY_MSR_LOAD_ADDRESS, MSR_LIST
  vmcs VM_EXIT_MSR_STORE_ADDRESS, STRUCTURES
  vmcs VIRTUAL_APIC_ADDRESS, STRUCTURES
  vmcs APIC_ACCESS_ADDRESS, STRUCTURES
  vmcs ADDRESS_OF_IO_BITMAP_A, STRUCTURES
  vmcs ADDRESS_OF_IO_BITMAP_B, STRUCTURES
  vmcs ADDRESS_OF_MSR_BITMAPS, STRUCTURES
  vmcs TPR_THRESHOLD, 0
  vmcs HOST_IA32_PERF_GLOBAL_CTRL, 0
  vmcs GUEST_IA32_PERF_GLOBAL_CTRL, 0
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0
  vmcs VM_ENTRY_EXCEPTION_ERROR_CODE, 0
  vmcs VM_ENTRY_INSTRUCTION_LENGTH, 2
  vmcs GUEST_RIP, 0x100000
  ret

align 8
kinds: dq set_up_64_bit, set_up_pae, set_up_virtual_8086, set_up_real

set_up_64_bit:                        ; with an external interrupt to be injected
  vmcs GUEST_RFLAGS, 0x202
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000040
  ret

set_up_32_bit:
  control VM_ENTRY_CONTROLS, IA32_VMX_BASIC+4, 0xc000
  from_vmcs GUEST_IA32_EFER
  and eax, -0x501                     ; without LME, LMA
  vmwrite rdx, rax
  vmcs GUEST_CS_ACCESS_RIGHTS, 0xc09b
  ret

set_up_pae:                           ; with #GP to be injected
  call set_up_32_bit
  vmcs GUEST_PDPTE0, 0x1001
  vmcs GUEST_PDPTE1, 0x2001
  vmcs GUEST_PDPTE2, 0
  vmcs GUEST_PDPTE3, 0
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000b0d
  ret

macro real_segment name, selector, rights
  vmcs GUEST_{name}_SELECTOR, selector
  segment name, selector*16, 0xffff, rights
endmacro

set_up_virtual_8086:                  ; with a software interrupt to be injected
  call set_up_32_bit
  real_segment CS, 0x1000, 0xf3
  real_segment SS, 0x2000, 0xf3
  real_segment DS, 0x3000, 0xf3
  real_segment ES, 0x4000, 0xf3
  real_segment FS, 0x5000, 0xf3
  real_segment GS, 0x6000, 0xf3
  vmcs GUEST_PDPTE0, 0
  vmcs GUEST_PDPTE1, 0
  vmcs GUEST_RFLAGS, 0x23202
  vmcs GUEST_RIP, 0x100
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000421
  ret

set_up_real:                          ; nothing to be injected; blocking by MOV SS
  call set_up_32_bit
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+UNRESTRICTED_GUEST
  from_vmcs GUEST_CR0
  mov rcx, 0x80000001
  not rcx
  and rax, rcx
  vmwrite rdx, rax
  real_segment CS, 0x1000, 0x9b
  real_segment SS, 0x2000, 0x93
  real_segment DS, 0x3000, 0x93
  real_segment ES, 0x4000, 0x93
  real_segment FS, 0x5000, 0x93
  real_segment GS, 0x6000, 0x93
  vmcs GUEST_TR_ACCESS_RIGHTS, 0x8b
  vmcs GUEST_RIP, 0x100
  vmcs GUEST_INTERRUPTIBILITY_STATE, 2
  ret

random:                               ; RAX, by xorshift
  mov rax, [seed]
  mov rcx, rax
  shl rcx, 13
  xor rax, rcx
  mov rcx, rax
  shr rcx, 7
  xor rax, rcx
  mov rcx, rax
  shl rcx, 17
  xor rax, rcx
  mov [seed], rax
  ret

below:                                ; RAX = a number below RBX
  call random
  shr rax, 8
  xor edx, edx
  div rbx
  mov rax, rdx
  ret

; Changes one to three fields, prints them, and keeps their values: RBP is the end of SAVED.
mutate:
  mov eax, [kind]
  call print_decimal
  mov ebp, SAVED
  mov ebx, 3
  call below
  lea r13d, [rax+1]
.field:
  mov ebx, FIELDS
  call below
  shl eax, 4
  lea esi, [rax+fields]
  mov rdi, [rsi]
  vmread r14, rdi
  jbe .next                           ; this processor has no such field
  mov [rbp], rdi
  mov [rbp+8], r14
  add ebp, 16
  call pattern
  mov rcx, r14
  xor rcx, rax
  and rcx, [rsi+8]
  xor r14, rcx
  vmwrite rdi, r14
  mov al, ' '
  call put_character
  mov rax, rdi
  call print_hex
  mov al, 0x3a                        ; a colon
  call put_character
  vmread rax, rdi
  call print_hex
.next:
  dec r13d
  jne .field
  ret

; RAX = what the field R14 could become: bits flipped, a random value, or one of the list.
pattern:
  mov ebx, 8
  call below
  cmp eax, 6
  je random
  cmp eax, 7
  je .list
  push rax
  mov ebx, 64
  call below
  mov r8, r14
  btc r8, rax
  pop rax
  cmp eax, 4
  jb .small
  call below
  btc r8, rax
  mov rax, r8
  ret
.small:                               ; half of the flips: a bit that most fields have
  test al, 1
  je .flipped
  mov ebx, 20
  call below
  mov r8, r14
  btc r8, rax
.flipped:
  mov rax, r8
  ret
.list:
  mov ebx, VALUES
  call below
  mov rax, [values+rax*8]
  ret

; Enters the guest and prints what becomes of it.
enter:
  call enter_guest
  jb .invalid
  je .error
  cmp eax, 0x80000022
  je .passed
  inc qword ptr [refused]
  jmp .reason
.passed:
  inc qword ptr [entries]
.reason:
  say " reason "
  call print_hex
  say " qualification "
  from_vmcs EXIT_QUALIFICATION
  call print_hex
  jmp new_line
.error:
  say " error "
  from_vmcs VM_INSTRUCTION_ERROR
  call print_decimal
  inc qword ptr [errors]
  jmp new_line
.invalid:
  say " invalid"
  jmp new_line

restore:                              ; the last that was changed comes first
  cmp ebp, SAVED
  je .end
  sub ebp, 16
  mov rdi, [rbp]
  mov rax, [rbp+8]
  vmwrite rdi, rax
  jmp restore
.end:
  ret

align 8
values:
  dq 0, 1, -1, 0x8000000000000000, 0x7fffffffffffffff, 0x0000800000000000, 0x00007fffffffffff
  dq 0xffff800000000000, 0xffff7fffffffffff, 0x10000000000, 0xffffffffff, 0x100000000, 0xffffffff
  dq 0x80000000, 0x7fffffff, 0xffff, 0x1000, 0x10000, 0xc0f3, 0xa09b, 0xc09b, 0xf3, 0x8b, 0x83, 0x82
  dq 3, 4, 8, 0x80000202, 0x80000300, 0x80000603, 0x80000701, 0x80000b08, 0x80000640, 0x202, 0x20002
  dq 0x4000, 0x4003, 0xd00, 0x501, VMCS_REGION, SPARE_REGION, STRUCTURES
values_end:

; Fields and the bits of them that may be changed.
HIGH     = 0x7fff800000000000         ; bits that can make an address not canonical
ABOVE    = 0xffffff0000000000         ; bits 63 to 40, which no physical address has
LOW      = 0xffffff0000000fff         ; and those of an offset in a page
WHOLE    = -1
fields:
  dq PIN_BASED_VM_EXECUTION_CONTROLS, WHOLE
  dq PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, WHOLE
  dq SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, WHOLE
  dq VM_EXIT_CONTROLS, WHOLE
  dq VM_ENTRY_CONTROLS, WHOLE
  dq CR3_TARGET_COUNT, WHOLE
  dq ADDRESS_OF_IO_BITMAP_A, WHOLE
  dq ADDRESS_OF_MSR_BITMAPS, WHOLE
  dq VIRTUAL_APIC_ADDRESS, LOW
  dq APIC_ACCESS_ADDRESS, LOW
  dq TPR_THRESHOLD, WHOLE
  dq VIRTUAL_PROCESSOR_IDENTIFIER, WHOLE
  dq EPT_POINTER, LOW
  dq PML_ADDRESS, WHOLE
  dq VM_FUNCTION_CONTROLS, WHOLE
  dq VM_EXIT_MSR_STORE_COUNT, WHOLE
  dq VM_EXIT_MSR_STORE_ADDRESS, WHOLE
  dq VM_ENTRY_MSR_LOAD_COUNT, 0xfffffffe
  dq VM_ENTRY_MSR_LOAD_ADDRESS, 0xffffff000000000f
  dq VM_ENTRY_INTERRUPTION_INFORMATION, WHOLE
  dq VM_ENTRY_INTERRUPTION_INFORMATION, WHOLE
  dq VM_ENTRY_EXCEPTION_ERROR_CODE, WHOLE
  dq VM_ENTRY_INSTRUCTION_LENGTH, WHOLE
  dq HOST_CR0, WHOLE
  dq HOST_CR3, ABOVE
  dq HOST_CR4, WHOLE
  dq HOST_CS_SELECTOR, WHOLE
  dq HOST_SS_SELECTOR, WHOLE
  dq HOST_DS_SELECTOR, 7
  dq HOST_FS_SELECTOR, 7
  dq HOST_TR_SELECTOR, WHOLE
  dq HOST_FS_BASE, HIGH
  dq HOST_GS_BASE, HIGH
  dq HOST_TR_BASE, HIGH
  dq HOST_GDTR_BASE, HIGH
  dq HOST_IDTR_BASE, HIGH
  dq HOST_IA32_SYSENTER_ESP, WHOLE
  dq HOST_IA32_SYSENTER_EIP, WHOLE
  dq HOST_IA32_PAT, WHOLE
  dq HOST_IA32_EFER, WHOLE
  dq HOST_RIP, HIGH
  dq GUEST_CR0, WHOLE
  dq GUEST_CR3, WHOLE
  dq GUEST_CR4, WHOLE
  dq GUEST_DR7, WHOLE
  dq GUEST_RIP, WHOLE
  dq GUEST_RFLAGS, WHOLE
  dq GUEST_RFLAGS, WHOLE
  dq GUEST_CS_SELECTOR, WHOLE
  dq GUEST_SS_SELECTOR, WHOLE
  dq GUEST_DS_SELECTOR, WHOLE
  dq GUEST_TR_SELECTOR, WHOLE
  dq GUEST_LDTR_SELECTOR, WHOLE
  dq GUEST_CS_BASE, WHOLE
  dq GUEST_SS_BASE, WHOLE
  dq GUEST_FS_BASE, WHOLE
  dq GUEST_TR_BASE, WHOLE
  dq GUEST_LDTR_BASE, WHOLE
  dq GUEST_CS_LIMIT, WHOLE
  dq GUEST_ES_LIMIT, WHOLE
  dq GUEST_TR_LIMIT, WHOLE
  dq GUEST_LDTR_LIMIT, WHOLE
  dq GUEST_CS_ACCESS_RIGHTS, WHOLE
  dq GUEST_CS_ACCESS_RIGHTS, WHOLE
  dq GUEST_SS_ACCESS_RIGHTS, WHOLE
  dq GUEST_SS_ACCESS_RIGHTS, WHOLE
  dq GUEST_DS_ACCESS_RIGHTS, WHOLE
  dq GUEST_ES_ACCESS_RIGHTS, WHOLE
  dq GUEST_FS_ACCESS_RIGHTS, WHOLE
  dq GUEST_GS_ACCESS_RIGHTS, WHOLE
  dq GUEST_TR_ACCESS_RIGHTS, WHOLE
  dq GUEST_LDTR_ACCESS_RIGHTS, WHOLE
  dq GUEST_GDTR_BASE, WHOLE
  dq GUEST_IDTR_BASE, WHOLE
  dq GUEST_GDTR_LIMIT, WHOLE
  dq GUEST_IDTR_LIMIT, WHOLE
  dq GUEST_IA32_DEBUGCTL, WHOLE
  dq GUEST_IA32_SYSENTER_ESP, WHOLE
  dq GUEST_IA32_SYSENTER_EIP, WHOLE
  dq GUEST_IA32_PAT, WHOLE
  dq GUEST_IA32_EFER, WHOLE
  dq GUEST_PDPTE0, WHOLE
  dq GUEST_PDPTE3, WHOLE
  dq GUEST_ACTIVITY_STATE, WHOLE
  dq GUEST_INTERRUPTIBILITY_STATE, WHOLE
  dq GUEST_INTERRUPTIBILITY_STATE, WHOLE
  dq GUEST_PENDING_DEBUG_EXCEPTIONS, WHOLE
  dq VMCS_LINK_POINTER, WHOLE
fields_end:
