; Tests real-address mode: addresses, instructions that 64-bit mode lacks, interrupts; SDM chapter 20.
include "start.asm"
include "check.asm"
include "legacy.asm"

HERE     = 0x8000                     ; where the 16-bit code is copied to, CS * 16
SEGMENT  = 0x800
STUBS16  = 0xa000                     ; one call per vector, 4 bytes each
STUBS16_IN_SEGMENT = 0x2000
DATA     = 0xb000
STACK16  = 0xf000
DATA16   = 0x40                       ; selectors for the way there
CODE16   = 0x48
raised16 = 0xc000                     ; what the last attempt raised, at which IP;
ip16     = 0xc002
resume16 = 0xc004                     ; where it goes on: IP, SP
noted16  = 0xc008                     ; the end of the notes
saved_stack = GUEST_VARIABLES

; An exception costs AX, CX and BP.
macro attempt16 code
  mov word ptr [raised16], NOTHING
  mov word ptr [resume16], .behind_attempt@-low
  mov [resume16+2], sp
  code
.behind_attempt@:
endmacro

; Passed if the flags say "equal".
macro note16 name
  call add_note16
  db name, 0
endmacro

macro raised_16 name, number
  cmp word ptr [raised16], number
  note16 name
endmacro

main:
  call leave_64_bit_mode
bits 32
  mov esi, low
  mov edi, HERE
  mov ecx, low_end-low
  rep movsb
  mov word ptr [noted16], NOTES
  mov [saved_stack], esp
  lgdt [gdt16_register]
  jmp far CODE16:HERE
; Back in 32-bit mode.
protected:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov fs, ax
  mov gs, ax
  mov esp, [saved_stack]
  movzx eax, word ptr [noted16]
  mov [noted], eax
  call return_to_64_bit_mode
bits 64
  call report_notes
  jmp finish

gdt16_register: dw 0x4f
  dd gdt16
align 8
gdt16: dq 0, 0
  dq 0x00cf93000000ffff               ; 10H: data
  dq 0, 0
  dq 0x00cf9b000000ffff               ; 28H: 32-bit code
  dq 0, 0
  dq 0x000093000000ffff               ; 40H: data of 64 KBytes
  dq 0x00009b000000ffff               ; 48H: 16-bit code

bits 16
; Segments with limits of 64 KBytes, and PE off.
low:
  mov ax, DATA16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov fs, ax
  mov ax, 0x10                        ; GS keeps its limit of 4 GBytes
  mov gs, ax
  lidt [real_idt-low+HERE]
  mov eax, cr0
  and al, 0xfe
  mov cr0, eax
  jmp far SEGMENT:real-low
real_idt: dw 0x3ff
  dd 0
small_idt: dw 0x7f
  dd 0

real:
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, STACK16
  call set_up_vectors
  call addresses
  call decimal
  call stack16
  call faults
  call interrupts16
  call strings
  call transfers
  call wide
  call system
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmpd far CODE32:protected

set_up_vectors:
  cld
  xor di, di
  mov si, STUBS16
  mov ax, STUBS16_IN_SEGMENT
.next:
  stosw
  mov word ptr [di], SEGMENT
  add di, 2
  mov byte ptr [si], 0xe8             ; call
  mov bx, interrupted16-low-3
  sub bx, ax
  mov [si+1], bx
  add si, 4
  add ax, 4
  cmp di, 0x100
  jb .next
  ret

; Goes on behind what was attempted, with all segments 0 and interrupts off.
interrupted16:
  pop ax
  sub ax, STUBS16_IN_SEGMENT+3
  shr ax, 2
  pop bp
  mov cx, 0
  mov ds, cx
  mov es, cx
  mov [raised16], ax
  mov [ip16], bp
  mov ss, cx
  mov sp, [resume16+2]
  jmp word ptr [resume16]

addresses:
  mov ax, 0xffff
  mov es, ax
  mov eax, es:[0x10]
  cmp eax, 0x1badb002
  note16 "FFFF:0010 is 1 MByte: the multiboot header"
  mov word ptr [DATA], 0x1234
  mov ax, 0xb00
  mov es, ax
  mov ax, es:[0]
  cmp ax, 0x1234
  note16 "0B00:0000 is 0000:B000"
  mov ax, 0xaff
  mov es, ax
  mov bx, 8
  mov si, 8
  mov ax, es:[bx+si]
  cmp ax, 0x1234
  note16 "and 0AFF:0010"
  xor ax, ax
  mov es, ax
  mov bx, 0xffff
  mov si, DATA+1
  mov ax, [bx+si]
  cmp ax, 0x1234
  note16 "16-bit addresses wrap around"
  mov ebx, DATA
  mov ax, [ebx]
  cmp ax, 0x1234
  note16 "an address may have 32 bits"
  attempt16 {mov al, [0xffff]}
  raised_16 "the last byte of a segment", NOTHING
  attempt16 {mov ax, [0xffff]}
  raised_16 "a word behind its limit is #GP", 13
  mov ebp, 0x10000
  attempt16 {mov ax, [ebp]}
  raised_16 "by SS it is #SS", 12
  mov ebx, 0x100000
  mov eax, gs:[ebx]
  cmp eax, 0x1badb002
  note16 "a segment keeps the limit that it had in protected mode"
  ret

decimal:
  mov al, 0x15
  add al, 0x27
  daa
  cmp al, 0x42
  note16 "DAA: 15 + 27 = 42"
  mov al, 0x42
  sub al, 0x27
  das
  cmp al, 0x15
  note16 "DAS: 42 - 27 = 15"
  mov ax, 0x0009
  add al, 8
  aaa
  cmp ax, 0x0107
  note16 "AAA: 9 + 8 = 17"
  mov ax, 0x0103
  sub al, 8
  aas
  cmp ax, 0x0005
  note16 "AAS: 13 - 8 = 5"
  mov al, 63
  aam 10
  cmp ax, 0x0603
  note16 "AAM takes 63 apart"
  aad 10
  cmp ax, 63
  note16 "AAD puts it together"
  attempt16 {aam 0}
  raised_16 "AAM by 0 is #DE", 0
  stc
  salc
  cmp al, 0xff
  note16 "SALC shows CF"
  ret

stack16:
  mov ax, sp
  push sp
  pop bx
  cmp ax, bx
  note16 "PUSH SP pushes what it was"
  mov ax, 1
  mov bx, 2
  mov si, 3
  mov cx, sp
  pusha
  mov bp, sp
  mov dx, [bp+6]
  cmp dx, cx
  note16 "PUSHA pushes SP as it was"
  xor ax, ax
  xor bx, bx
  xor si, si
  popa
  add ax, bx
  add ax, si
  cmp ax, 6
  note16 "POPA brings the others back"
  mov ax, sp
  push eax
  mov bx, sp
  pop ecx
  sub ax, bx
  cmp ax, 4
  note16 "PUSH of 32 bits takes 4 bytes"
  mov bp, 0x55
  enter 6, 0
  mov ax, bp
  sub ax, sp
  leave
  mov dx, bp
  cmp ax, 6
  note16 "ENTER"
  cmp dx, 0x55
  note16 "and LEAVE"
  mov dx, sp
  xor sp, sp
  push dx
  mov ax, [0xfffe]
  mov sp, dx
  cmp ax, dx
  note16 "a stack wraps around from 0"
  ret

faults:
  xor bx, bx
  attempt16 {.division: div bx}
  raised_16 "division by 0 is #DE", 0
  mov ax, [ip16]
  cmp ax, .division-low
  note16 "a fault at the instruction itself"
  attempt16 ud2
  raised_16 "UD2 is #UD", 6
  attempt16 {db 0xf0, 0x90}
  raised_16 "LOCK NOP is #UD", 6
  attempt16 {sldt ax}
  raised_16 "SLDT is #UD", 6
  attempt16 {str ax}
  raised_16 "STR is #UD", 6
  attempt16 {lldt ax}
  raised_16 "LLDT is #UD", 6
  attempt16 {ltr ax}
  raised_16 "LTR is #UD", 6
  attempt16 {lar ax, bx}
  raised_16 "LAR is #UD", 6
  attempt16 {verr ax}
  raised_16 "VERR is #UD", 6
  attempt16 {arpl ax, bx}
  raised_16 "ARPL is #UD", 6
  mov word ptr [DATA], 5
  mov word ptr [DATA+2], 9
  mov ax, 9
  attempt16 {bound ax, [DATA]}
  raised_16 "BOUND lets the upper bound pass", NOTHING
  mov ax, 10
  attempt16 {bound ax, [DATA]}
  raised_16 "and nothing above", 5
  mov al, 0x7f
  attempt16 into
  raised_16 "INTO without overflow", NOTHING
  mov al, 0x7f
  inc al
  attempt16 into
  raised_16 "and with one", 4
  attempt16 {db 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x26, 0x90}
  raised_16 "16 bytes are too long", 13
  ret

interrupts16:
  mov word ptr [0x30*4], handler-low
  mov word ptr [0x30*4+2], SEGMENT
  pushf
  pop ax
  or ah, 2                            ; IF
  push ax
  popf
  stc
  int 0x30
.behind:
  jae .no_carry
  cmp ax, ax
.no_carry:
  note16 "INT and IRET come back with the flags"
  mov ax, [DATA]
  test ax, 0x300
  note16 "the handler has IF and TF clear"
  mov ax, [DATA+2]
  test ah, 2
  setne al
  cmp al, 1
  note16 "the flags on its stack have not"
  mov ax, [DATA+4]
  cmp ax, .behind-low
  note16 "IP is behind INT"
  mov ax, [DATA+6]
  cmp ax, SEGMENT
  note16 "CS is there, too"
  mov ax, [DATA+8]
  cmp ax, STACK16-8
  note16 "and that is all"
  cli
  lidt [small_idt-low+HERE]
  attempt16 {int 0x20}
  raised_16 "INT beyond the table is #GP", 13
  lidt [real_idt-low+HERE]
  attempt16 {int 0x1f}
  raised_16 "INT 1FH", 0x1f
  ret

handler:
  pushf
  pop word ptr [DATA]
  mov [DATA+8], sp
  mov bp, sp
  mov ax, [bp]
  mov [DATA+4], ax
  mov ax, [bp+2]
  mov [DATA+6], ax
  mov ax, [bp+4]
  mov [DATA+2], ax
  iret

strings:
  cld
  mov si, DATA
  mov di, DATA+1
  mov byte ptr [si], 0x77
  mov cx, 5
  rep movsb
  cmp byte ptr [DATA+5], 0x77
  note16 "REP MOVSB byte by byte"
  cmp cx, 0
  note16 "CX counts"
  mov ecx, 0x10002
  mov di, DATA
  mov eax, 0x12345678
  rep stosd
  cmp ecx, 0x10000
  note16 "and not ECX"
  cmp di, DATA+8
  note16 "STOSD takes 4 bytes"
  mov edi, 0xfffff
  std
  mov di, 0
  mov byte ptr [0], 0
  scasb
  cld
  cmp di, 0xffff
  note16 "DI wraps around"
  mov bx, DATA
  mov byte ptr [DATA+3], 0x99
  mov al, 3
  xlat
  cmp al, 0x99
  note16 "XLAT"
  mov cx, 1
  xor ax, ax
  jcxz .bad
  inc ax
.bad:
  loop .bad2
  inc ax
.bad2:
  cmp ax, 2
  note16 "JCXZ and LOOP go by CX"
  ret

transfers:
  call far SEGMENT:.far_routine-low
  cmp ax, 0x4444
  note16 "far CALL and RET"
  mov word ptr [DATA], .target-low
  mov word ptr [DATA+2], SEGMENT
  jmp far [DATA]
  cmp ax, 0
.target:
  mov ax, cs
  cmp ax, SEGMENT
  note16 "far JMP through memory"
  mov word ptr [DATA+2], 0x1357
  les bx, [DATA]
  mov ax, es
  mov cx, 0
  mov es, cx
  cmp ax, 0x1357
  note16 "LES"
  lfs bx, [DATA]
  cmp bx, .target-low
  note16 "LFS"
  push cs
  push .returned-low
  retf
.returned:
  push 0x1111
  push 0x2222
  mov bx, sp
  call .pops
  mov ax, sp
  sub ax, bx
  cmp ax, 4
  note16 "RET takes arguments off"
  ret
.far_routine:
  mov ax, 0x4444
  retf
.pops:
  ret 4

wide:
  mov eax, 0x7fffffff
  add eax, 1
  seto bl
  cmp bl, 1
  note16 "32-bit arithmetic"
  mov ax, 0x8000
  cwd
  cmp dx, -1
  note16 "CWD"
  cwde
  cmp eax, 0xffff8000
  note16 "CWDE"
  mov eax, 0x11223344
  bswap eax
  cmp eax, 0x44332211
  note16 "BSWAP"
  mov eax, 0x10000
  mul eax
  cmp edx, 1
  note16 "MUL of 32 bits"
  movzx ebx, byte ptr [DATA]
  mov cl, 4
  mov ax, 0xf0f0
  shrd ax, dx, cl
  cmp ax, 0x1f0f
  note16 "SHRD"
  xor eax, eax
  cpuid
  cmp eax, 0
  setne al
  cmp al, 1
  note16 "CPUID"
  ret

system:
  smsw ax
  and ax, 1
  note16 "SMSW shows PE clear"
  mov eax, cr0
  and eax, 0x80000001
  note16 "CR0 has neither PE nor PG"
  sgdt [DATA]
  cmp word ptr [DATA], 0x4f
  note16 "SGDT"
  sidt [DATA]
  cmp word ptr [DATA], 0x3ff
  note16 "SIDT"
  mov eax, cr0
  or al, 1
  lmsw ax
  mov ebx, cr0
  and al, 0xfe
  mov cr0, eax
  and ebx, 1
  cmp ebx, 1
  note16 "LMSW sets PE"
  jmp far SEGMENT:.real-low
.real:
  pushf
  pop ax
  test ah, 0x30
  note16 "IOPL is 0"
  mov al, 0x5a
  out 0x80, al
  cmp al, 0x5a
  note16 "OUT needs no privilege"
  ret

; The name lies behind the call. Uses BP and SI.
add_note16:
  pop si
  pushf
  mov bp, sp
  push eax
  push di
  mov di, [noted16]
  xor eax, eax
  lea ax, [si+HERE]
  mov [di], eax
  mov ax, [bp]
  mov [di+4], eax
  movsx eax, word ptr [raised16]
  mov [di+8], eax
  mov dword ptr [di+12], 0
  add word ptr [noted16], 16
  pop di
  pop eax
  popf
.skip:
  inc si
  cmp byte ptr cs:[si-1], 0
  jne .skip
  jmp si
low_end:
