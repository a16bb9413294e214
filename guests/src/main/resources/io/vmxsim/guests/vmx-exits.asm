; What tests of VMX share: which VM exit came, and controls that they set.

EXCEPTION_OR_NMI = 0                  ; exit reasons
EXTERNAL_INTERRUPT = 1
INTERRUPT_WINDOW = 7
NMI_WINDOW = 8
MONITOR_TRAP = 37
PREEMPTION_TIMER = 52
PRIMARY = PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
PIN    = PIN_BASED_VM_EXECUTION_CONTROLS

; Passed if the guest that has just run exited for this reason.
macro exits name, reason
  cmp eax, reason
  check name
endmacro

macro primary bits
  control PRIMARY, IA32_VMX_BASIC+2, ACTIVATE_SECONDARY+bits
endmacro

macro pin bits
  control PIN, IA32_VMX_BASIC+1, bits
endmacro
