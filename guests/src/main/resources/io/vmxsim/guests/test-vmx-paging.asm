; Tests page faults of a guest: all flags of an entry and all accesses, with all settings of the
; exception bitmap and of its mask and match, with a VPID and without; SDM 4.7, 25.2.
include "start.asm"
include "check.asm"
include "vmx.asm"

REGION   = 0x8000000000
POINTERS_R = FREE
DIRECTORY_R = FREE+0x1000
TABLE_R  = FREE+0x2000
FRAME    = 0xa00000

GOT      = GUEST_VARIABLES            ; the error code that the guest's handler found, or NOTHING
GOT_CR2  = GUEST_VARIABLES+8
wrong    = GUEST_VARIABLES+16         ; combinations that went wrong
tried    = GUEST_VARIABLES+24
expected = GUEST_VARIABLES+32         ; an error code, or NOTHING

PRESENT  = 1                          ; combinations, in R12
WRITABLE = 2
NO_EXECUTE = 4
RESERVED = 8                          ; bit 51, if the processor has no such address bit
COMBINATIONS = 16

; All combinations, and all accesses, under one setting of the bitmap.
macro all bitmap, different, name
  mov dword ptr [wrong], 0
  mov dword ptr [tried], 0
  mov r14d, bitmap
  mov r15d, different
  call combinations
  cmp dword ptr [wrong], 0
  check name
endmacro

macro settings with
  all 0x4000, 0, "#PF exits if its bit is 1 and its error code matches, {with}"
  all 0x4000, 1, "it goes to the guest if the code does not match, {with}"
  all 0, 0, "it goes to the guest if its bit is 0 and the code matches, {with}"
  all 0, 1, "it exits if the code does not match, {with}"
endmacro

main:
  call start_vmx
  mov qword ptr [TABLES+8], POINTERS_R+3
  mov qword ptr [POINTERS_R], DIRECTORY_R+3
  mov qword ptr [DIRECTORY_R], TABLE_R+3
  mov byte ptr [FRAME], 0xc3          ; RET
  mov qword ptr [HANDLERS+14*8], got
  vmcs PAGE_FAULT_ERROR_CODE_MASK, 0xffffffff
  mov rax, REGION
  mov [guest_rbx], rax
  mov byte ptr [flush_all], 1
  settings with a VPID
  mov byte ptr [flush_all], 0
  control SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, IA32_VMX_BASIC+11, ENABLE_EPT
  settings without a VPID
  cmp dword ptr [tried], COMBINATIONS*3
  jb .no_reserved_bits
  cmp eax, eax
  check "with reserved bits, too"
.no_reserved_bits:
  jmp finish

combinations:
  mov r12d, COMBINATIONS-1
  mov eax, 0x80000008
  cpuid
  cmp al, 52
  jb .next
  mov r12d, RESERVED-1
.next:
  mov r13d, 2                         ; fetch, write, read
.access:
  call try
  dec r13d
  jns .access
  dec r12d
  jns .next
  ret

; R12 = the combination, R13 = the access, R14 = the exception bitmap, R15: whether the match is
; to be another error code.
try:
  inc dword ptr [tried]
  call set_entry
  call expect_error_code
  vmcs EXCEPTION_BITMAP, r14
  mov rax, [expected]
  xor eax, r15d
  mov edx, PAGE_FAULT_ERROR_CODE_MATCH
  vmwrite rdx, rax
  mov qword ptr [GOT], NOTHING
  xor eax, eax
  mov cr2, rax
  cmp r13d, 1
  je .write
  ja .fetch
  run {mov eax, [rbx]}
  jmp judge
.write:
  run {mov byte ptr [rbx], 0xc3}
  jmp judge
.fetch:
  run {call rbx}
judge:
  cmp qword ptr [expected], NOTHING
  je .none
  xor ecx, ecx                        ; it exits if the bit says so, and not if one of both is odd
  test r14d, r14d
  sete cl
  cmp ecx, r15d
  je .exits
  cmp eax, EXIT_VMCALL
  jne .wrong
  mov rax, [expected]
  cmp [GOT], rax
  jne .wrong
  mov rax, REGION
  cmp [GOT_CR2], rax
  jne .wrong
  ret
.exits:
  test eax, eax
  jne .wrong
  from_vmcs VM_EXIT_INTERRUPTION_ERROR_CODE
  cmp rax, [expected]
  jne .wrong
  from_vmcs EXIT_QUALIFICATION
  mov rcx, REGION
  cmp rax, rcx
  jne .wrong
  mov rax, cr2                        ; which an exit does not write
  test rax, rax
  jne .wrong
  ret
.none:
  cmp eax, EXIT_VMCALL
  jne .wrong
  cmp qword ptr [GOT], NOTHING
  jne .wrong
  ret
.wrong:
  inc dword ptr [wrong]
  ret

set_entry:
  mov eax, r12d
  and eax, PRESENT+WRITABLE
  or eax, FRAME
  mov ecx, r12d
  and ecx, NO_EXECUTE
  shl rcx, 61
  or rax, rcx
  mov ecx, r12d
  and ecx, RESERVED
  shl rcx, 48
  or rax, rcx
  mov [TABLE_R], rax
  cmp byte ptr [flush_all], 0
  je .flushed
  mov ecx, 2
  invvpid rcx, xmmword ptr [nothing]
.flushed:
  ret

; "Page-Fault Exceptions" (4.7): P, W/R, RSVD and I/D of the error code.
expect_error_code:
  mov ecx, r13d                       ; 1 is a write, 2 a fetch
  cmp ecx, 2
  jne .data
  mov ecx, 8
.data:
  add ecx, ecx
  test r12d, PRESENT
  je .faults
  inc ecx
  test r12d, RESERVED
  jne .reserved
  mov eax, r12d
  not eax
  shr eax, 1
  and eax, r13d
  test eax, 1
  jne .faults                         ; a write that is not allowed
  mov eax, r12d
  shr eax, 1
  and eax, r13d
  test eax, 2
  jne .faults                         ; a fetch that is not
  mov rcx, NOTHING
  jmp .faults
.reserved:
  or ecx, 8
.faults:
  mov [expected], rcx
  ret

; The guest's handler ends the attempt.
got:
  pop rax
  pop qword ptr [GOT]
  mov rax, cr2
  mov [GOT_CR2], rax
  vmcall

align 16
nothing: dq 0, 0
flush_all: db 0
