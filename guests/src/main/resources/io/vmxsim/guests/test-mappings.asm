; Tests many mappings of one page, pages that map tables, and a sieve in pages mapped in disorder.
include "start.asm"
include "check.asm"

WINDOW   = 0x8000000000               ; what POINTERS_2 to TABLE map, 2 MBytes in pages of 4 KBytes
POINTERS_2 = FREE
DIRECTORY_2 = FREE+0x1000
TABLE    = FREE+0x2000
FRAME    = 0x800000
PAGES    = 512
ACCESSED = 0x20
DIRTY    = 0x40
NUMBERS  = 100000                     ; there are 9592 primes below

main:
  mov qword ptr [POINTERS_2], DIRECTORY_2+3
  mov qword ptr [DIRECTORY_2], TABLE+3
  mov qword ptr [TABLES+8], POINTERS_2+3
  call one_frame
  call table_in_itself
  call sieve
  jmp finish

; All of the window shows one frame.
one_frame:
  mov edi, TABLE
  mov eax, FRAME+3
  mov ecx, PAGES
  rep stosq
  mov rbx, WINDOW
  xor edx, edx
  mov ecx, PAGES
.write:
  mov rax, [rbx]                      ; what was written through the page before
  sub rax, rcx
  or edx, eax
  lea rax, [rcx-1]
  cmp ecx, PAGES
  jne .not_first
  xor edx, edx
.not_first:
  mov [rbx], rax
  add rbx, 0x1000
  dec ecx
  jne .write
  test edx, edx
  check "each of 512 pages shows what was written through another"
  cmp qword ptr [FRAME], 0
  check "and so does the frame"
  mov rax, 3+ACCESSED+DIRTY+FRAME
  mov edi, TABLE
  mov ecx, PAGES
  repe scasq
  check "each page's entry is accessed and dirty"
  ; every other page: read-only
  mov edi, TABLE
.protect:
  and qword ptr [rdi], -0x43          ; neither writable nor dirty
  add edi, 16
  cmp edi, TABLE+0x1000
  jb .protect
  mov rax, cr3
  mov cr3, rax
  mov rbx, WINDOW
  mov qword ptr [HANDLERS+14*8], skip_store
  mov qword ptr [GUEST_VARIABLES], 0
  mov ecx, PAGES
.store:
  mov [rbx], rcx                      ; 3 bytes
  add rbx, 0x1000
  dec ecx
  jne .store
  cmp qword ptr [GUEST_VARIABLES], 256
  check "256 of 512 stores fault where 256 pages are read-only"
  cmp qword ptr [FRAME], 1
  check "the others reach the frame"
  mov edi, TABLE
  xor edx, edx
.look:
  or edx, [rdi]
  add edi, 16
  cmp edi, TABLE+0x1000
  jb .look
  test edx, DIRTY
  check "pages that refuse a store are not dirty"
  mov qword ptr [HANDLERS+14*8], 0
  ; no page at all
  mov edi, TABLE
  xor eax, eax
  mov ecx, PAGES
  rep stosq
  mov rax, cr3
  mov cr3, rax
  mov rbx, WINDOW+0x1ff000
  attempt {mov eax, [rbx]}
  expect_code "a page that was unmapped is gone", 14, 0
  ret

skip_store:
  inc qword ptr [GUEST_VARIABLES]
  add rsp, 16
  add qword ptr [rsp], 3
  iretq

; The table maps itself, and then what is written there.
table_in_itself:
  mov qword ptr [TABLE], TABLE+3
  mov rax, cr3
  mov cr3, rax
  mov rbx, WINDOW
  mov qword ptr [rbx+8], FRAME+3
  mov qword ptr [rbx+16], FRAME+0x1003
  mov dword ptr [FRAME], 0x1111
  mov dword ptr [FRAME+0x1000], 0x2222
  mov eax, [rbx+0x1000]
  cmp eax, 0x1111
  check "an entry written through the table's own page maps"
  mov rcx, [rbx+16]
  mov [rbx+8], rcx
  invlpg [rbx+0x1000]
  mov eax, [rbx+0x1000]
  cmp eax, 0x2222
  check "and another after INVLPG"
  bt dword ptr [rbx+8], 5
  sbb eax, eax
  inc eax
  check "which the processor marks accessed"
  mov qword ptr [rbx+8], 0
  invlpg [rbx+0x1000]
  attempt {mov eax, [rbx+0x1000]}
  expect_code "and none", 14, 0
  ret

; A byte for each number, in pages whose frames run against their addresses.
sieve:
  mov edi, TABLE
  mov eax, FRAME+0x1ff003
.map:
  mov [rdi], rax
  add edi, 8
  sub eax, 0x1000
  cmp edi, TABLE+0x1000
  jb .map
  mov rax, cr3
  mov cr3, rax
  mov rdi, WINDOW
  xor eax, eax
  mov ecx, NUMBERS
  rep stosb
  mov rbx, WINDOW
  mov ecx, 2
  xor ebp, ebp                        ; primes
.number:
  cmp byte ptr [rbx+rcx], 0
  jne .next
  inc ebp
  lea edx, [rcx+rcx]
.strike:
  cmp edx, NUMBERS
  jae .next
  mov byte ptr [rbx+rdx], 1
  add edx, ecx
  jmp .strike
.next:
  inc ecx
  cmp ecx, NUMBERS
  jb .number
  cmp ebp, 9592
  check "9592 primes are below 100000"
  cmp byte ptr [FRAME+0x1ff000+4], 1
  check "4 is struck in the last frame"
  ret
