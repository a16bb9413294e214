; Loads SECTORS sectors behind this one to 1 MByte by INT 13H, and enters the image there as a
; multiboot loader would, with the text at "command_line". For machines whose firmware knows no
; multiboot; it runs at 7C00H from a floppy disk of 1.44 MBytes.

BUFFER  = 0x1000                      ; a segment: sectors go to 10000H first
IMAGE   = 0x100000
SECTORS_PER_TRACK = 18

bits 16
  cli
  cld
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00
  sti
  mov ax, BUFFER
  mov es, ax
  mov si, 1                           ; the sector, counted from 0
read:
  mov ax, si
  mov cl, SECTORS_PER_TRACK
  div cl
  mov cl, ah                          ; sectors of a track are counted from 1
  inc cl
  mov dh, al                          ; head: the track's bit 0
  and dh, 1
  shr al, 1
  mov ch, al
  mov dl, 0                           ; the first floppy disk
  xor bx, bx
  mov ax, 0x201                       ; read one sector
  int 0x13
  jb read                             ; again: the motor was not up
  mov ax, es
  add ax, 0x20
  mov es, ax
  inc si
  cmp si, SECTORS+1
  jb read
  cli
  mov dx, 0x3f2                       ; motor off
  mov al, 0x0c
  out dx, al
  in al, 0x92                         ; A20
  or al, 2
  and al, 0xfe
  out 0x92, al
  lgdt [gdt_register]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp far 8:protected
bits 32
protected:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov fs, ax
  mov gs, ax
  mov esi, 0x10000
  mov edi, IMAGE
  mov ecx, SECTORS
  shl ecx, 7
  rep movsd
  mov eax, 0x2badb002
  mov ebx, information
  mov ecx, [IMAGE+28]                 ; the header's entry address
  jmp ecx

align 4
information: dd 4, 0, 0, 0, command_line
gdt_register: dw 0x17
  dd gdt
gdt: dq 0
  dq 0x00cf9b000000ffff
  dq 0x00cf93000000ffff
