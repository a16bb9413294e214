; Tests task switches between 32-bit and 16-bit tasks, by CALL, JMP, IRET, gates: SDM chapter 7.
include "start.asm"
include "check.asm"
include "legacy.asm"

GDT32    = 0x3e2000                   ; the start's descriptors, and from 50H on those of "descriptors"
MAIN     = 0x3e4000                   ; the TSS of the main task,
OTHER    = 0x3e5000                   ; of another,
NARROW   = 0x3e6000                   ; and of one with 16 bits
LDT      = 0x3e7000
OTHER_STACK = 0x3d0000
IN_MAIN  = 0x50                       ; selectors
IN_OTHER = 0x58
IN_NARROW = 0x60
GATE     = 0x68
NARROW_CODE = 0x70
NARROW_STACK = 0x78
ABSENT   = 0x80
TOO_SHORT = 0x88
IN_LDT   = 0x90
ABSENT_DATA = 0x98
; A TSS: link, EIP, EFLAGS, EAX, EBX, ESP, ES, CS, SS, DS, FS, LDT segment, T
EIP      = 32
EFLAGS   = 36
EAX      = 40
EBX      = 52
ESP      = 56
ES       = 72
CS       = 76
SS       = 80
DS       = 84
FS       = 88
LDTR     = 96
T        = 100
; and with 16 bits
IP16     = 14
FLAG16   = 16
AX16     = 18
SP16     = 26
ES16     = 34
CS16     = 36
SS16     = 38
DS16     = 40
LDTR16   = 42
; What the other task found: EAX, EFLAGS, TR, CR0, both TSS descriptors' types, link, LDTR, on its stack
SEEN     = GUEST_VARIABLES

macro other entry
  call set_up_tasks
  mov dword ptr [OTHER+EIP], entry
endmacro

macro same name, value, expected
  mov eax, value
  cmp eax, expected
  note name
endmacro

macro fails name, code, number, error
  other task
  attempt32 {code}
  note_raised name, number, error
endmacro

macro has_bit name, value, bit
  mov eax, value
  bt eax, bit
  sbb eax, eax
  inc eax
  note name
endmacro

macro has_no_bit name, value, bit
  mov eax, value
  bt eax, bit
  sbb eax, eax
  test eax, eax
  note name
endmacro

main:
  mov dword ptr [gdt+TASK+4], 0x8920  ; free again, for the way back
  call leave_64_bit_mode
bits 32
  call by_call
  call by_jump
  call by_gates
  call refused
  call in_new_task
  call narrow
  other task                          ; a 32-bit task register, which 64-bit mode can have
  call return_to_64_bit_mode
bits 64
  call report_notes
  jmp finish

bits 32
by_call:
  other task
  mov ebx, 0x12345678
  call far IN_OTHER:0
  cmp ebx, 0x12345678
  note "CALL to a TSS and IRET come back, with EBX as it was"
  same "the new task's EAX comes from its TSS", [SEEN], 0xabcd1234
  has_bit "NT is set in it", [SEEN+4], 14
  same "TR names its TSS", [SEEN+8], IN_OTHER
  has_bit "CR0.TS is set", [SEEN+12], 3
  same "its link names the task before", [SEEN+24], IN_MAIN
  same "both are busy: the task before", [SEEN+16], 0x8b
  same "and the new one", [SEEN+20], 0x8b
  str eax
  cmp eax, IN_MAIN
  note "TR is back"
  movzx ecx, byte ptr [GDT32+IN_OTHER+5]
  same "the other task is no longer busy", ecx, 0x89
  pushfd
  pop ecx
  has_no_bit "NT is clear here", ecx, 14
  has_no_bit "and in what the other task left", [OTHER+EFLAGS], 14
  same "which goes on behind its IRET", [OTHER+EIP], task.again
  mov dword ptr [SEEN], 0
  call far IN_OTHER:0
  same "CALL again runs it from there", [SEEN], 0x77
  ret

by_jump:
  other jumper
  jmp far IN_OTHER:0
  same "JMP to a TSS and JMP back", [SEEN], 0xabcd1234
  has_no_bit "NT is clear in it", [SEEN+4], 14
  same "the task before is not busy", [SEEN+16], 0x89
  same "and there is no link", [SEEN+24], 0xffff
  ret

by_gates:
  other task
  call far GATE:0
  same "CALL through a task gate", [SEEN+8], IN_OTHER
  same "links the tasks", [SEEN+24], IN_MAIN
  other task
  mov dword ptr [IDT32+0x30*8], IN_OTHER*0x10000
  mov dword ptr [IDT32+0x30*8+4], 0x8500
  int 0x30
  same "INT through a task gate", [SEEN+8], IN_OTHER
  has_bit "sets NT", [SEEN+4], 14
  other with_code
  mov eax, [IDT32+13*8]
  mov ecx, [IDT32+13*8+4]
  mov dword ptr [IDT32+13*8], IN_OTHER*0x10000
  mov dword ptr [IDT32+13*8+4], 0x8500
  push eax
  push ecx
  mov ax, 0x1234
  mov ds, ax
  mov eax, ds
  cmp eax, 0x10
  note "an exception through a task gate returns to what raised it"
  same "with its error code on the new stack", [SEEN], 0x1234
  same "and nothing else", [SEEN+4], OTHER_STACK
  pop dword ptr [IDT32+13*8+4]
  pop dword ptr [IDT32+13*8]
  ret

refused:
  fails "CALL to a TSS that is not present", {call far ABSENT:0}, 11, ABSENT
  fails "to one that is too short", {call far TOO_SHORT:0}, 10, TOO_SHORT
  fails "JMP to the task's own, which is busy", {jmp far IN_MAIN:0}, 13, IN_MAIN
  fails "CALL with RPL 3 to one with DPL 0", {call far 0x5b:0}, 13, IN_OTHER
  other task
  bts dword ptr [GDT32+IN_OTHER+4], 9
  attempt32 {call far IN_OTHER:0}
  note_raised "CALL to a busy one", 13, IN_OTHER
  str eax
  cmp eax, IN_MAIN
  note "leaves TR alone"
  other task
  mov word ptr [MAIN], IN_OTHER
  attempt32 {call .nested}
  note_raised "IRET to a task that is not busy", 10, IN_OTHER
  mov word ptr [MAIN], 0x10
  attempt32 {call .nested}
  note_raised "IRET to what is no TSS", 10, 0x10
  mov word ptr [MAIN], IN_OTHER+4
  attempt32 {call .nested}
  note_raised "IRET to a selector of the LDT", 10, IN_OTHER+4
  ret
.nested:
  pushfd
  bts dword ptr [esp], 14
  popfd
  iretd

; Faults that come when the new task has begun.
in_new_task:
  other task
  mov dword ptr [OTHER+FS], ABSENT_DATA
  attempt32 {call far IN_OTHER:0}
  note_raised "a data segment that is not present", 11, ABSENT_DATA
  same "is found in the new task", [raised_at], task
  str eax
  cmp eax, IN_OTHER
  note "whose TSS is in TR"
  other task
  mov dword ptr [OTHER+FS], CODE32
  mov dword ptr [GDT32+CODE32+4], 0xcf9900        ; execute-only
  attempt32 {call far IN_OTHER:0}
  note_raised "a data segment that is execute-only", 10, CODE32
  other task
  mov dword ptr [OTHER+LDTR], IN_LDT
  mov dword ptr [OTHER+FS], 4         ; its first descriptor
  call far IN_OTHER:0
  same "a task has an LDT of its own", [SEEN+28], IN_LDT
  sldt eax
  test eax, eax
  note "and this one again none"
  other task
  mov eax, 0xffff0ff0
  mov dr6, eax
  mov byte ptr [OTHER+T], 1
  attempt32 {call far IN_OTHER:0}
  note_raised "the T flag is a debug exception", 1, 0
  same "before the task's first instruction", [raised_at], task
  mov eax, dr6
  and eax, 0xe00f
  cmp eax, 0x8000
  note "with DR6.BT"
  ret

narrow:
  other task
  mov word ptr [NARROW+IP16], narrow_task-image
  mov word ptr [NARROW+FLAG16], 2
  mov word ptr [NARROW+AX16], 0x4321
  mov word ptr [NARROW+SP16], 0x8000
  mov word ptr [NARROW+ES16], 0x10
  mov word ptr [NARROW+CS16], NARROW_CODE
  mov word ptr [NARROW+SS16], NARROW_STACK
  mov word ptr [NARROW+DS16], 0x10
  mov word ptr [NARROW+LDTR16], 0
  mov ebx, 0x12345678
  call far IN_NARROW:0
  cmp ebx, 0x12345678
  note "CALL to a 16-bit TSS and IRET come back, with all of EBX"
  same "AX comes from there", [SEEN], 0x4321
  has_bit "NT is set", [SEEN+4], 14
  same "TR names it", [SEEN+8], IN_NARROW
  same "SP and SS come from there", [SEEN+12], 0x8000
  movzx ecx, word ptr [NARROW]
  same "its link names the task before", ecx, IN_MAIN
  movzx ecx, word ptr [NARROW+IP16]
  same "it left its IP", ecx, narrow_task.behind-image
  movzx ecx, word ptr [NARROW+AX16]
  same "and AX", ecx, 0x8765
  mov ecx, [NARROW+44]
  same "and nothing behind the 44 bytes", ecx, -1
  ret

narrow_task:
  movzx eax, ax
  mov [SEEN], eax
  pushfd
  pop dword ptr [SEEN+4]
  str eax
  mov [SEEN+8], eax
  movzx esp, sp
  mov [SEEN+12], esp
  mov ax, 0x8765
  iretd
.behind:

task:
  call look
  iretd
.again:
  mov dword ptr [SEEN], 0x77
  iretd

jumper:
  call look
  jmp far IN_MAIN:0

; Mends what raised the exception: the other task's EAX.
with_code:
  pop dword ptr [SEEN]
  mov [SEEN+4], esp
  mov word ptr [MAIN+EAX], 0x10
  iretd

look:
  mov [SEEN], eax
  pushfd
  pop dword ptr [SEEN+4]
  str eax
  mov [SEEN+8], eax
  mov eax, cr0
  mov [SEEN+12], eax
  movzx eax, byte ptr [GDT32+IN_MAIN+5]
  mov [SEEN+16], eax
  movzx eax, byte ptr [GDT32+IN_OTHER+5]
  mov [SEEN+20], eax
  movzx eax, word ptr [OTHER]
  mov [SEEN+24], eax
  sldt eax
  mov [SEEN+28], eax
  ret

; All descriptors and TSSs as they are at first; this is the main task.
set_up_tasks:
  cld
  mov esi, gdt
  mov edi, GDT32
  mov ecx, 20
  rep movsd
  mov esi, descriptors
  mov ecx, 20
  rep movsd
  lgdt [gdt32_register]
  mov edi, MAIN
  mov ecx, 0x800                      ; both TSSs of 32 bits
  xor eax, eax
  rep stosd
  mov edi, NARROW
  mov ecx, 0x100
  dec eax
  rep stosd
  mov dword ptr [OTHER], 0xffff
  mov dword ptr [OTHER+EFLAGS], 2
  mov dword ptr [OTHER+EAX], 0xabcd1234
  mov dword ptr [OTHER+ESP], OTHER_STACK
  mov dword ptr [OTHER+CS], CODE32
  mov eax, 0x10
  mov [OTHER+ES], eax
  mov [OTHER+SS], eax
  mov [OTHER+DS], eax
  mov [OTHER+FS], eax
  mov ss, ax
  mov ds, ax
  mov es, ax
  mov fs, ax
  mov esi, ordinary_data
  mov edi, LDT
  movsd
  movsd
  mov ax, IN_MAIN
  ltr ax
  xor eax, eax
  lldt ax
  clts
  pushfd
  btr dword ptr [esp], 14
  popfd
  ret

gdt32_register: dw 0x9f
  dd GDT32
align 8
descriptors:
  dq 0x0000893e40000067               ; 50H: the main TSS
  dq 0x0000893e50000067               ; 58H: the other
  dq 0x0000813e6000002b               ; 60H: the 16-bit TSS
  dq 0x0000850000580000               ; 68H: a task gate to 58H
  dq 0x00cf9b100000ffff               ; 70H: code from "image" on
  dq 0x0000933d0000ffff               ; 78H: a 16-bit stack
  dq 0x0000093e50000067               ; 80H: not present
  dq 0x0000893e50000066               ; 88H: a byte short
  dq 0x0000823e70000007               ; 90H: an LDT
  dq 0x00cf13000000ffff               ; 98H: data that is not present
ordinary_data:
  dq 0x00cf93000000ffff
