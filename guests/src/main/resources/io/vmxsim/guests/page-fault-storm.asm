; Touches pages that are not there, which its #PF handler maps one by one: pages=N, rounds=N.
;
; Demand paging as a kernel does it. A round ends with all of the pages unmapped again by one write
; to CR3.
include "start.asm"

REGION     = 0x8000000000             ; the second entry of the PML4 table
REGION_POINTERS = FREE
REGION_DIRECTORY = FREE+0x1000
REGION_TABLES = FREE+0x2000           ; 512 page tables, for a GByte
FRAMES     = 0x800000                 ; the pages, one behind another

main:
  parameter "pages", 256, 1, 262144
  mov r12, rax
  parameter "rounds", 4, 1, 4000000000
  mov r13, rax
  mov qword ptr [HANDLERS+14*8], page_fault
  mov qword ptr [TABLES+8], REGION_POINTERS+3
  xor r15d, r15d                      ; faults
.round:
  mov edi, REGION_POINTERS
  xor eax, eax
  mov ecx, 514*512
  rep stosq
  mov qword ptr [REGION_POINTERS], REGION_DIRECTORY+3
  mov rax, cr3
  mov cr3, rax
  mov r14d, FRAMES                    ; the next frame
  mov rdi, REGION
  mov rcx, r12
.page:
  mov [rdi], rcx
  cmp [rdi], rcx
  jne .wrong
  add rdi, 4096
  loop .page
  dec r13
  jne .round
  mov rax, r15
  call print_decimal
  say " page faults"
  call new_line
  xor eax, eax
  ret
.wrong:
  mov eax, 1
  ret

; Puts a page table, if there is none, and the next frame where CR2 points to.
page_fault:
  push rax
  push rcx
  push rdx
  inc r15
  mov rax, cr2
  shr rax, 21
  and eax, 511
  mov ecx, eax
  shl ecx, 12
  lea edx, [rcx+REGION_TABLES+3]
  mov [REGION_DIRECTORY+rax*8], rdx
  mov rax, cr2
  shr rax, 12
  and eax, 511
  lea edx, [r14+3]
  mov [REGION_TABLES+rcx+rax*8], rdx
  add r14, 4096
  pop rdx
  pop rcx
  pop rax
  add rsp, 16
  iretq
