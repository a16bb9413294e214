; Tests the virtualized APIC: TPR shadow, APIC-access page, register virtualization, delivery of
; virtual interrupts, EOI exits, posted interrupts; SDM chapter 29.
include "start.asm"
include "check.asm"
include "vmx.asm"
include "vmx-exits.asm"

ACCESS = 0x30a000                     ; the APIC-access page,
VIRTUAL = 0x30b000                    ; the virtual-APIC page,
SMALL  = 0x30c000                     ; an EPT page table: APIC accesses want 4-KByte pages,
POSTED = 0x30d000                     ; a posted-interrupt descriptor
NOTIFICATION = 0xf2
APIC   = 0xfee00000
GOT    = GUEST_VARIABLES              ; how often the guest was interrupted

TPR_SHADOW = 0x200000                 ; primary control
ACCESSES = 1                          ; secondary controls
REGISTERS = 0x100
DELIVERY = 0x200
EXTERNAL_INTERRUPTS = 1               ; pin-based controls
POSTED_INTERRUPTS = 0x80
ACKNOWLEDGE = 0x8000                  ; VM-exit control
X2APIC_MODE = 0x10                    ; secondary control
BITMAPS = 0x30e000                    ; of MSRs, all 0
WRMSR_EXIT = 32
TPR_BELOW_THRESHOLD = 43
APIC_ACCESS = 44
VIRTUALIZED_EOI = 45
APIC_WRITE = 56

macro secondary bits
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+bits
endmacro

main:
  call start_vmx
  mov ecx, IA32_VMX_BASIC+11
  rdmsr
  and edx, ACCESSES+REGISTERS+DELIVERY
  cmp edx, ACCESSES+REGISTERS+DELIVERY
  jne finish
  mov edi, SMALL
  mov eax, 0x200000+0x37              ; write-back
.small:
  mov [rdi], rax
  add edi, 8
  add eax, 0x1000
  cmp eax, 0x400000
  jb .small
  mov qword ptr [EPT_TABLES+0x2000+8], SMALL+7
  mov edi, ACCESS
  xor eax, eax
  mov ecx, 0x400
  rep stosq
  mov qword ptr [HANDLERS+0x50*8], got
  mov qword ptr [HANDLERS+0x60*8], got
  vmcs VIRTUAL_APIC_ADDRESS, VIRTUAL
  vmcs APIC_ACCESS_ADDRESS, ACCESS
  vmcs TPR_THRESHOLD, 0
  control PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+2, ACTIVATE_SECONDARY+TPR_SHADOW
  call task_priority
  call accesses
  call delivery
  call posted
  call x2apic
  jmp finish

task_priority:
  mov qword ptr [guest_rbx], 5
  run {mov cr8, rbx}
  exits "MOV to CR8 does not exit with a TPR shadow", EXIT_VMCALL
  cmp dword ptr [VIRTUAL+0x80], 0x50
  check "it writes VTPR"
  mov dword ptr [VIRTUAL+0x80], 0x70
  run {mov rbx, cr8}
  cmp qword ptr [guest_rbx], 7
  check "MOV from CR8 reads VTPR"
  vmcs TPR_THRESHOLD, 4
  mov qword ptr [guest_rbx], 3
  run {mov cr8, rbx}
  exits "below the threshold it exits", TPR_BELOW_THRESHOLD
  mov dword ptr [VIRTUAL+0x80], 0x30
  run nop
  setbe al
  cmp al, 1
  check "without virtualized APIC accesses a VM entry below it fails"
  secondary ACCESSES
  run nop
  exits "with them it does at once", TPR_BELOW_THRESHOLD
  mov dword ptr [VIRTUAL+0x80], 0x40
  run nop
  exits "at the threshold it does not", EXIT_VMCALL
  secondary 0
  vmcs TPR_THRESHOLD, 0
  mov dword ptr [VIRTUAL+0x80], 0
  ret

accesses:
  secondary ACCESSES
  mov qword ptr [guest_rbx], ACCESS
  run {mov eax, [rbx+0x30]}
  exits "a read of the APIC-access page exits", APIC_ACCESS
  from_vmcs EXIT_QUALIFICATION
  cmp eax, 0x30
  check "with offset, and type 0: a read"
  run {mov [rbx+0x300], eax}
  from_vmcs EXIT_QUALIFICATION
  cmp eax, 0x1300
  check "with offset, and type 1: a write"
  mov dword ptr [VIRTUAL+0x80], 0x20
  run {mov eax, [rbx+0x80]}
  exits "the TPR does not exit", EXIT_VMCALL
  cmp dword ptr [guest_rax], 0x20
  check "it is read in the virtual-APIC page"
  secondary ACCESSES+REGISTERS
  mov dword ptr [VIRTUAL+0x30], 0x50014
  run {mov eax, [rbx+0x30]}
  exits "with register virtualization the version does not exit", EXIT_VMCALL
  cmp dword ptr [guest_rax], 0x50014
  check "it is read in the virtual-APIC page, too"
  mov dword ptr [guest_rax], 0x1ff
  run {mov [rbx+0xf0], eax}
  exits "a write of SVR exits behind the instruction", APIC_WRITE
  from_vmcs EXIT_QUALIFICATION
  cmp eax, 0xf0
  check "with its offset"
  cmp dword ptr [VIRTUAL+0xf0], 0x1ff
  check "the value is in the virtual-APIC page"
  mov dword ptr [VIRTUAL+0x80], 0
  ret

delivery:
  secondary ACCESSES+REGISTERS+DELIVERY
  control PIN_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+1, EXTERNAL_INTERRUPTS
  vmcs EOI_EXIT_BITMAP_0, 0
  vmcs EOI_EXIT_BITMAP_1, 0
  vmcs EOI_EXIT_BITMAP_2, 0
  vmcs EOI_EXIT_BITMAP_3, 0
  mov dword ptr [VIRTUAL+0x220], 0x10000        ; VIRR: 50H
  vmcs GUEST_INTERRUPT_STATUS, 0x50
  vmcs GUEST_RFLAGS, 2
  mov qword ptr [GOT], 0
  run nop
  cmp qword ptr [GOT], 0
  check "a virtual interrupt waits while IF = 0"
  vmcs GUEST_RFLAGS, 0x202
  run nop
  cmp qword ptr [GOT], 1
  check "it comes with IF = 1, without a VM exit"
  from_vmcs GUEST_INTERRUPT_STATUS
  cmp eax, 0x5000
  check "it is in service: SVI"
  cmp dword ptr [VIRTUAL+0x120], 0x10000
  check "and in VISR"
  vmcs GUEST_RFLAGS, 2
  run {mov dword ptr [rbx+0xb0], 0}
  exits "EOI does not exit", EXIT_VMCALL
  from_vmcs GUEST_INTERRUPT_STATUS
  cmp eax, 0
  check "it ends the service"
  mov dword ptr [VIRTUAL+0x220], 0x10000
  vmcs GUEST_INTERRUPT_STATUS, 0x50
  vmcs EOI_EXIT_BITMAP_1, 0x10000
  vmcs GUEST_RFLAGS, 0x202
  run nop
  vmcs GUEST_RFLAGS, 2
  run {mov dword ptr [rbx+0xb0], 0}
  exits "EOI of a vector in the EOI-exit bitmap exits", VIRTUALIZED_EOI
  from_vmcs EXIT_QUALIFICATION
  cmp eax, 0x50
  check "with the vector"
  mov dword ptr [VIRTUAL+0x80], 0x60
  mov dword ptr [VIRTUAL+0x220], 0x10000
  vmcs GUEST_INTERRUPT_STATUS, 0x50
  vmcs GUEST_RFLAGS, 0x202
  mov qword ptr [GOT], 0
  run nop
  cmp qword ptr [GOT], 0
  check "VTPR masks its class"
  mov dword ptr [VIRTUAL+0x220], 0
  mov dword ptr [VIRTUAL+0x80], 0
  vmcs GUEST_INTERRUPT_STATUS, 0
  ret

; A notification that comes while the guest runs: this processor sends it to itself before.
posted:
  mov ecx, IA32_VMX_BASIC+1
  rdmsr
  test dl, POSTED_INTERRUPTS
  je .none
  control PIN_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+1, EXTERNAL_INTERRUPTS+POSTED_INTERRUPTS
  control VM_EXIT_CONTROLS, IA32_VMX_BASIC+3, HOST_64_BIT+ACKNOWLEDGE
  vmcs POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, POSTED
  vmcs POSTED_INTERRUPT_NOTIFICATION_VECTOR, NOTIFICATION
  mov ebx, APIC
  mov dword ptr [rbx+0xf0], 0x1ff
  mov dword ptr [POSTED+12], 1        ; PIR: 60H
  mov dword ptr [POSTED+32], 1        ; ON
  mov dword ptr [rbx+0x300], 0x40000+NOTIFICATION
  vmcs GUEST_RFLAGS, 0x202
  mov qword ptr [GOT], 0
  run nop
  exits "a posted interrupt does not exit", EXIT_VMCALL
  cmp qword ptr [GOT], 1
  check "it comes to the guest"
  cmp dword ptr [POSTED+12], 0
  check "and out of the descriptor"
  test byte ptr [POSTED+32], 1
  check "ON is clear"
.none:
  ret

; The APIC as MSRs.
x2apic:
  mov ecx, IA32_VMX_BASIC+11
  rdmsr
  test dl, X2APIC_MODE
  je .none
  control PIN_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+1, EXTERNAL_INTERRUPTS
  control PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+2, ACTIVATE_SECONDARY+TPR_SHADOW+USE_MSR_BITMAPS
  vmcs ADDRESS_OF_MSR_BITMAPS, BITMAPS
  vmcs GUEST_INTERRUPT_STATUS, 0
  vmcs GUEST_RFLAGS, 2
  secondary X2APIC_MODE
  mov qword ptr [guest_rcx], 0x808
  mov qword ptr [guest_rax], 0x30
  mov qword ptr [guest_rdx], 0
  run wrmsr
  exits "WRMSR to the TPR does not exit in virtualized x2APIC mode", EXIT_VMCALL
  cmp dword ptr [VIRTUAL+0x80], 0x30
  check "it writes VTPR"
  mov dword ptr [VIRTUAL+0x80], 0x50
  run rdmsr
  cmp dword ptr [guest_rax], 0x50
  check "RDMSR reads VTPR"
  secondary X2APIC_MODE+REGISTERS+DELIVERY
  mov dword ptr [VIRTUAL+0x80], 0
  mov dword ptr [VIRTUAL+0x30], 0x60015
  mov qword ptr [guest_rcx], 0x803
  run rdmsr
  cmp dword ptr [guest_rax], 0x60015
  check "with register virtualization the version, too"
  mov qword ptr [guest_rcx], 0x83f
  mov qword ptr [guest_rax], 0x60
  mov qword ptr [GOT], 0
  vmcs GUEST_RFLAGS, 0x202
  run wrmsr
  exits "a self-IPI does not exit", EXIT_VMCALL
  cmp qword ptr [GOT], 1
  check "it interrupts the guest"
  vmcs GUEST_RFLAGS, 2
  mov qword ptr [guest_rcx], 0x80b
  mov qword ptr [guest_rax], 0
  run wrmsr
  from_vmcs GUEST_INTERRUPT_STATUS
  cmp eax, 0
  check "whose service WRMSR to EOI ends"
  mov byte ptr [BITMAPS+0x901], 8
  run wrmsr
  exits "WRMSR exits if its bit in the bitmap is 1", WRMSR_EXIT
.none:
  ret

got:
  inc qword ptr [GOT]
  add rsp, 16
  iretq
