; Tests the local APIC in x2APIC mode, its timer and the TSC deadline: SDM 10.5.4, 10.12.
include "start.asm"
include "check.asm"

APIC_BASE = 0x1b                      ; MSRs
DEADLINE = 0x6e0
ID       = 0x802
VERSION  = 0x803
TPR      = 0x808
EOI      = 0x80b
LDR      = 0x80d
SPURIOUS = 0x80f
ICR      = 0x830
TIMER    = 0x832
INITIAL  = 0x838
CURRENT  = 0x839
DIVIDE   = 0x83e
SELF_IPI = 0x83f
VECTOR   = 0x50
ENABLED  = 0xc00                      ; both modes' bits of IA32_APIC_BASE, and each alone
XAPIC    = 0x800
X2APIC   = 0x400
MASKED   = 0x10000
PERIODIC = 0x20000
UNTIL_DEADLINE = 0x40000
HITS     = GUEST_VARIABLES

macro write register, low, high
  mov ecx, register
  mov eax, low
  mov edx, high
  wrmsr
endmacro

macro may_write register, low, high
  mov ecx, register
  mov eax, low
  mov edx, high
  attempt wrmsr
endmacro

macro read register
  mov ecx, register
  rdmsr
endmacro

macro refuses name, register, low, high
  may_write register, low, high
  expect_code name, 13, 0
endmacro

; Writes the mode's bits of IA32_APIC_BASE.
macro mode bits
  mov ecx, APIC_BASE
  rdmsr
  and eax, -ENABLED-1
  or eax, bits
  attempt wrmsr
endmacro

macro hits name, number
  cmp qword ptr [HITS], number
  check name
endmacro

main:
  unless_cpuid 1, ecx, 21, finish
  mov qword ptr [HANDLERS+VECTOR*8], count
  mov ebx, 0xfee00000
  mov r12d, [rbx+0x20]
  shr r12d, 24                        ; the APIC ID
  call modes
  call registers
  call interrupts
  call timer
  call deadline
  mode 0
  expect "x2APIC mode may be left for none", NOTHING
  mode XAPIC
  expect "and xAPIC mode entered again", NOTHING
  jmp finish

modes:
  mov ecx, ID
  attempt rdmsr
  expect_code "x2APIC registers are #GP in xAPIC mode", 13, 0
  mode X2APIC
  expect_code "x2APIC mode needs the enable bit", 13, 0
  mode 0
  expect "the APIC may be off", NOTHING
  mode ENABLED
  expect_code "x2APIC mode is not entered from there", 13, 0
  mode XAPIC
  mode ENABLED
  expect "but from xAPIC mode", NOTHING
  mode XAPIC
  expect_code "and not left to there", 13, 0
  read APIC_BASE
  and eax, ENABLED
  cmp eax, ENABLED
  check "IA32_APIC_BASE says so"
  mode 0
  mode XAPIC
  mode ENABLED
  expect "it can be entered again", NOTHING
  ret

registers:
  read ID
  cmp eax, r12d
  check "the ID is that of before, in all 32 bits"
  read LDR
  mov ecx, r12d
  mov ebx, 1
  shl ebx, cl                         ; by ID modulo 32; 16 in a cluster
  mov edx, ebx
  shr edx, 16
  or ebx, edx
  movzx ebx, bx
  shr ecx, 4
  shl ecx, 16
  or ebx, ecx
  cmp eax, ebx
  check "the logical ID follows from it"
  refuses "it cannot be written", LDR, 1, 0
  refuses "nor the ID", ID, 1, 0
  refuses "nor the version", VERSION, 1, 0
  refuses "nor the timer's count", CURRENT, 1, 0
  mov ecx, 0x80e
  attempt rdmsr
  expect_code "there is no destination format", 13, 0
  mov ecx, 0x831
  attempt rdmsr
  expect_code "nor an upper half of the ICR", 13, 0
  mov ecx, EOI
  attempt rdmsr
  expect_code "EOI is only written", 13, 0
  mov ecx, SELF_IPI
  attempt rdmsr
  expect_code "SELF IPI, too", 13, 0
  refuses "EOI takes nothing but 0", EOI, 1, 0
  refuses "bits 63:32 of a register are reserved", TPR, 0, 1
  refuses "bits 31:8 of TPR", TPR, 0x100, 0
  refuses "bits 31:8 of SELF IPI", SELF_IPI, 0x100, 0
  refuses "bit 13 of the ICR", ICR, 0x2000, 0
  write TPR, 0x20, 0
  mov rax, cr8
  cmp eax, 2
  check "TPR is CR8"
  xor eax, eax
  mov cr8, rax
  read TPR
  test eax, eax
  check "and CR8 TPR"
  write SPURIOUS, 0x1ff, 0
  read SPURIOUS
  and eax, 0x1ff
  cmp eax, 0x1ff
  check "the APIC is software-enabled"
  ret

interrupts:
  mov qword ptr [HITS], 0
  write SELF_IPI, VECTOR, 0
  sti
  nop
  cli
  hits "SELF IPI interrupts", 1
  write ICR, 0x40000+VECTOR, 0
  sti
  nop
  cli
  hits "an ICR with the shorthand for self does", 2
  write ICR, VECTOR, r12d
  sti
  nop
  nop
  cli
  hits "one with the 32-bit ID does", 3
  read LDR
  mov ebx, eax
  write ICR, 0x800+VECTOR, ebx
  sti
  nop
  nop
  cli
  hits "one with the logical ID does", 4
  write ICR, VECTOR, -1
  sti
  nop
  nop
  cli
  hits "and one to all", 5
  read ICR
  cmp edx, -1
  check "the ICR reads back in 64 bits"
  ret

timer:
  mov qword ptr [HITS], 0
  write DIVIDE, 0xb, 0                ; by 1
  write TIMER, VECTOR, 0
  write INITIAL, 2000, 0
  sti
  hlt
  cli
  hits "the timer interrupts once", 1
  read CURRENT
  test eax, eax
  check "and stands at 0 then"
  write INITIAL, 0x10000000, 0
  read CURRENT
  mov ebx, eax
  call wait
  read CURRENT
  cmp eax, ebx
  setae al
  cmp al, 0
  check "it counts down"
  write INITIAL, 0, 0
  call wait_open
  hits "and stops when the initial count is 0", 1
  write TIMER, MASKED+VECTOR, 0
  write INITIAL, 2000, 0
  call wait_open
  hits "it does not interrupt while it is masked", 1
  write TIMER, PERIODIC+VECTOR, 0
  write INITIAL, 20000, 0
  sti
.periods:
  hlt
  cmp qword ptr [HITS], 4
  jb .periods
  cli
  write INITIAL, 0, 0
  hits "a periodic timer goes on", 4
  ret

deadline:
  unless_cpuid 1, ecx, 24, .end
  mov qword ptr [HITS], 0
  write TIMER, UNTIL_DEADLINE+VECTOR, 0
  read DEADLINE
  or eax, edx
  test eax, eax
  check "no deadline is armed at first"
  call set_deadline
  sti
  hlt
  cli
  hits "the deadline interrupts", 1
  rdtsc
  shl rdx, 32
  or rax, rdx
  cmp rax, r13
  setb al
  cmp al, 0
  check "not before its time"
  read DEADLINE
  or eax, edx
  test eax, eax
  check "and disarms itself"
  write DEADLINE, 1, 0
  call wait_open
  hits "one in the past interrupts at once", 2
  call set_deadline
  write DEADLINE, 0, 0
  call wait_open
  hits "0 disarms it", 2
  write INITIAL, 2000, 0
  call wait_open
  hits "the initial count has no effect", 2
  call set_deadline
  write TIMER, VECTOR, 0
  call wait_open
  hits "leaving the mode disarms it", 2
  write DEADLINE, 1, 0
  call wait_open
  hits "in another mode there is none", 2
.end:
  write TIMER, MASKED, 0
  ret

; Some 20,000 cycles from now; R13 is when.
set_deadline:
  rdtsc
  shl rdx, 32
  or rax, rdx
  add rax, 20000
  mov r13, rax
  mov rdx, rax
  shr rdx, 32
  mov ecx, DEADLINE
  wrmsr
  ret

wait_open:
  sti
  call wait
  cli
  ret
wait:
  push rcx
  mov ecx, 30000
.again:
  loop .again
  pop rcx
  ret

count:
  inc qword ptr [HITS]
  push rax
  push rcx
  push rdx
  write EOI, 0, 0
  pop rdx
  pop rcx
  pop rax
  add rsp, 16
  iretq
