; Reads one word of each of many pages, again and again: pages=N up to 262144, rounds=N.
;
; More pages than a TLB holds, behind which lie 256 frames: the page tables are large, the data is
; not.
include "start.asm"

REGION   = 0x8000000000               ; the second entry of the PML4 table
REGION_POINTERS = FREE
REGION_DIRECTORY = FREE+0x1000
REGION_TABLES = FREE+0x2000           ; 512 page tables
FRAMES   = 0x800000

main:
  parameter "pages", 8192, 1, 262144
  mov r12, rax
  parameter "rounds", 4, 1, 4000000000
  mov r13, rax
  mov qword ptr [TABLES+8], REGION_POINTERS+3
  mov qword ptr [REGION_POINTERS], REGION_DIRECTORY+3
  mov eax, REGION_TABLES+3
  mov edi, REGION_DIRECTORY
.directory:
  mov [rdi], rax
  add eax, 0x1000
  add edi, 8
  cmp edi, REGION_DIRECTORY+0x1000
  jb .directory
  xor ecx, ecx
.entry:
  movzx eax, cl
  shl eax, 12
  add eax, FRAMES+1                   ; present, read only
  mov [REGION_TABLES+rcx*8], rax
  inc ecx
  cmp ecx, r12d
  jb .entry
  mov edi, FRAMES                     ; each frame holds its number
  xor eax, eax
.number:
  mov [rdi], rax
  add edi, 4096
  inc eax
  cmp eax, 256
  jb .number
  xor ebx, ebx                        ; the sum of all words read
.round:
  mov rsi, REGION
  mov rcx, r12
.page:
  add rbx, [rsi]
  add rsi, 4096
  loop .page
  dec r13
  jne .round
  mov rax, rbx
  call print_decimal
  call new_line
  xor eax, eax
  ret
