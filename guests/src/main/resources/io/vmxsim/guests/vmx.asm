; A hypervisor's ground: VMXON, a VMCS whose host is this program and whose guest is too, in the
; same memory through EPT, and "enter_guest", which returns at the next VM exit.

include "vmcs-fields"

VMXON_REGION = 0x300000
VMCS_REGION  = 0x301000
EPT_TABLES   = 0x302000               ; PML4 table, page-directory-pointer table, page directory
GUEST_STACK  = 0x310000               ; the end of it
EPT_WRITE_BACK_4_LEVELS = 0x1e

IA32_FEATURE_CONTROL = 0x3a
IA32_VMX_BASIC = 0x480                ; and behind it the controls' MSRs

; Controls, as bits
ACTIVATE_SECONDARY = 0x80000000
USE_MSR_BITMAPS = 0x10000000
ENABLE_EPT   = 2
ENABLE_VPID  = 0x20
HOST_64_BIT  = 0x200                  ; VM-exit control
GUEST_64_BIT = 0x200                  ; VM-entry control

EXIT_CPUID   = 10                     ; basic exit reasons
EXIT_VMCALL  = 18

; Variables; the guest's registers are those of the program while the guest runs.
vmx_basic = VARIABLES+0x100
launched = VARIABLES+0x108
guest_rax = VARIABLES+0x110
guest_rcx = VARIABLES+0x118
guest_rdx = VARIABLES+0x120
guest_rbx = VARIABLES+0x128
guest_rbp = VARIABLES+0x130
guest_rsi = VARIABLES+0x138
guest_rdi = VARIABLES+0x140
guest_r8 = VARIABLES+0x148
guest_r9 = VARIABLES+0x150
guest_r10 = VARIABLES+0x158
guest_r11 = VARIABLES+0x160
guest_r12 = VARIABLES+0x168
guest_r13 = VARIABLES+0x170
guest_r14 = VARIABLES+0x178
guest_r15 = VARIABLES+0x180

macro vmcs field, value
  mov rax, value
  mov edx, field
  vmwrite rdx, rax
endmacro

; RAX = a field
macro from_vmcs field
  mov edx, field
  vmread rax, rdx
endmacro

; Sets the bits WANTED of a field of controls, as far as the capability MSR allows; what must be 1
; is 1.
macro control field, msr, wanted
  mov esi, field
  mov ecx, msr
  mov ebx, wanted
  call set_control
endmacro

set_control:                          ; field ESI, MSR ECX, wanted bits EBX
  test byte ptr [vmx_basic+6], 0x80   ; the TRUE MSRs are there
  je .read
  cmp ecx, IA32_VMX_BASIC+4
  ja .read
  add ecx, 12
.read:
  rdmsr
  or ebx, eax
  and ebx, edx
  vmwrite rsi, rbx
  ret

; VMXON, and a VMCS that is current and whose fields are set. Ends the program if there is no VMX.
start_vmx:
  mov eax, 1
  cpuid
  test ecx, 0x20
  jne .supported
  say "there is no VMX"
  call new_line
  mov eax, 2
  jmp exit
.supported:
  mov ecx, IA32_FEATURE_CONTROL
  rdmsr
  test al, 1                          ; locked
  jne .locked
  or al, 5
  wrmsr
.locked:
  mov ecx, IA32_VMX_BASIC
  rdmsr
  mov [vmx_basic], eax
  mov [vmx_basic+4], edx
  mov [VMXON_REGION], eax
  mov [VMCS_REGION], eax
  mov rax, cr4
  or eax, 0x2000                      ; VMXE
  mov cr4, rax
  vmxon [vmxon_pointer]
  jbe vmx_failed
  vmclear [vmcs_pointer]
  jbe vmx_failed
  vmptrld [vmcs_pointer]
  jbe vmx_failed
  call set_up_ept
  call set_up_controls
  call set_up_host
  jmp set_up_guest

vmx_failed:
  say "a VMX instruction failed, error "
  from_vmcs VM_INSTRUCTION_ERROR
  call print_decimal
  call new_line
  mov eax, 3
  jmp exit

; The first GByte, mapped to itself in pages of 2 MBytes.
set_up_ept:
  mov edi, EPT_TABLES
  xor eax, eax
  mov ecx, 0x400
  rep stosq
  mov dword ptr [EPT_TABLES], EPT_TABLES+0x1000+7
  mov dword ptr [EPT_TABLES+0x1000], EPT_TABLES+0x2000+7
  mov eax, 0xb7                       ; read, write, execute; write-back; 2 MBytes
.page:
  mov [rdi], rax
  add edi, 8
  add eax, 0x200000
  cmp eax, 0x40000000
  jb .page
  ret

set_up_controls:
  control PIN_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+1, 0
  control PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+2, ACTIVATE_SECONDARY
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+ENABLE_VPID
  control VM_EXIT_CONTROLS, IA32_VMX_BASIC+3, HOST_64_BIT
  control VM_ENTRY_CONTROLS, IA32_VMX_BASIC+4, GUEST_64_BIT
  vmcs EPT_POINTER, EPT_TABLES+EPT_WRITE_BACK_4_LEVELS
  vmcs VIRTUAL_PROCESSOR_IDENTIFIER, 1
  vmcs EXCEPTION_BITMAP, 0
  vmcs CR0_GUEST_HOST_MASK, 0
  vmcs CR4_GUEST_HOST_MASK, 0
  vmcs CR3_TARGET_COUNT, 0
  vmcs VM_EXIT_MSR_STORE_COUNT, 0
  vmcs VM_EXIT_MSR_LOAD_COUNT, 0
  vmcs VM_ENTRY_MSR_LOAD_COUNT, 0
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0
  vmcs VMCS_LINK_POINTER, -1
  ret

; Control registers and descriptor tables as they are now, for HOST_ and GUEST_ alike.
macro registers_of side
  mov rax, cr0
  vmcs {side}_CR0, rax
  mov rax, cr3
  vmcs {side}_CR3, rax
  mov rax, cr4
  vmcs {side}_CR4, rax
  vmcs {side}_CS_SELECTOR, 8
  vmcs {side}_SS_SELECTOR, 0x10
  vmcs {side}_DS_SELECTOR, 0x10
  vmcs {side}_ES_SELECTOR, 0x10
  vmcs {side}_FS_SELECTOR, 0
  vmcs {side}_GS_SELECTOR, 0
  vmcs {side}_TR_SELECTOR, TASK
  vmcs {side}_FS_BASE, 0
  vmcs {side}_GS_BASE, 0
  vmcs {side}_TR_BASE, TSS
  vmcs {side}_GDTR_BASE, gdt
  vmcs {side}_IDTR_BASE, IDT
  vmcs {side}_IA32_SYSENTER_CS, 0
  vmcs {side}_IA32_SYSENTER_ESP, 0
  vmcs {side}_IA32_SYSENTER_EIP, 0
endmacro

set_up_host:
  registers_of HOST
  vmcs HOST_RIP, exited
  ret

macro segment name, base, limit, rights
  vmcs GUEST_{name}_BASE, base
  vmcs GUEST_{name}_LIMIT, limit
  vmcs GUEST_{name}_ACCESS_RIGHTS, rights
endmacro

set_up_guest:
  registers_of GUEST
  segment CS, 0, 0xffffffff, 0xa09b
  segment SS, 0, 0xffffffff, 0xc093
  segment DS, 0, 0xffffffff, 0xc093
  segment ES, 0, 0xffffffff, 0xc093
  segment FS, 0, 0xffffffff, 0xc093
  segment GS, 0, 0xffffffff, 0xc093
  segment TR, TSS, 0x67, 0x8b
  segment LDTR, 0, 0, 0x10000
  vmcs GUEST_LDTR_SELECTOR, 0
  vmcs GUEST_GDTR_LIMIT, 0x4f
  vmcs GUEST_IDTR_LIMIT, 0xfff
  vmcs GUEST_DR7, 0x400
  vmcs GUEST_RSP, GUEST_STACK
  vmcs GUEST_RFLAGS, 2
  vmcs GUEST_INTERRUPTIBILITY_STATE, 0
  vmcs GUEST_ACTIVITY_STATE, 0
  vmcs GUEST_PENDING_DEBUG_EXCEPTIONS, 0
  vmcs GUEST_IA32_DEBUGCTL, 0
  ret

; Enters the guest with its registers and returns at the next VM exit with the exit reason in RAX;
; or with the flags that VMLAUNCH or VMRESUME failed with, CF or ZF (JBE). Changes RAX, RCX, RDX.
enter_guest:
  push rbx
  push rbp
  push rsi
  push rdi
  push r8
  push r9
  push r10
  push r11
  push r12
  push r13
  push r14
  push r15
  mov edx, HOST_RSP
  vmwrite rdx, rsp
  call exchange_registers
  cmp byte ptr [launched], 0
  jne .resume
  vmlaunch
  jmp .failed
.resume:
  vmresume
.failed:
  pushfq
  call exchange_registers
  popfq
  jmp leave_guest
exited:
  call exchange_registers
  from_vmcs EXIT_REASON
  bt eax, 31                          ; a VM entry that failed launches nothing
  jb .failed
  mov byte ptr [launched], 1
.failed:
  or edx, 1                           ; ZF = CF = 0
leave_guest:
  pop r15
  pop r14
  pop r13
  pop r12
  pop r11
  pop r10
  pop r9
  pop r8
  pop rdi
  pop rsi
  pop rbp
  pop rbx
  ret

exchange_registers:
  xchg [guest_rax], rax
  xchg [guest_rcx], rcx
  xchg [guest_rdx], rdx
  xchg [guest_rbx], rbx
  xchg [guest_rbp], rbp
  xchg [guest_rsi], rsi
  xchg [guest_rdi], rdi
  xchg [guest_r8], r8
  xchg [guest_r9], r9
  xchg [guest_r10], r10
  xchg [guest_r11], r11
  xchg [guest_r12], r12
  xchg [guest_r13], r13
  xchg [guest_r14], r14
  xchg [guest_r15], r15
  ret

; Moves the guest's RIP past the instruction that exited.
skip_instruction:
  from_vmcs VM_EXIT_INSTRUCTION_LENGTH
  mov rcx, rax
  from_vmcs GUEST_RIP
  add rax, rcx
  vmwrite rdx, rax
  ret

align 8
vmxon_pointer: dq VMXON_REGION
vmcs_pointer: dq VMCS_REGION

; Runs CODE as the guest, which ends it by VMCALL if nothing else does; RAX = the exit reason.
macro run code
  vmcs GUEST_RIP, .guest@
  vmcs GUEST_RSP, GUEST_STACK
  call enter_guest
  jmp .behind_guest@
.guest@:
  code
  vmcall
.behind_guest@:
endmacro
