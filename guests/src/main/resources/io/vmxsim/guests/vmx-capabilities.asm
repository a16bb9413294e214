; Prints what CPUID says of the processor, and the VMX capability MSRs, as CPU profiles hold them.
include "start.asm"

main:
  mov ebx, leaves
.leaf:
  mov eax, [rbx]
  mov ecx, [rbx+4]
  push rbx
  say "0x"
  call print_hex
  say "/0x"
  mov rax, rcx
  call print_hex
  say " ="
  mov eax, [rbx]
  cpuid
  mov rdi, rbx
  call print_word
  mov rax, rdi
  call print_word
  mov rax, rcx
  call print_word
  mov rax, rdx
  call print_word
  call new_line
  pop rbx
  add ebx, 8
  cmp ebx, leaves_end
  jb .leaf
  mov ebx, msrs
.msr:
  mov eax, [rbx]
  say "MSR"
  call print_word
  say " ="
  mov ecx, eax
  attempt rdmsr
  cmp qword ptr [raised], NOTHING
  jne .absent
  shl rdx, 32
  or rax, rdx
  call print_word
  call new_line
  jmp .next
.absent:
  say " absent"
  call new_line
.next:
  add ebx, 4
  cmp ebx, msrs_end
  jb .msr
  xor eax, eax
  ret

print_word:
  say " 0x"
  jmp print_hex

leaves:
  dd 0, 0, 1, 0, 6, 0, 7, 0, 0xa, 0, 0xd, 0, 0xd, 1, 0x80000000, 0, 0x80000001, 0, 0x80000007, 0
  dd 0x80000008, 0
leaves_end:
msrs:
  dd 0x3a, 0x480, 0x481, 0x482, 0x483, 0x484, 0x485, 0x486, 0x487, 0x488, 0x489, 0x48a, 0x48b, 0x48c
  dd 0x48d, 0x48e, 0x48f, 0x490, 0x491, 0x492, 0x493
msrs_end:
