; The smallest hypervisor: one guest with EPT, whose CPUID instructions it answers: rounds=N.
include "start.asm"
include "vmx.asm"

main:
  parameter "rounds", 10000, 1, 4000000000
  mov [guest_rbx], rax                ; CPUID changes it: the guest moves it
  call start_vmx
  vmcs GUEST_RIP, guest
  xor r14d, r14d                      ; VM exits
.enter:
  call enter_guest
  jbe vmx_failed
  inc r14
  cmp eax, EXIT_CPUID
  je .cpuid
  cmp eax, EXIT_VMCALL
  je .end
  say "unexpected VM exit "
  call print_hex
  call new_line
  mov eax, 1
  ret
.cpuid:
  not dword ptr [guest_rax]           ; what this hypervisor answers
  call skip_instruction
  jmp .enter
.end:
  mov rax, r14
  call print_decimal
  say " VM exits, "
  mov rax, [guest_r13]
  call print_decimal
  say " of them answered as expected"
  call new_line
  xor eax, eax
  ret

guest:
  mov r12, rbx
  xor r13d, r13d
.round:
  mov eax, r12d
  cpuid
  add eax, r12d
  inc eax                             ; NOT x = -x - 1
  jne .next
  inc r13
.next:
  dec r12
  jne .round
  vmcall
  hlt
