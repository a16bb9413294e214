; Rewrites page-table entries and flushes each by INVLPG: pages=N up to 512, rounds=N.
;
; Round by round each page gets the frame that its neighbour had, as a kernel that migrates pages
; would do; reading a page checks that nothing stale is left.
include "start.asm"

REGION   = 0x8000000000               ; the second entry of the PML4 table
REGION_POINTERS = FREE
REGION_DIRECTORY = FREE+0x1000
REGION_TABLE = FREE+0x2000
FRAMES   = 0x800000

main:
  parameter "pages", 64, 1, 512
  mov r12, rax
  parameter "rounds", 100, 1, 4000000000
  mov r13, rax
  mov qword ptr [REGION_POINTERS], REGION_DIRECTORY+3
  mov qword ptr [REGION_DIRECTORY], REGION_TABLE+3
  mov qword ptr [TABLES+8], REGION_POINTERS+3
  mov edi, FRAMES                     ; each frame holds its number
  xor eax, eax
.number:
  mov [rdi], rax
  add edi, 4096
  inc eax
  cmp eax, r12d
  jb .number
  xor r14d, r14d                      ; by how many frames pages are shifted
.round:
  mov rdi, REGION
  xor ecx, ecx                        ; the page
.page:
  lea rax, [rcx+r14]                  ; its frame
  xor edx, edx
  div r12
  mov rbx, rdx
  shl edx, 12
  add edx, FRAMES+3
  mov [REGION_TABLE+rcx*8], rdx
  invlpg [rdi]
  cmp [rdi], rbx
  jne .stale
  add rdi, 4096
  inc ecx
  cmp ecx, r12d
  jb .page
  inc r14d
  cmp r14d, r13d
  jb .round
  mov rax, r12
  mul r13
  call print_decimal
  say " updates"
  call new_line
  xor eax, eax
  ret
.stale:
  say "a stale translation"
  call new_line
  mov eax, 1
  ret
