; Tests events of a guest: injection, windows, the preemption timer, monitor trap flag, HLT, the
; exception bitmap with the page-fault mask; SDM 25.2, 25.5, 26.5, 26.6.
include "start.asm"
include "check.asm"
include "vmx.asm"
include "vmx-exits.asm"

GOT    = GUEST_VARIABLES              ; what the guest's handler found: vector, error code, RIP
HLT_EXIT = 12
RDTSC_EXIT = 16

main:
  call start_vmx
  mov qword ptr [HANDLERS+0x50*8], got
  mov qword ptr [HANDLERS+13*8], got
  mov qword ptr [HANDLERS+3*8], got
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000b0d
  vmcs VM_ENTRY_EXCEPTION_ERROR_CODE, 0x1234
  run nop
  cmp qword ptr [GOT], 13
  check "#GP is injected"
  cmp qword ptr [GOT+8], 0x1234
  check "with its error code"
  from_vmcs VM_ENTRY_INTERRUPTION_INFORMATION
  bt eax, 31
  sbb eax, eax
  check "the VM exit clears the valid bit"
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000603
  vmcs VM_ENTRY_INSTRUCTION_LENGTH, 1
  run nop
  cmp qword ptr [GOT], 3
  check "a software exception is injected"
  from_vmcs GUEST_RIP
  sub rax, [GOT+16]                   ; from behind the byte before NOP to VMCALL
  cmp eax, 0
  check "and returns behind the instruction of that length"
  vmcs GUEST_RFLAGS, 0x202
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000050
  run nop
  cmp qword ptr [GOT], 0x50
  check "an external interrupt is injected"
  primary 4                           ; interrupt-window exiting
  vmcs GUEST_RFLAGS, 2
  run nop
  exits "no interrupt window opens while IF = 0", EXIT_VMCALL
  vmcs GUEST_RFLAGS, 0x202
  run ud2
  exits "it is open at once with IF = 1", INTERRUPT_WINDOW
  vmcs GUEST_INTERRUPTIBILITY_STATE, 1
  run nop
  exits "blocking by STI holds it up for an instruction", INTERRUPT_WINDOW
  from_vmcs GUEST_INTERRUPTIBILITY_STATE
  cmp eax, 0
  check "and is over then"
  vmcs GUEST_RFLAGS, 2
  primary 0x80                        ; HLT exiting
  run hlt
  exits "HLT exits", HLT_EXIT
  from_vmcs VM_EXIT_INSTRUCTION_LENGTH
  cmp eax, 1
  check "with its length"
  primary 0x1000
  run rdtsc
  exits "RDTSC exits", RDTSC_EXIT
  primary 0
  vmcs EXCEPTION_BITMAP, 0x40
  run ud2
  exits "#UD exits by the exception bitmap", EXCEPTION_OR_NMI
  from_vmcs VM_EXIT_INTERRUPTION_INFORMATION
  cmp eax, 0x80000306
  check "as a hardware exception with vector 6"
  vmcs EXCEPTION_BITMAP, 0x4000
  vmcs PAGE_FAULT_ERROR_CODE_MASK, 2
  vmcs PAGE_FAULT_ERROR_CODE_MATCH, 2
  mov rax, 0x7f0000000000
  mov [guest_rbx], rax
  run {mov [rbx], eax}
  exits "#PF exits if its error code matches", EXCEPTION_OR_NMI
  from_vmcs EXIT_QUALIFICATION
  cmp rax, [guest_rbx]
  check "with the address as qualification"
  from_vmcs VM_EXIT_INTERRUPTION_ERROR_CODE
  cmp eax, 2
  check "and the error code"
  mov qword ptr [HANDLERS+14*8], got_fault
  run {mov eax, [rbx]}
  exits "#PF goes to the guest if it does not", EXIT_VMCALL
  vmcs EXCEPTION_BITMAP, 0
  pin 0x40
  from_vmcs PIN
  test al, 0x40
  je .no_timer
  vmcs VMX_PREEMPTION_TIMER_VALUE, 0
  run ud2
  exits "the preemption timer at 0 exits at once", PREEMPTION_TIMER
  vmcs VMX_PREEMPTION_TIMER_VALUE, 100
  run {jmp $}
  exits "the preemption timer ends a loop", PREEMPTION_TIMER
.no_timer:
  pin 0
  primary 0x8000000
  from_vmcs PRIMARY
  bt eax, 27
  jae .no_trap
  run nop
  exits "the monitor trap flag exits behind an instruction", MONITOR_TRAP
  from_vmcs GUEST_RIP
  mov rcx, rax
  cmp byte ptr [rcx-1], 0x90
  check "behind the first"
.no_trap:
  primary 0
  pin 0x28                            ; NMI exiting, virtual NMIs
  primary 0x400000                    ; NMI-window exiting
  run ud2
  exits "the NMI window is open", NMI_WINDOW
  vmcs GUEST_INTERRUPTIBILITY_STATE, 8
  run nop
  exits "virtual-NMI blocking closes it", EXIT_VMCALL
  vmcs GUEST_INTERRUPTIBILITY_STATE, 0
  pin 0
  primary 0
  vmcs GUEST_ACTIVITY_STATE, 1        ; HLT
  vmcs GUEST_RFLAGS, 0x202
  vmcs VM_ENTRY_INTERRUPTION_INFORMATION, 0x80000050
  mov qword ptr [GOT], 0
  run nop
  cmp qword ptr [GOT], 0x50
  check "an injected interrupt wakes a guest that halts"
  jmp finish

; The guest's handler.
got:
  pop qword ptr [GOT]
  pop qword ptr [GOT+8]
  push rax
  mov rax, [rsp+8]
  mov [GOT+16], rax
  pop rax
  iretq

got_fault:
  add rsp, 16
  add qword ptr [rsp], 2              ; behind MOV
  iretq
