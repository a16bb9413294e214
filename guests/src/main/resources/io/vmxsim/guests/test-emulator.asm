; Tests instructions on a device's memory: each must do there what it does in RAM.
;
; The device is pc-testdev's memory at FF000000H. Without it, as on Bochs, nothing is tested.
include "start.asm"
include "check.asm"

WINDOW   = 0x8000000000               ; a page that shows first RAM, then the device
RAM      = 0xa00000
DEVICE   = 0xff000000
SIZE     = 256                        ; bytes that are filled and compared
STRING   = 0xc00000                   ; RAM for the other side of string instructions
FIRST    = 0xb00000                   ; registers and memory after the first time,
SECOND   = 0xb01000                   ; and registers after the second
REGISTERS = 0x70                      ; bytes of registers
POINTERS_OF_WINDOW = FREE
DIRECTORY_OF_WINDOW = FREE+0x1000
TABLE    = FREE+0x2000

; Does the same in RAM and at the device; RBX is where. Passed if registers, flags and memory come
; out alike.
macro form name, code, then, after, last
  mov eax, RAM+3
  call prepare
  code
  then
  after
  last
  call keep
  mov eax, DEVICE+3
  call prepare
  code
  then
  after
  last
  call compare
  check name
endmacro

; One of ADD to XOR in its forms.
macro arithmetic name, operation
  form name, {operation byte ptr [rbx+3], cl}
  form "of 16 bits", {operation word ptr [rbx+6], cx}
  form "of 32 bits", {operation dword ptr [rbx+8], ecx}
  form "of 64 bits, locked", {lock operation qword ptr [rbx+16], rcx}
  form "with an immediate", {operation qword ptr [rbx+16], -5}
  form "to a register", {operation rdx, [rbx+24]}
endmacro

main:
  mov ebx, DEVICE
  mov rax, 0x1122334455667788
  mov [rbx], rax
  cmp [rbx], rax
  jne finish
  mov qword ptr [TABLES+8], POINTERS_OF_WINDOW+3
  mov qword ptr [POINTERS_OF_WINDOW], DIRECTORY_OF_WINDOW+3
  mov qword ptr [DIRECTORY_OF_WINDOW], TABLE+3
  mov rax, cr4
  or eax, 0x600                       ; SSE
  mov cr4, rax
  call moves
  call arithmetic_forms
  call bit_forms
  call stack_forms
  call string_forms
  call vector_forms
  call system_forms
  jmp finish

moves:
  form "MOV of 8 bits", {mov byte ptr [rbx+1], cl}
  form "of a high byte", {mov byte ptr [rbx+1], ch}
  form "of 16 bits", {mov word ptr [rbx+2], cx}
  form "of 32 bits", {mov dword ptr [rbx+4], ecx}
  form "of 64 bits", {mov qword ptr [rbx+8], rcx}
  form "that is not aligned", {mov qword ptr [rbx+13], rcx}
  form "of an immediate", {mov qword ptr [rbx+8], -0x12345678}
  form "from there, 8 bits", {mov dh, [rbx+1]}
  form "from there, 32 bits", {mov r9d, [rbx+9]}
  form "from there, 64 bits", {mov r9, [rbx+9]}
  form "with index and scale", {mov rdx, [rbx+rsi*4+9]}
  form "from there to a segment register", {mov fs, word ptr [rbx+0x80]}
  form "and back", {mov word ptr [rbx+2], fs}
  form "MOVZX", {movzx edx, byte ptr [rbx+9]}
  form "MOVZX of 16 bits", {movzx rdx, word ptr [rbx+9]}
  form "MOVSX", {movsx dx, byte ptr [rbx+8]}
  form "MOVSXD", {movsxd rdx, dword ptr [rbx+8]}
  form "XCHG", {xchg [rbx+8], rdx}
  form "XCHG of 8 bits", {xchg [rbx+8], dl}
  form "XADD", {lock xadd [rbx+8], edx}
  form "CMPXCHG, different", {lock cmpxchg [rbx+8], rdx}
  form "CMPXCHG, equal", {cmpxchg [rbx+0x88], rdx}
  form "CMPXCHG8B", {lock cmpxchg8b [rbx+8]}
  form "CMPXCHG16B", {lock cmpxchg16b [rbx+16]}
  form "CMOVE", {cmove rdx, [rbx+8]}
  form "CMOVNE", {cmovne rdx, [rbx+8]}
  form "SETB", {setb byte ptr [rbx+8]}
  form "MOVNTI", {movnti [rbx+8], rdx}
  form "MOVBE", {movbe rdx, [rbx+8]}
  form "LEA touches nothing", {lea rdx, [rsi+8]}
  ret

arithmetic_forms:
  arithmetic "ADD", add
  arithmetic "OR", or
  arithmetic "ADC", adc
  arithmetic "SBB", sbb
  arithmetic "AND", and
  arithmetic "SUB", sub
  arithmetic "XOR", xor
  form "CMP", {cmp byte ptr [rbx+3], cl}
  form "CMP of 64 bits", {cmp [rbx+16], rcx}
  form "with an immediate", {cmp word ptr [rbx+16], -5}
  form "by a register", {cmp rdx, [rbx+24]}
  form "INC", {inc word ptr [rbx+6]}
  form "DEC, locked", {lock dec qword ptr [rbx+8]}
  form "NEG", {neg dword ptr [rbx+8]}
  form "NOT", {lock not byte ptr [rbx+8]}
  form "TEST", {test [rbx+8], rdx}
  form "TEST with an immediate", {test dword ptr [rbx+8], 0x8001}
  form "MUL", {mul qword ptr [rbx+8]}
  form "IMUL of 8 bits", {imul byte ptr [rbx+8]}
  form "IMUL with three operands", {imul rdx, [rbx+8], -7}
  form "DIV", {div dword ptr [rbx+0x90]}
  form "IDIV", {idiv word ptr [rbx+0x90]}
  form "ADCX", {adcx rdx, [rbx+8]}
  ret

bit_forms:
  form "SHL", {shl qword ptr [rbx+8], cl}
  form "SAR", {sar word ptr [rbx+8], 3}
  form "ROL", {rol byte ptr [rbx+8], 1}
  form "RCR", {rcr dword ptr [rbx+8], cl}
  form "SHLD", {shld [rbx+8], rdx, cl}
  form "SHRD", {shrd word ptr [rbx+8], dx, 5}
  form "BT", {bt qword ptr [rbx+8], 13}
  form "BTS, locked", {lock bts dword ptr [rbx+8], 2}
  form "BTR by a register, far away", {btr qword ptr [rbx+8], rdi}
  form "BTC", {btc word ptr [rbx+8], cx}
  form "BSF", {bsf rdx, [rbx+8]}
  form "BSR", {bsr edx, [rbx+8]}
  form "POPCNT", {popcnt rdx, [rbx+8]}
  form "CRC32", {crc32 edx, byte ptr [rbx+8]}
  form "ANDN", {andn rdx, rcx, [rbx+8]}
  form "SHLX", {shlx rdx, [rbx+8], rcx}
  ret

stack_forms:
  form "PUSH", {push qword ptr [rbx+8]}, {pop rdx}
  form "PUSH of 16 bits", {push word ptr [rbx+8]}, {pop dx}
  form "POP", {push rcx}, {pop qword ptr [rbx+8]}
  form "POP of 16 bits", {push cx}, {pop word ptr [rbx+8]}
  form "CALL through memory", {call qword ptr [rbx+0x98]}
  form "PUSH to a stack there", {xchg rsp, r12}, {push rcx}, {xchg rsp, r12}
  form "POP from there", {xchg rsp, r12}, {pop rcx}, {xchg rsp, r12}
  form "PUSHFQ", {xchg rsp, r12}, {pushfq}, {xchg rsp, r12}
  form "CALL and RET with a stack there", {xchg rsp, r12}, {call returns}, {mov [rsp-8], rsp}, {xchg rsp, r12}
  form "ENTER and LEAVE", {xchg rsp, r12}, {enter 16, 0}, {leave}, {xchg rsp, r12}
  ret

string_forms:
  form "STOSB", {mov rdi, rbx}, {stosb}
  form "REP STOSW", {mov rdi, rbx}, {mov ecx, 5}, {rep stosw}
  form "REP STOSQ downwards", {lea rdi, [rbx+64]}, {mov ecx, 5}, {std}, {rep stosq}
  form "LODSB", {lea rsi, [rbx+7]}, {lodsb}
  form "REP LODSD", {lea rsi, [rbx+8]}, {mov ecx, 3}, {rep lodsd}
  form "REP MOVSB there", {mov esi, STRING}, {mov rdi, rbx}, {mov ecx, 13}, {rep movsb}
  form "REP MOVSQ from there", {mov edi, STRING+64}, {mov rsi, rbx}, {mov ecx, 3}, {rep movsq}
  form "REP MOVSD within", {lea rdi, [rbx+4]}, {mov rsi, rbx}, {mov ecx, 6}, {rep movsd}
  form "REPE CMPSB", {lea rsi, [rbx+16]}, {mov edi, STRING+16}, {mov ecx, 200}, {repe cmpsb}
  form "CMPSQ the other way", {lea rdi, [rbx+16]}, {mov esi, STRING+18}, {cmpsq}
  form "REPNE SCASB", {mov rdi, rbx}, {mov al, [rbx+19]}, {mov ecx, 100}, {repne scasb}
  form "XLAT", {mov al, 9}, {xlat}
  form "INSB", {mov edx, 0xe1}, {mov rdi, rbx}, {insb}
  form "OUTSW", {mov edx, 0xe0}, {lea rsi, [rbx+9]}, {outsw}, {in eax, dx}
  ret

vector_forms:
  form "MOVD", {movd xmm0, dword ptr [rbx+9]}
  form "MOVQ to there", {movq qword ptr [rbx+9], xmm0}
  form "MOVUPS", {movups xmm0, [rbx+9]}
  form "MOVDQA", {movdqa [rbx+16], xmm0}
  form "MOVDQA from there", {movdqa xmm0, [rbx+32]}
  form "MOVHPS", {movhps xmm0, [rbx+32]}
  form "MOVSS", {movss [rbx+32], xmm0}
  form "PADDD", {paddd xmm0, [rbx+32]}
  form "PXOR", {pxor xmm0, [rbx+48]}
  form "PSHUFB", {pshufb xmm0, [rbx+48]}
  form "CVTSI2SD", {cvtsi2sd xmm0, qword ptr [rbx+48]}
  form "UCOMISD", {ucomisd xmm0, [rbx+48]}
  form "MOVNTDQ", {movntdq [rbx+48], xmm0}
  form "STMXCSR", {stmxcsr [rbx+4]}
  form "FILD and FISTP", {fninit}, {fild dword ptr [rbx+4]}, {fistp qword ptr [rbx+24]}
  form "FADD and FSTP", {fld1}, {fadd dword ptr [rbx+4]}, {fstp qword ptr [rbx+24]}
  form "FSTP of 80 bits", {fldpi}, {fstp tbyte ptr [rbx+20]}
  form "FNSTCW", {fnstcw word ptr [rbx+20]}
  form "FNSTSW", {fnstsw word ptr [rbx+20]}
  ret

system_forms:
  form "SGDT", {sgdt [rbx+5]}
  form "SIDT", {sidt [rbx+5]}
  form "SLDT", {sldt word ptr [rbx+5]}
  form "STR", {str word ptr [rbx+5]}
  form "SMSW", {smsw word ptr [rbx+5]}
  form "LMSW", {smsw word ptr [rbx+5]}, {lmsw word ptr [rbx+5]}
  form "LGDT", {sgdt [rbx+5]}, {lgdt [rbx+5]}
  form "LIDT", {sidt [rbx+5]}, {lidt [rbx+5]}
  form "LAR", {lar edx, word ptr [rbx+0x80]}
  form "LSL", {lsl edx, word ptr [rbx+0x80]}
  form "VERW", {verw word ptr [rbx+0x80]}
  form "CLFLUSH", {clflush [rbx+5]}
  form "INVLPG", {invlpg [rbx+5]}
  ret

returns:
  ret

; Shows the frame of entry EAX at RBX, fills it, and gives registers and flags their first values.
prepare:
  mov [TABLE], rax
  mov rbx, WINDOW
  invlpg [rbx]
  cld
  xor ecx, ecx
  mov eax, 0x5b
.byte:
  mov [rbx+rcx], al
  mov [STRING+rcx], al
  imul eax, eax, 37
  add al, 11
  inc ecx
  cmp ecx, SIZE
  jb .byte
  mov byte ptr [STRING+40], 0
  mov word ptr [rbx+0x80], 0x10       ; a selector
  mov rax, 0x1234567890abcdef
  mov [rbx+0x88], rax                 ; what RAX is
  mov dword ptr [rbx+0x90], 0x7fff7ff1            ; a divisor
  mov qword ptr [rbx+0x98], returns
  movdqu xmm0, [STRING+3]
  mov ecx, 0x80234565
  mov edx, 0x11220123
  mov esi, 3
  mov edi, 333
  lea r12, [rbx+0x60]
  mov ebp, 0x77
  xor r9d, r9d
  push 0x8d7                          ; OF, SF, ZF, AF, PF, CF
  popfq
  ret

macro store block
  pushfq
  pop qword ptr [block]
  mov [block+8], rax
  mov [block+16], rcx
  mov [block+24], rdx
  mov [block+32], rbx
  mov [block+40], rsp
  mov [block+48], rbp
  mov [block+56], rsi
  mov [block+64], rdi
  mov [block+72], r9
  mov [block+80], r12
  movdqu [block+96], xmm0
  cld
endmacro

keep:
  store FIRST
  mov rsi, rbx
  mov edi, FIRST+REGISTERS
  mov ecx, 32
  rep movsq
  ret

compare:                              ; ZF = 1 if alike
  store SECOND
  mov rsi, rbx
  mov edi, FIRST+REGISTERS
  mov ecx, SIZE
  repe cmpsb
  jne .end
  mov esi, FIRST
  mov edi, SECOND
  mov ecx, REGISTERS
  repe cmpsb
.end:
  ret
