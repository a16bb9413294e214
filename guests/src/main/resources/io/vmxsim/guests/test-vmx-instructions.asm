; Tests how VMX instructions fail: SDM chapter 30.
include "start.asm"
include "check.asm"
include "vmx.asm"

OTHER  = 0x307000                     ; another VMCS region
POINTER = GUEST_VARIABLES

; Passed if the instruction before failed with this error (VMfailValid).
macro fails name, number
  call compare_error
  dq number
  call report
  db name, 0
endmacro

compare_error:                        ; ZF = 1 if ZF was 1 and the error is the one behind the call
  pop rbx
  lea rbx, [rbx+8]
  jne .different
  from_vmcs VM_INSTRUCTION_ERROR
  cmp rax, [rbx-8]
.different:
  jmp rbx

; Passed if it failed without a current VMCS (VMfailInvalid).
macro fails_invalid name
  sbb eax, eax
  cmp eax, -1
  check name
endmacro

macro point value
  mov rax, value
  mov [POINTER], rax
endmacro

main:
  attempt {vmxon [POINTER]}
  expect "VMXON without CR4.VMXE is #UD", 6
  attempt {vmptrst [POINTER]}
  expect "VMPTRST outside VMX operation is #UD", 6
  call start_vmx
  vmclear [vmcs_pointer]
  vmptrst [POINTER]
  cmp qword ptr [POINTER], -1
  check "VMCLEAR of the current VMCS leaves none current"
  mov edx, EXIT_REASON
  vmread rax, rdx
  fails_invalid "VMREAD without a current VMCS"
  vmlaunch
  fails_invalid "VMLAUNCH without one"
  point OTHER+1
  vmptrld [POINTER]
  fails_invalid "VMPTRLD of a misaligned address without one"
  vmptrld [vmcs_pointer]
  vmxon [vmxon_pointer]
  fails "VMXON in VMX root operation", 15
  point OTHER+1
  vmclear [POINTER]
  fails "VMCLEAR of a misaligned address", 2
  vmclear [vmxon_pointer]
  fails "VMCLEAR of the VMXON region", 3
  vmptrld [POINTER]
  fails "VMPTRLD of a misaligned address", 9
  vmptrld [vmxon_pointer]
  fails "VMPTRLD of the VMXON region", 10
  mov eax, [vmx_basic]
  xor eax, 1
  mov [OTHER], eax
  point OTHER
  vmptrld [POINTER]
  fails "VMPTRLD of another revision", 11
  vmptrst [POINTER]
  cmp qword ptr [POINTER], VMCS_REGION
  check "what failed leaves the VMCS current"
  mov edx, 0x7ffe
  vmread rax, rdx
  fails "VMREAD of no field", 12
  mov edx, 0x7ffe
  vmwrite rdx, rax
  fails "VMWRITE of no field", 12
  mov ecx, 0x485                      ; IA32_VMX_MISC[29]: VMWRITE to any field
  rdmsr
  bt eax, 29
  jb .writable
  mov edx, EXIT_REASON
  vmwrite rdx, rax
  fails "VMWRITE of a read-only field", 13
.writable:
  vmresume
  fails "VMRESUME of a VMCS that is clear", 5
  vmcs GUEST_INTERRUPTIBILITY_STATE, 0
  run nop
  cmp eax, EXIT_VMCALL
  check "VMLAUNCH enters the guest"
  vmlaunch
  fails "VMLAUNCH of a VMCS that is launched", 4
  vmcs VM_EXIT_CONTROLS, 0
  vmresume
  fails "controls that must be 1 are 0", 7
  call set_up_controls
  vmcs HOST_CS_SELECTOR, 0
  vmresume
  fails "the host's CS is null", 8
  vmcs HOST_CS_SELECTOR, 8
  mov ecx, 3
  invept rcx, xmmword ptr [no_descriptor]
  fails "INVEPT has no type 3", 28
  mov ecx, 4
  invvpid rcx, xmmword ptr [no_descriptor]
  fails "INVVPID has no type 4", 28
  mov ecx, 1
  invvpid rcx, xmmword ptr [no_descriptor]
  fails "INVVPID of VPID 0", 28
  in_user_mode {vmptrst [USER+POINTER]}
  expect_code "in user mode VMX instructions are #GP", 13, 0
  mov rax, cr4
  btr rax, 13
  attempt {mov cr4, rax}
  expect_code "CR4.VMXE stays 1 in VMX operation", 13, 0
  mov rax, cr0
  btr rax, 5
  attempt {mov cr0, rax}
  expect_code "CR0.NE stays 1 in VMX operation", 13, 0
  vmxoff
  attempt vmxoff
  expect "VMXOFF ends it", 6
  jmp finish
align 8
no_descriptor: dq 0, 0
