; Tests what paging permits: every combination of the flags of two entries, of the access, and of
; CR0.WP, against the rules of SDM 4.6; the error codes of 4.7; accessed and dirty flags of 4.8.
include "start.asm"
include "check.asm"

REGION   = 0x8000000000
POINTERS_R = FREE
DIRECTORY_R = FREE+0x1000
TABLE_R  = FREE+0x2000
FRAME    = 0xa00000
P        = 1                          ; flags of entries and bits of error codes
W        = 2
U        = 4
I        = 16
A        = 0x20
D        = 0x40

wrong    = GUEST_VARIABLES            ; cases that came out differently
cases    = GUEST_VARIABLES+8

main:
  mov qword ptr [TABLES+8], POINTERS_R+7
  mov qword ptr [POINTERS_R], DIRECTORY_R+7
  mov byte ptr [FRAME], 0xc3          ; RET
  xor r12d, r12d                      ; P, W, U, NX of the page-table entry; W, U, NX above it;
.case:                                ; bits 7, 8: read, write, fetch; bit 9: user; bit 10: WP
  mov eax, r12d
  shr eax, 7
  and eax, 3
  cmp eax, 3
  je .next
  call set_up
  call access
  call judge
.next:
  inc r12d
  cmp r12d, 0x800
  jb .case
  mov rax, [cases]
  call print_decimal
  say " cases"
  call new_line
  cmp qword ptr [cases], 1536
  check "all combinations came to pass"
  cmp qword ptr [wrong], 0
  check "they are permitted or refused by the rules"
  call reserved_bits
  jmp finish

; The entries of case R12 into the tables.
set_up:
  mov eax, r12d
  and eax, P+W+U
  mov rcx, FRAME
  or rax, rcx
  bt r12d, 3
  jae .executable
  bts rax, 63
.executable:
  mov [TABLE_R], rax
  mov eax, r12d
  shr eax, 3
  and eax, W+U
  or eax, TABLE_R+P
  bt r12d, 6
  jae .executable_above
  bts rax, 63
.executable_above:
  mov [DIRECTORY_R], rax
  mov rax, cr0
  btr rax, 16
  bt r12d, 10
  jae .unprotected
  bts rax, 16
.unprotected:
  mov cr0, rax
  mov rax, cr3
  mov cr3, rax
  ret

; [raised] and [error_code] become what the access raises.
access:
  mov rbx, REGION
  mov eax, r12d
  shr eax, 7
  and eax, 7
  jmp qword ptr [accesses+rax*8]
.read:
  attempt {mov al, [rbx]}
  ret
.write:
  attempt {mov byte ptr [rbx], 0xc3}
  ret
.fetch:
  attempt {call rbx}
  ret
.user_read:
  in_user_mode {mov al, [rbx]}
  ret
.user_write:
  in_user_mode {mov byte ptr [rbx], 0xc3}
  ret
.user_fetch:
  in_user_mode {call rbx}
  ret
align 8
accesses: dq access.read, access.write, access.fetch, 0
  dq access.user_read, access.user_write, access.user_fetch, 0

; Compares with what the rules say: R8 = permitted, R9 = the error code if not.
judge:
  inc qword ptr [cases]
  mov ecx, r12d                       ; rights: U and W if both entries have them, NX if one has
  mov eax, r12d
  shr eax, 3
  and ecx, eax                        ; bits 1, 2: W, U of both
  mov edx, r12d
  shr edx, 3
  or edx, eax
  shr eax, 3
  mov edx, r12d
  shr edx, 3
  or edx, eax                         ; bit 0: NX of either
  mov r9d, r12d
  and r9d, P                          ; the code's P if the entry is there
  mov r8d, r9d
  mov eax, r12d
  shr eax, 7
  and eax, 3
  cmp eax, 1
  jb .user
  ja .fetch
  or r9d, W
  test ecx, W
  jne .user                           ; writable
  test r12d, 0x600
  jne .refused                        ; read-only, for the user or with WP
  jmp .user
.fetch:
  or r9d, I
  test edx, 1
  je .user
.refused:
  xor r8d, r8d
.user:
  test r12d, 0x200
  je .compare
  or r9d, U
  test ecx, U
  jne .compare
  xor r8d, r8d
.compare:
  cmp r8d, 0
  jne .permitted
  cmp qword ptr [raised], 14
  jne .wrong
  cmp [error_code], r9
  jne .wrong
  ret
.permitted:
  cmp qword ptr [raised], NOTHING
  jne .wrong
  mov rax, [TABLE_R]                  ; accessed, and dirty after a write
  and eax, A+D
  test r9d, W
  setne cl
  movzx ecx, cl
  shl ecx, 6
  or ecx, A
  cmp eax, ecx
  jne .wrong
  ret
.wrong:
  inc qword ptr [wrong]
  ret

reserved_bits:
  mov rax, cr0
  bts rax, 16
  mov cr0, rax
  mov qword ptr [DIRECTORY_R], TABLE_R+7
  mov rax, FRAME+3
  bts rax, 51                         ; beyond any MAXPHYADDR below 52
  mov [TABLE_R], rax
  mov eax, 0x80000008
  cpuid
  cmp al, 52
  je .none
  mov rax, cr3
  mov cr3, rax
  mov rbx, REGION
  attempt {mov al, [rbx]}
  expect_code "an address beyond MAXPHYADDR is a reserved bit", 14, 9
.none:
  mov rax, FRAME+0x83+0x2000          ; bit 13 of a 2-MByte page
  mov [DIRECTORY_R], rax
  mov rax, cr3
  mov cr3, rax
  mov rbx, REGION
  attempt {mov al, [rbx]}
  expect_code "bit 13 of a 2-MByte page is reserved", 14, 9
  mov rax, cr2
  cmp rax, rbx
  check "CR2 is the address"
  ret
