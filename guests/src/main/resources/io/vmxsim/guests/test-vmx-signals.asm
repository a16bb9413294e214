; Tests what another processor sends to one that runs a guest: INIT, SIPI, NMI, interrupts that exit,
; that reach a guest with an APIC of its own, and posted ones; SDM 25.2, 27.2, 29.6.
include "start.asm"
include "processors.asm"
include "check.asm"
include "vmx.asm"
include "vmx-exits.asm"

order    = GUEST_VARIABLES            ; what the other processor writes to its ICR; 0: nothing
running  = GUEST_VARIABLES+8          ; the guest is
GOT      = GUEST_VARIABLES+16         ; how often the guest was interrupted
posts    = GUEST_VARIABLES+24         ; the other posts an interrupt before
again    = GUEST_VARIABLES+32         ; it goes on sending until there is no order

POSTED   = 0x320000                   ; a posted-interrupt descriptor
VIRTUAL  = 0x321000                   ; the virtual-APIC page
DIRECTORY_3 = 0x322000                ; EPT, from 3 to 4 GBytes
MSR_BITMAPS = 0x323000                ; all 0
VECTOR   = 0x50
NOTIFICATION = 0xf2
SEND_INIT = 0x4500                    ; ICR values
SEND_STARTUP = 0x4612
SEND_NMI = 0x4400
WAITS_FOR_STARTUP = 3                 ; an activity state
INIT_SIGNAL = 3                       ; exit reasons
STARTUP_IPI = 4
VIRTUALIZED_EOI = 45

; The other processor sends this as soon as the guest runs.
macro sends what
  mov qword ptr [running], 0
  mov qword ptr [GOT], 0
  mov qword ptr [order], what
endmacro

main:
  mov qword ptr [others], sender
  call start_others
  call start_vmx
  mov qword ptr [HANDLERS+VECTOR*8], got
  call signals
  call interrupts
  call passed_through
  call posted
  jmp finish

; The other processor.
sender:
  pause
  cmp qword ptr [order], 0
  je sender
  cmp qword ptr [running], 0
  je sender
  cmp qword ptr [posts], 0
  je .send
  mov dword ptr [POSTED+8], 0x10000   ; PIR: 50H
  mov dword ptr [POSTED+32], 1        ; ON
.send:
  mov ebx, APIC
  mov dword ptr [rbx+ICR_HIGH], 0
  mov rax, [order]
  mov dword ptr [rbx+ICR_LOW], eax
  cmp qword ptr [again], 0
  je .sent
  call short_wait
  cmp qword ptr [order], 0
  jne .send
.sent:
  mov qword ptr [order], 0
  jmp sender

; The guest: loops until it exits, or until it has been interrupted.
guest_loop:
  mov qword ptr [running], 1
.again:
  pause
  cmp qword ptr [GOT], 0
  je .again
  ret

signals:
  sends SEND_INIT
  run {call guest_loop}
  exits "INIT exits", INIT_SIGNAL
  from_vmcs GUEST_RIP
  cmp rax, guest_loop
  setae al
  cmp al, 1
  check "in the guest's loop"
  sends SEND_INIT
  mov qword ptr [running], 1          ; at once: this processor is in root operation
.sending:
  pause
  cmp qword ptr [order], 0
  jne .sending
  run nop
  exits "INIT that came in root operation exits after the next VM entry", INIT_SIGNAL
  sends SEND_STARTUP
  mov qword ptr [running], 1
  mov qword ptr [again], 1
  vmcs GUEST_ACTIVITY_STATE, WAITS_FOR_STARTUP
  run nop
  mov qword ptr [again], 0
  mov qword ptr [order], 0
  exits "a start-up IPI exits from the wait-for-SIPI state", STARTUP_IPI
  from_vmcs EXIT_QUALIFICATION
  cmp eax, 0x12
  check "with its vector"
  from_vmcs GUEST_ACTIVITY_STATE
  cmp eax, WAITS_FOR_STARTUP
  check "and the state is saved"
  vmcs GUEST_ACTIVITY_STATE, 0
  pin 8                               ; NMI exiting
  sends SEND_NMI
  run {call guest_loop}
  exits "NMI exits", EXCEPTION_OR_NMI
  from_vmcs VM_EXIT_INTERRUPTION_INFORMATION
  cmp eax, 0x80000202
  check "as an NMI"
  pin 0
  push 0x10                           ; IRET ends blocking by NMI
  push rsp
  add qword ptr [rsp], 8
  pushfq
  push 8
  push .unblocked
  iretq
.unblocked:
  ret

interrupts:
  pin 1                               ; external-interrupt exiting
  control VM_EXIT_CONTROLS, IA32_VMX_BASIC+3, HOST_64_BIT+0x8000
  sends 0x4000+VECTOR
  run {call guest_loop}
  exits "an interrupt exits, whatever IF is", EXTERNAL_INTERRUPT
  from_vmcs VM_EXIT_INTERRUPTION_INFORMATION
  cmp eax, 0x80000000+VECTOR
  check "with its vector"
  mov ebx, APIC
  mov dword ptr [rbx+0xb0], 0
  ret

; The guest ends its interrupts at the processor's own APIC.
passed_through:
  pin 0
  mov dword ptr [DIRECTORY_3+0x1f7*8], 0xfee00087         ; not cacheable
  mov dword ptr [EPT_TABLES+0x1000+3*8], DIRECTORY_3+7
  vmcs GUEST_RFLAGS, 0x202
  sends 0x4000+VECTOR
  run {call guest_loop}
  exits "without exiting the guest takes it itself", EXIT_VMCALL
  cmp qword ptr [GOT], 1
  check "once"
  mov ebx, APIC
  mov eax, [rbx+0x120]                ; ISR
  cmp eax, 0
  check "and ends it at the APIC"
  ret

posted:
  mov ecx, IA32_VMX_BASIC+1
  rdmsr
  test dl, 0x80                       ; process posted interrupts
  je .none
  pin 0x81
  control PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+2, ACTIVATE_SECONDARY+USE_MSR_BITMAPS+0x200000
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+0x310
  vmcs ADDRESS_OF_MSR_BITMAPS, MSR_BITMAPS
  vmcs VIRTUAL_APIC_ADDRESS, VIRTUAL
  vmcs TPR_THRESHOLD, 0
  vmcs EOI_EXIT_BITMAP_0, 0
  vmcs EOI_EXIT_BITMAP_1, 0
  vmcs EOI_EXIT_BITMAP_2, 0
  vmcs EOI_EXIT_BITMAP_3, 0
  vmcs GUEST_INTERRUPT_STATUS, 0
  vmcs POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, POSTED
  vmcs POSTED_INTERRUPT_NOTIFICATION_VECTOR, NOTIFICATION
  mov qword ptr [HANDLERS+VECTOR*8], got_virtual
  mov qword ptr [posts], 1
  sends 0x4000+NOTIFICATION
  run {call guest_loop}
  exits "a posted interrupt does not exit", EXIT_VMCALL
  cmp qword ptr [GOT], 1
  check "the guest takes it"
  cmp dword ptr [POSTED+8], 0
  check "it is gone from the descriptor"
  from_vmcs GUEST_INTERRUPT_STATUS
  cmp eax, 0
  check "and ended by a virtual EOI"
  vmcs EOI_EXIT_BITMAP_1, 0x10000
  sends 0x4000+NOTIFICATION
  run {call guest_loop}
  exits "whose exit the EOI-exit bitmap asks for", VIRTUALIZED_EOI
  from_vmcs EXIT_QUALIFICATION
  cmp eax, VECTOR
  check "with the vector"
.none:
  ret

; The guest's handlers: EOI at the APIC, and as a write to an MSR of the virtual x2APIC.
got:
  push rbx
  mov ebx, APIC
  mov dword ptr [rbx+0xb0], 0
  pop rbx
  inc qword ptr [GOT]
  add rsp, 16
  iretq

got_virtual:
  inc qword ptr [GOT]
  mov ecx, 0x80b
  xor eax, eax
  xor edx, edx
  wrmsr
  add rsp, 16
  iretq
