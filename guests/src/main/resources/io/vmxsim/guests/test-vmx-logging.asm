; Tests page-modification logging: what is logged when, the index, the VM exit when the log is full;
; SDM 28.2.5.
include "start.asm"
include "check.asm"
include "vmx.asm"
include "vmx-exits.asm"

PAGE     = 0xa00000                   ; its entry in the EPT page directory
ENTRY    = EPT_TABLES+0x2000+5*8
LOG      = 0x320000
LOGGING  = 0x20000                    ; secondary control
FULL     = 62
DIRTY    = 0x200
EPT_FLAGS = 0x40                      ; in the EPTP: accessed and dirty flags

macro index_is number, name
  from_vmcs PML_INDEX
  cmp eax, number
  check name
endmacro

; The page has not been written to, and the log has space for INDEX + 1 entries.
macro clean index
  and dword ptr [ENTRY], -1-DIRTY
  mov ecx, 2
  invept rcx, xmmword ptr [all]
  vmcs PML_INDEX, index
endmacro

main:
  call start_vmx
  mov ecx, IA32_VMX_BASIC+11
  rdmsr
  test edx, LOGGING
  je finish
  vmcs EPT_POINTER, EPT_TABLES+EPT_WRITE_BACK_4_LEVELS+EPT_FLAGS
  vmcs PML_ADDRESS, LOG
  mov qword ptr [guest_rbx], PAGE+0x3008
  run {mov [rbx], eax}                ; everything that the guest uses is dirty now
  mov rax, [ENTRY]
  test eax, DIRTY
  setne al
  cmp al, 1
  check "a write sets the dirty flag"
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+LOGGING
  call logged
  call full
  jmp finish

logged:
  clean 511
  run {mov eax, [rbx]}
  exits "a read does not exit", EXIT_VMCALL
  index_is 511, "it is not logged"
  run {mov [rbx], eax}
  exits "a write does not exit", EXIT_VMCALL
  index_is 510, "it is logged: the index goes down"
  cmp qword ptr [LOG+511*8], PAGE+0x3000
  check "with the guest-physical address, to 4 KBytes, even of a large page"
  run {mov [rbx], eax}
  index_is 510, "a page that is dirty is not logged"
  clean 200
  run {inc dword ptr [rbx]}
  index_is 199, "nor is a read and write logged twice"
  cmp qword ptr [LOG+200*8], PAGE+0x3000
  check "the entry is the one that the index said"
  clean 0
  run {mov [rbx], eax}
  exits "the last entry does not exit", EXIT_VMCALL
  index_is 0xffff, "the index wraps to FFFFH"
  cmp qword ptr [LOG], PAGE+0x3000
  check "the last entry is entry 0"
  ret

full:
  clean 0xffff
  mov dword ptr [PAGE+0x3008], 0
  mov dword ptr [guest_rax], 5
  run {mov [rbx], eax}
  exits "a write exits when the log is full", FULL
  mov rax, [ENTRY]
  and eax, DIRTY
  check "the dirty flag stays clear"
  cmp dword ptr [PAGE+0x3008], 0
  check "nothing is written"
  from_vmcs GUEST_RIP
  cmp word ptr [rax], 0x0389          ; mov [rbx], eax
  check "the instruction is yet to come"
  vmcs PML_INDEX, 512
  run {mov [rbx], eax}
  exits "so it does with an index that the log does not have", FULL
  index_is 512, "which stays"
  vmcs PML_INDEX, 0
  call enter_guest                    ; where it was
  exits "with space it goes on", EXIT_VMCALL
  cmp dword ptr [PAGE+0x3008], 5
  check "and writes"
  ret

align 8
all: dq 0, 0
