; Tests debug exceptions: SDM chapter 17.
include "start.asm"
include "check.asm"

; What the last debug exceptions came to
HITS   = GUEST_VARIABLES
STATUS = GUEST_VARIABLES+8            ; DR6
WHERE  = GUEST_VARIABLES+16           ; RIP
DATA   = 0xa00000
BS     = 0x4000
BD     = 0x2000
NONE   = 0xffff0ff0                   ; DR6 without any

macro watch
  mov qword ptr [HITS], 0
  mov qword ptr [STATUS], 0
  mov eax, NONE
  mov dr6, rax
endmacro

; Passed if there were so many debug exceptions, the last with these bits of DR6, at an address.
macro caught name, hits, bits, where
  xor eax, eax
  cmp qword ptr [HITS], hits
  setne al
  mov ecx, [STATUS]
  xor ecx, NONE
  xor ecx, bits
  or eax, ecx
  mov rcx, where
  xor rcx, [WHERE]
  or rax, rcx
  call report
  db name, 0
endmacro

macro set_breakpoint address, control
  mov rax, address
  mov dr0, rax
  mov eax, control
  mov dr7, rax
endmacro

main:
  mov qword ptr [HANDLERS+8], debug_exception
  watch
  pushfq
  bts qword ptr [rsp], 8              ; TF
  popfq
  nop
.first:
  nop
.second:
  pushfq
  btr qword ptr [rsp], 8
  popfq
.stepped:
  caught "single-stepping traps behind each instruction", 5, BS, .stepped
  watch
  set_breakpoint .execution, 0x402    ; execution
  nop
.execution:
  nop
  caught "an instruction breakpoint is a fault", 1, 1, .execution
  watch
  set_breakpoint DATA, 0xd0402        ; writes of 4 bytes
  mov eax, [DATA]
  mov eax, [DATA+4]
  mov [DATA+4], eax
  mov [DATA+3], al
.written:
  caught "a write breakpoint is a trap, and covers its bytes", 1, 1, .written
  watch
  set_breakpoint DATA, 0xf0402        ; accesses of 4 bytes
  mov eax, [DATA-2]
.read:
  caught "an access breakpoint sees reads that overlap it", 1, 1, .read
  watch
  set_breakpoint DATA, 0x10402        ; writes of 1 byte
  mov ecx, 4
  mov edi, DATA-2
.iteration:
  rep stosb
  caught "a breakpoint is hit by an iteration of REP STOSB", 1, 1, .iteration
  watch
  set_breakpoint DATA, 0xd0000
  mov [DATA], eax
  cmp qword ptr [HITS], 0
  check "a breakpoint that is not enabled is not hit"
  mov rax, cr4
  or eax, 8                           ; DE
  mov cr4, rax
  watch
  set_breakpoint 0x80, 0x20402        ; I/O
  in al, 0x81
  in al, 0x80
.io:
  caught "an I/O breakpoint", 1, 1, .io
  attempt {mov rax, dr4}
  expect "DR4 with CR4.DE is #UD", 6
  watch
  mov eax, 0x2400                     ; GD
  mov dr7, rax
.detected:
  mov rax, dr7
  caught "general detection is a fault", 1, BD, .detected
  mov eax, 0x400
  mov dr7, rax
  watch
  db 0xf1                             ; INT1
.int1:
  caught "INT1 traps and sets nothing in DR6", 1, 0, .int1
  watch
  set_breakpoint DATA, 0xd0402
  mov ax, 0x10
  mov ss, ax
  mov [DATA], eax
.behind:
  caught "the access itself is not held up by MOV SS before it", 1, 1, .behind
  mov dword ptr [DATA], 0x10
  watch
  set_breakpoint DATA, 0xf0402
  mov ss, word ptr [DATA]
  nop
.held:
  caught "MOV SS holds its own data breakpoint up", 1, 1, .held
  mov eax, 0x400
  mov dr7, rax
  mov rax, 0x100000000
  attempt {mov dr6, rax}
  expect_code "bits 63:32 of DR6 are #GP", 13, 0
  attempt {mov dr7, rax}
  expect_code "bits 63:32 of DR7 are #GP", 13, 0
  mov eax, 0x400
  mov dr7, rax
  in_user_mode {mov rax, dr0}
  expect_code "MOV from DR0 in user mode is #GP", 13, 0
  jmp finish

; Counts, and goes on: behind a fault by RF.
debug_exception:
  push rax
  inc qword ptr [HITS]
  mov rax, dr6
  mov [STATUS], rax
  mov eax, NONE
  mov dr6, rax
  mov rax, [rsp+24]
  mov [WHERE], rax
  bts qword ptr [rsp+40], 16          ; RF
  pop rax
  add rsp, 16
  iretq
