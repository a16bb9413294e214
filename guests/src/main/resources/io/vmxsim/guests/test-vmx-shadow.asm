; Tests VMCS shadowing: VMREAD and VMWRITE of a guest that reach a shadow VMCS, the bitmaps that let
; them, and the link pointer; SDM 24.10, 25.1.3, 26.3.1.5, 30.3.
include "start.asm"
include "check.asm"
include "vmx.asm"
include "vmx-exits.asm"

READ_BITMAP = 0x320000
WRITE_BITMAP = 0x321000
SHADOW   = 0x322000                   ; the shadow VMCS
ORDINARY = 0x323000                   ; a VMCS that is none
SHADOWING = 0x4000                    ; secondary control
VMREAD_EXIT = 23
VMWRITE_EXIT = 25
INVALID_GUEST_STATE = 0x80000021
CF_ZF    = 0x41

; Passed if the guest's last VMX instruction left CF and ZF like this.
macro leaves flags, name
  from_vmcs GUEST_RFLAGS
  and eax, CF_ZF
  cmp eax, flags
  check name
endmacro

fill_bitmaps:                         ; with AL
  mov edi, READ_BITMAP
  mov ecx, 0x2000
  rep stosb
  ret

main:
  call start_vmx
  mov ecx, IA32_VMX_BASIC+11
  rdmsr
  test edx, SHADOWING
  je finish
  mov eax, [vmx_basic]
  mov [ORDINARY], eax
  or eax, 0x80000000
  mov [SHADOW], eax
  vmclear [shadow_pointer]
  jbe vmx_failed
  vmclear [ordinary_pointer]
  jbe vmx_failed
  vmcs VMREAD_BITMAP_ADDRESS, READ_BITMAP
  vmcs VMWRITE_BITMAP_ADDRESS, WRITE_BITMAP
  call exits_without
  vmcs VMCS_LINK_POINTER, SHADOW
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+SHADOWING
  call bitmaps
  call failures_of_access
  call link_pointers
  jmp finish

exits_without:
  mov qword ptr [guest_rdx], GUEST_CR3
  run {vmread rax, rdx}
  exits "VMREAD exits without VMCS shadowing", VMREAD_EXIT
  mov al, -1
  jmp fill_bitmaps

bitmaps:
  run {vmread rbx, rdx}
  exits "VMREAD exits if the field's bit is 1", VMREAD_EXIT
  from_vmcs VM_EXIT_INSTRUCTION_INFORMATION
  and eax, 0xf0000478                 ; register 2 (RDX) is the field, register 1 (RBX) the operand
  cmp eax, 0x20000418
  check "with both registers in the instruction information"
  from_vmcs VM_EXIT_INSTRUCTION_LENGTH
  cmp eax, 3
  check "and its length"
  run {vmwrite rdx, rbx}
  exits "VMWRITE exits if the field's bit is 1", VMWRITE_EXIT
  xor eax, eax
  call fill_bitmaps
  mov qword ptr [guest_rbx], 0x12345000
  run {vmwrite rdx, rbx}
  exits "VMWRITE does not exit if it is 0", EXIT_VMCALL
  leaves 0, "it succeeds"
  from_vmcs GUEST_CR3
  cmp rax, TABLES
  check "the current VMCS keeps its value"
  vmptrld [shadow_pointer]
  from_vmcs GUEST_CR3
  cmp eax, 0x12345000
  check "the shadow VMCS has the new one"
  vmcs GUEST_CR3, 0x54321000
  vmptrld [vmcs_pointer]
  run {vmread rbx, rdx}
  exits "VMREAD does not exit if the field's bit is 0", EXIT_VMCALL
  cmp qword ptr [guest_rbx], 0x54321000
  check "it reads the shadow VMCS"
  mov eax, READ_BITMAP
  mov ecx, GUEST_CR3
  bts dword ptr [rax], ecx
  run {vmread rbx, rdx}
  exits "one bit makes VMREAD exit", VMREAD_EXIT
  run {vmwrite rdx, rbx}
  exits "and lets VMWRITE pass", EXIT_VMCALL
  mov qword ptr [guest_rdx], GUEST_CR4
  run {vmread rbx, rdx}
  exits "and the next field", EXIT_VMCALL
  mov qword ptr [guest_rdx], 0x10000+GUEST_CR4
  run {vmread rbx, rdx}
  exits "an encoding above 7FFFH exits in any case", VMREAD_EXIT
  ret

failures_of_access:
  mov qword ptr [guest_rdx], 0x7ffe   ; no field
  run {vmread rbx, rdx}
  exits "VMREAD of no field does not exit", EXIT_VMCALL
  leaves 0x40, "it is VMfailValid"
  run {vmwrite rdx, rbx}
  leaves 0x40, "so is VMWRITE"
  vmcs VMCS_LINK_POINTER, -1
  mov qword ptr [guest_rdx], GUEST_CR4
  run {vmread rbx, rdx}
  leaves 1, "without a shadow VMCS VMREAD is VMfailInvalid"
  run {vmwrite rdx, rbx}
  leaves 1, "so is VMWRITE"
  ret

; A VM entry that must fail as one of its checks on the link pointer says.
macro refused link, name
  vmcs VMCS_LINK_POINTER, link
  call enter_guest
  cmp eax, INVALID_GUEST_STATE
  jne .other@
  from_vmcs EXIT_QUALIFICATION
  cmp eax, 4
.other@:
  check name
endmacro

link_pointers:
  refused ORDINARY, "the link must lead to a shadow VMCS"
  refused SHADOW+1, "it must be aligned to 4 KBytes"
  vmptrld [shadow_pointer]
  vmlaunch
  setb al
  vmptrld [vmcs_pointer]
  cmp al, 1
  check "a shadow VMCS launches nothing"
  ret

align 8
shadow_pointer: dq SHADOW
ordinary_pointer: dq ORDINARY
