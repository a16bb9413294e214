; Computes with loads, stores, branches, calls and string instructions, paging on: rounds=N.
;
; Prints a checksum, which is the same on every processor.
include "start.asm"

DATA = 0x800000                       ; 64 KBytes of it

main:
  parameter "rounds", 2000, 1, 4000000000
  mov r12, rax
  mov edi, DATA
  mov ecx, 0x2000
  mov rax, 0x9e3779b97f4a7c15
.fill:
  mov [rdi], rax
  imul rax, rax, 0x5851f42d
  add rax, rcx
  add rdi, 8
  loop .fill
  xor r15d, r15d                      ; the checksum
  xor r14d, r14d                      ; where in the data
.round:
  mov ebp, 16
.inner:
  call step
  add r14d, 4360
  and r14d, 0xfff8
  dec ebp
  jne .inner
  lea rsi, [r14+DATA]
  lea edi, [r14+DATA+0x10000]
  mov ecx, 8
  rep movsq
  dec r12
  jne .round
  mov rax, r15
  call print_hex
  call new_line
  xor eax, eax
  ret

step:
  push rbp
  lea rsi, [r14+DATA]
  mov rax, [rsi]
  mov rdx, [rsi+8]
  add rax, r15
  ror rax, 13
  xor rdx, rax
  mov [rsi+8], rdx
  bsf rcx, rdx
  shl rax, cl
  test dl, 3
  je .short
  movzx ebx, word ptr [rsi+2]
  imul rbx, rdx
  add rax, rbx
  cmp rax, rdx
  jb .less
  sub rax, rdx
  setne bl
.less:
  adc r15, rbx
.short:
  lea r15, [r15+rax*2+1]
  mov [rsi], r15
  movsx rbp, byte ptr [rsi+5]
  cmovs rax, rbp
  add r15, rax
  pop rbp
  ret
