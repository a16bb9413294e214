; Tests guests that wait: what wakes a guest in the HLT and shutdown states, and which state the
; VM exit saves; SDM 24.4.2, 25.2, 26.6.2, 27.1.
include "start.asm"
include "check.asm"
include "vmx.asm"
include "vmx-exits.asm"

GOT      = GUEST_VARIABLES            ; how often the guest was interrupted
VIRTUAL  = 0x320000                   ; the virtual-APIC page
APIC     = 0xfee00000
VECTOR   = 0x50
HALTED   = 1                          ; activity states
SHUT_DOWN = 2

; The guest is in an activity state, with RFLAGS as given.
macro waits state, flags
  vmcs GUEST_ACTIVITY_STATE, state
  vmcs GUEST_RFLAGS, flags
  mov qword ptr [GOT], 0
endmacro

macro saved state, name
  from_vmcs GUEST_ACTIVITY_STATE
  cmp eax, state
  check name
endmacro

; This processor sends itself an interrupt, which waits while IF = 0.
macro interrupt_waits
  mov ebx, APIC
  mov dword ptr [rbx+0xf0], 0x1ff
  mov dword ptr [rbx+0x300], 0x40000+VECTOR
endmacro

macro end_of_interrupt
  mov ebx, APIC
  mov dword ptr [rbx+0xb0], 0
endmacro

main:
  call start_vmx
  mov qword ptr [HANDLERS+VECTOR*8], got
  call windows
  call interrupts
  call timer
  call halts
  call virtual_interrupts
  jmp finish

windows:
  primary 4                           ; interrupt-window exiting
  waits HALTED, 0x202
  run nop
  exits "an interrupt window ends HLT", INTERRUPT_WINDOW
  saved HALTED, "the state saved is HLT"
  waits 0, 0x202
  run nop
  saved 0, "without HLT it is active"
  pin 0x28                            ; NMI exiting, virtual NMIs
  from_vmcs PIN
  and eax, 0x28
  cmp eax, 0x28
  jne .no_virtual_nmis
  primary 0x400000
  waits HALTED, 2
  run nop
  exits "an NMI window ends HLT, whatever IF is", NMI_WINDOW
  saved HALTED, "and saves it"
  waits SHUT_DOWN, 2
  run nop
  exits "it ends the shutdown state", NMI_WINDOW
  saved SHUT_DOWN, "and saves it, too"
.no_virtual_nmis:
  pin 0
  primary 0
  ret

interrupts:
  pin 1                               ; external-interrupt exiting
  interrupt_waits
  waits HALTED, 2
  run nop
  exits "an external interrupt ends HLT, whatever IF is", EXTERNAL_INTERRUPT
  saved HALTED, "and saves it"
  control VM_EXIT_CONTROLS, IA32_VMX_BASIC+3, HOST_64_BIT+0x8000
  run nop
  from_vmcs VM_EXIT_INTERRUPTION_INFORMATION
  cmp eax, 0x80000000+VECTOR
  check "acknowledged, it has its vector"
  end_of_interrupt
  control VM_EXIT_CONTROLS, IA32_VMX_BASIC+3, HOST_64_BIT
  pin 0
  interrupt_waits
  waits HALTED, 0x202
  run nop
  cmp qword ptr [GOT], 1
  check "without exiting it goes to the guest"
  exits "which goes on behind HLT", EXIT_VMCALL
  saved 0, "and is active"
  end_of_interrupt
  ret

timer:
  pin 0x40
  from_vmcs PIN
  test al, 0x40
  je .none
  vmcs VMX_PREEMPTION_TIMER_VALUE, 1000
  waits HALTED, 2
  run nop
  exits "the preemption timer ends HLT", PREEMPTION_TIMER
  saved HALTED, "and saves it"
  waits SHUT_DOWN, 2
  run nop
  exits "and the shutdown state", PREEMPTION_TIMER
  primary 4
  waits SHUT_DOWN, 0x202
  run nop
  exits "which an interrupt window does not end", PREEMPTION_TIMER
.none:
  pin 0
  primary 0
  ret

halts:
  primary 0x8000000                   ; monitor trap flag
  waits 0, 2
  run hlt
  exits "the monitor trap flag exits from HLT", MONITOR_TRAP
  saved HALTED, "in the state of HLT"
  from_vmcs GUEST_RIP
  mov rcx, rax
  cmp byte ptr [rcx-1], 0xf4
  check "behind the instruction"
  primary 4
  waits 0, 2
  run {call sleep}
  exits "STI and HLT: the window opens behind HLT", INTERRUPT_WINDOW
  saved HALTED, "in its state"
  primary 0
  ret

sleep:
  cli
  sti
  hlt
  ret

; A guest that halts with a virtual interrupt pending: RVI.
virtual_interrupts:
  mov ecx, IA32_VMX_BASIC+11
  rdmsr
  test edx, 0x200                     ; virtual-interrupt delivery
  je .none
  primary 0x200000                    ; TPR shadow
  pin 1
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+0x200
  vmcs VIRTUAL_APIC_ADDRESS, VIRTUAL
  vmcs TPR_THRESHOLD, 0
  mov dword ptr [VIRTUAL+0x220], 0x10000        ; VIRR: 50H
  vmcs GUEST_INTERRUPT_STATUS, VECTOR
  waits HALTED, 0x202
  run nop
  exits "a guest that halts with a virtual interrupt runs", EXIT_VMCALL
  cmp qword ptr [GOT], 1
  check "its handler"
  saved 0, "and is active"
  mov dword ptr [VIRTUAL+0x120], 0              ; VISR
  mov dword ptr [VIRTUAL+0x220], 0x10000
  vmcs GUEST_INTERRUPT_STATUS, VECTOR
  waits 0, 2
  run {call sleep}
  cmp qword ptr [GOT], 1
  check "so does one that executes HLT then"
.none:
  ret

got:
  inc qword ptr [GOT]
  add rsp, 16
  iretq
