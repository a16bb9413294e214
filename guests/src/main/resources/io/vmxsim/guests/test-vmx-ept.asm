; Tests EPT: violations with their qualification, misconfigurations, accessed and dirty flags; SDM
; 28.2, 27.2.1.
include "start.asm"
include "check.asm"
include "vmx.asm"
include "vmx-exits.asm"

PAGE   = 0xa00000                     ; its entry in the EPT page directory
ENTRY  = EPT_TABLES+0x2000+5*8
READ   = 1
WRITE  = 2
EXECUTE = 4
LARGE  = 0xb0                         ; write-back, 2 MBytes
USER_EXECUTE = 0x400
MODE_BASED = 0x400000                 ; secondary control
EXCEPTION = 0
VIOLATION = 48
MISCONFIGURATION = 49

macro with rights
  mov rax, PAGE+rights
  mov [ENTRY], rax
  call flush
endmacro

; Passed if the bits of the qualification that the SDM defines here have this value.
macro qualified name, value
  from_vmcs EXIT_QUALIFICATION
  and eax, 0x1bf
  cmp eax, value
  check name
endmacro

flush:
  mov ecx, 2
  invept rcx, xmmword ptr [all]
  ret

main:
  call start_vmx
  mov byte ptr [PAGE], 0xc3           ; RET
  with LARGE
  mov dword ptr [guest_rbx], PAGE
  run {mov eax, [rbx]}
  exits "a read without rights is a violation", VIOLATION
  qualified "read, nothing allowed, by a linear address", 0x181
  from_vmcs GUEST_PHYSICAL_ADDRESS
  cmp rax, PAGE
  check "the guest-physical address"
  from_vmcs GUEST_LINEAR_ADDRESS
  cmp rax, PAGE
  check "the guest-linear address"
  run {mov [rbx], eax}
  qualified "write, nothing allowed", 0x182
  run {call rbx}
  exits "a fetch without rights is a violation", VIOLATION
  qualified "fetch, nothing allowed", 0x184
  with LARGE+READ
  run {mov eax, [rbx]}
  exits "a read with READ is none", EXIT_VMCALL
  run {mov [rbx], eax}
  qualified "write, READ allowed", 0x18a
  run {call rbx}
  qualified "fetch, READ allowed", 0x18c
  with LARGE+READ+WRITE
  run {mov dword ptr [rbx], 0xc3}
  exits "a write with READ and WRITE is none", EXIT_VMCALL
  run {call rbx}
  qualified "fetch, READ and WRITE allowed", 0x19c
  with LARGE+READ+EXECUTE
  run {call rbx}
  exits "a fetch with EXECUTE is none", EXIT_VMCALL
  run {lock inc dword ptr [rbx]}
  from_vmcs EXIT_QUALIFICATION
  and eax, 0x1ba
  cmp eax, 0x1aa
  check "a read and write, READ and EXECUTE allowed"
  mov ecx, 0x48c                      ; IA32_VMX_EPT_VPID_CAP
  rdmsr
  mov r14d, eax
  bt eax, 0
  jae .misconfigurations
  with LARGE+EXECUTE
  run {call rbx}
  exits "execute-only pages are executed", EXIT_VMCALL
  run {mov eax, [rbx]}
  qualified "read, EXECUTE allowed", 0x1a1
.misconfigurations:
  with LARGE+WRITE
  run {mov eax, [rbx]}
  exits "WRITE without READ is a misconfiguration", MISCONFIGURATION
  from_vmcs GUEST_PHYSICAL_ADDRESS
  cmp rax, PAGE
  check "with the guest-physical address"
  with 0x80+0x10+7                    ; memory type 2
  run {mov eax, [rbx]}
  exits "memory type 2 is a misconfiguration", MISCONFIGURATION
  with LARGE+7+0x1000                 ; bit 12 of a 2-MByte page
  run {mov eax, [rbx]}
  exits "a reserved bit is a misconfiguration", MISCONFIGURATION
  with LARGE+7
  vmcs GUEST_CR3, PAGE+0x1000         ; guest page tables are read through EPT, too
  mov rax, [TABLES]
  mov [PAGE+0x1000], rax
  with LARGE
  run {mov eax, [rbx]}
  exits "a violation in the guest's page tables", VIOLATION
  from_vmcs EXIT_QUALIFICATION
  test eax, 0x100
  check "is not the translation of a linear address"
  vmcs GUEST_CR3, TABLES
  with LARGE+7
  call mode_based
  bt r14d, 21
  jae finish
  vmcs EPT_POINTER, EPT_TABLES+EPT_WRITE_BACK_4_LEVELS+0x40
  call flush
  run {mov eax, [rbx]}
  mov rax, [ENTRY]
  and eax, 0x300
  cmp eax, 0x100
  check "a read sets the accessed flag"
  run {mov [rbx+8], eax}
  mov rax, [ENTRY]
  and eax, 0x300
  cmp eax, 0x300
  check "a write sets the dirty flag"
  jmp finish
; Mode-based execute control: bit 2 is for fetches in supervisor mode, bit 10 in user mode; whose
; fetch it is depends on U/S of the guest's entries, and one of the two views of memory is for users.
mode_based:
  mov ecx, IA32_VMX_BASIC+11
  rdmsr
  test edx, MODE_BASED
  je .none
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+ENABLE_VPID+MODE_BASED
  or dword ptr [EPT_TABLES], USER_EXECUTE
  or dword ptr [EPT_TABLES+0x1000], USER_EXECUTE
  with LARGE+READ+EXECUTE
  run {call rbx}
  exits "bit 2 lets the supervisor execute", EXIT_VMCALL
  call enter_user_mode
  exits "but not users", VIOLATION
  from_vmcs EXIT_QUALIFICATION
  and eax, 0x7f
  cmp eax, 0x2c                       ; a fetch; READ, bit 2
  check "fetch, READ and bit 2 allowed"
  with LARGE+READ+USER_EXECUTE
  run {call rbx}
  exits "bit 10 does not let the supervisor execute", VIOLATION
  from_vmcs EXIT_QUALIFICATION
  and eax, 0x7f
  cmp eax, 0x4c
  check "fetch, READ and bit 10 allowed"
  call enter_user_mode
  exits "but users", EXCEPTION        ; by HLT, which they may not execute
  with LARGE+7
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT+ENABLE_VPID
.none:
  ret

; The guest executes HLT at PAGE in user mode.
enter_user_mode:
  mov byte ptr [PAGE], 0xf4
  vmcs EXCEPTION_BITMAP, 0x2000       ; #GP
  vmcs GUEST_CS_SELECTOR, USER_CODE
  vmcs GUEST_CS_ACCESS_RIGHTS, 0xa0fb
  vmcs GUEST_SS_SELECTOR, USER_DATA
  vmcs GUEST_SS_ACCESS_RIGHTS, 0xc0f3
  vmcs GUEST_RIP, PAGE+USER
  call enter_guest
  push rax
  vmcs EXCEPTION_BITMAP, 0
  vmcs GUEST_CS_SELECTOR, 8
  vmcs GUEST_CS_ACCESS_RIGHTS, 0xa09b
  vmcs GUEST_SS_SELECTOR, 0x10
  vmcs GUEST_SS_ACCESS_RIGHTS, 0xc093
  pop rax
  mov byte ptr [PAGE], 0xc3
  ret

align 8
all: dq 0, 0
