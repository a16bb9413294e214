; Tests CMPXCHG, CMPXCHG8B and CMPXCHG16B: SDM volume 2.
include "start.asm"
include "check.asm"

DATA     = 0xa00000                   ; aligned to 16 bytes
ENTRY    = DIRECTORY+40             ; what maps it
LOW      = 0x1122334455667788
HIGH     = 0x99aabbccddeeff00

macro data low, high
  mov rax, low
  mov [DATA], rax
  mov rax, high
  mov [DATA+8], rax
endmacro

; Passed if memory holds these 8 bytes at DATA + offset.
macro holds name, offset, value
  mov rbp, value
  cmp [DATA+offset], rbp
  check name
endmacro

macro register name, register, value
  mov rbp, value
  cmp register, rbp
  check name
endmacro

; Whether ZF is set, and nothing else of the flags but what they were.
macro flags name, expected
  pushfq
  pop rbp
  and ebp, 0x8d5
  cmp ebp, expected
  check name
endmacro

macro set_flags bits
  push bits+2
  popfq
endmacro

main:
  call bytes_8
  unless_cpuid 1, ecx, 13, .no_16
  call bytes_16
  jmp .compare
.no_16:
  attempt {cmpxchg16b [DATA]}
  expect "CMPXCHG16B where CPUID lacks it is #UD", 6
.compare:
  call one_operand
  call read_only
  jmp finish

bytes_8:
  data LOW, HIGH
  mov eax, 0x55667788
  mov edx, 0x11223344
  mov ebx, 1
  mov ecx, 2
  set_flags 0x895                     ; OF, SF, AF, PF, CF
  cmpxchg8b [DATA]
  flags "CMPXCHG8B sets ZF alone if equal", 0x8d5
  holds "and stores ECX:EBX", 0, 0x200000001
  holds "and no more", 8, HIGH
  mov rax, -1
  mov rdx, -1
  set_flags 0x8d5
  lock cmpxchg8b [DATA]
  flags "it clears ZF alone if not", 0x895
  register "and loads EAX, zero-extended", rax, 1
  register "and EDX", rdx, 2
  holds "and leaves memory", 0, 0x200000001
  mov eax, 1
  mov edx, 3                          ; the upper half differs
  cmpxchg8b [DATA]
  setne cl
  cmp cl, 1
  check "both halves are compared"
  mov edx, 0
  mov eax, 2
  mov qword ptr [DATA+3], 2
  mov ebx, 5
  mov ecx, 6
  lock cmpxchg8b [DATA+3]
  holds "it needs no alignment", 3, 0x600000005
  attempt {db 0x0f, 0xc7, 0xc8}
  expect "a register operand is #UD", 6
  in_user_mode {cmpxchg8b [rbx+USER+DATA-5]}
  expect "user mode may", NOTHING
  ret

bytes_16:
  data LOW, HIGH
  mov rax, LOW
  mov rdx, HIGH
  mov ebx, 1
  mov ecx, 2
  set_flags 0x895
  lock cmpxchg16b [DATA]
  flags "CMPXCHG16B sets ZF alone if equal", 0x8d5
  holds "and stores RBX", 0, 1
  holds "and RCX", 8, 2
  set_flags 0x8d5
  cmpxchg16b [DATA]
  flags "it clears ZF alone if not", 0x895
  register "and loads RAX", rax, 1
  register "and RDX", rdx, 2
  attempt {cmpxchg16b [DATA+8]}
  expect_code "a misaligned operand is #GP", 13, 0
  mov rbp, 0x800000000000
  attempt {cmpxchg16b [rbp]}
  expect_code "a non-canonical one through RBP is #SS", 12, 0
  ret

one_operand:
  data LOW, HIGH
  mov eax, 0x88
  mov ecx, 0x2a
  cmpxchg [DATA], cl
  holds "CMPXCHG of a byte stores it", 0, 0x112233445566772a
  mov eax, 0x1111772b
  lock cmpxchg [DATA], cx
  setb dl
  register "of a word loads AX alone", rax, 0x1111772a
  cmp dl, 0
  check "CF is that of AX - destination"
  mov rax, -1
  cmpxchg [DATA], ecx
  register "of a double word loads EAX, zero-extended", rax, 0x5566772a
  mov rax, 0x112233445566772a
  mov rcx, HIGH
  lock cmpxchg [DATA], rcx
  holds "of a quad word stores it", 0, HIGH
  mov eax, 7
  mov esi, 7
  mov edi, 8
  cmpxchg esi, edi
  register "a register may be the destination", rsi, 8
  attempt {db 0xf0, 0x0f, 0xb1, 0xfe}
  expect "LOCK needs memory: #UD", 6
  ret

; A processor writes in any case, if need be what it read.
read_only:
  data LOW, HIGH
  btr dword ptr [ENTRY], 1
  invlpg [DATA]
  xor eax, eax
  xor edx, edx
  attempt {cmpxchg8b [DATA]}
  expect_code "a comparison that fails still writes: CMPXCHG8B", 14, 3
  attempt {cmpxchg [DATA], ecx}
  expect_code "CMPXCHG", 14, 3
  register "and the accumulator keeps its value", rax, 0
  bts dword ptr [ENTRY], 1
  invlpg [DATA]
  ret
