; Switches between processes at each system call: processes=N up to 32, rounds=N, isolation=1, pcid=1.
;
; A process, in user mode, increments a word in a page of its own and calls the kernel, which goes
; on with the next process. isolation=1: page-table isolation, user mode runs on tables in which
; nothing of the kernel is there but the page of the entry point, at the price of two more writes to
; CR3. pcid=1: tables have PCIDs of their own, if there are any, and writes to CR3 flush nothing.
include "start.asm"
include "system-calls.asm"

PRIVATE   = 0x8000000000              ; where a process has its page
; For each process 64 KBytes, of which:
SPACE     = 0x400000
KERNEL    = 0                         ; the PML4 table in kernel mode,
ISOLATED  = 0x1000                    ; that in user mode: bit 12 tells them apart,
POINTERS_P = 0x2000                   ; what leads to the private page,
DIRECTORY_P = 0x3000
TABLE_P   = 0x4000
PAGE_P    = 0x5000
POINTERS_I = 0x6000                   ; and, isolated, to the entry point
DIRECTORY_I = 0x7000
TABLE_I   = 0x8000

IA32_FMASK = 0xc0000084

kernel_stack = GUEST_VARIABLES
processes = GUEST_VARIABLES+8
current = GUEST_VARIABLES+12
isolation = GUEST_VARIABLES+16
pcid = GUEST_VARIABLES+20

main:
  parameter "processes", 4, 1, 32
  mov [processes], eax
  parameter "rounds", 200, 1, 4000000000
  mov r13, rax
  parameter "isolation", 0, 0, 1
  mov [isolation], eax
  mov eax, 1
  cpuid
  bt ecx, 17                          ; PCIDs are there
  jae .no_pcids
  parameter "pcid", 0, 0, 1
  mov [pcid], eax
.no_pcids:
  call set_up_system_calls
  call set_up_processes
  mov [kernel_stack], rsp
.round:
  mov dword ptr [current], 0
  jmp run

; All processes have had their turn.
round_over:
  dec r13
  jne main.round
  xor ecx, ecx
  xor eax, eax
.sum:
  mov edx, ecx
  shl edx, 16
  add rax, [SPACE+PAGE_P+rdx]
  inc ecx
  cmp ecx, [processes]
  jb .sum
  call print_decimal
  say " system calls"
  call new_line
  xor eax, eax
  ret

set_up_system_calls:
  mov eax, entry
  call enable_system_calls
  mov ecx, IA32_FMASK
  xor edx, edx
  mov eax, 0x200
  wrmsr
  cmp dword ptr [pcid], 0
  je .end
  mov rax, cr4
  or eax, 0x20000                     ; PCIDE
  mov cr4, rax
.end:
  ret

set_up_processes:
  xor ecx, ecx
.process:
  mov ebx, ecx
  shl ebx, 16
  add ebx, SPACE
  mov rax, [TABLES]
  mov [rbx+KERNEL], rax               ; the kernel's half is everybody's
  lea rax, [rbx+POINTERS_P+7]
  mov [rbx+KERNEL+8], rax
  mov [rbx+ISOLATED+8], rax
  lea rax, [rbx+DIRECTORY_P+7]
  mov [rbx+POINTERS_P], rax
  lea rax, [rbx+TABLE_P+7]
  mov [rbx+DIRECTORY_P], rax
  lea rax, [rbx+PAGE_P+7]
  mov [rbx+TABLE_P], rax
  lea rax, [rbx+POINTERS_I+7]
  mov [rbx+ISOLATED], rax
  mov rax, [POINTERS+8]               ; user mode's view
  mov [rbx+POINTERS_I+8], rax
  lea rax, [rbx+DIRECTORY_I+3]
  mov [rbx+POINTERS_I], rax
  lea rax, [rbx+TABLE_I+3]
  mov [rbx+DIRECTORY_I], rax
  mov eax, entry
  mov edx, eax
  shr edx, 12
  and eax, 0xfff000
  or eax, 3
  mov [rbx+TABLE_I+rdx*8], rax
  inc ecx
  cmp ecx, [processes]
  jb .process
  ret

; Goes on with process [current].
run:
  mov eax, [current]
  cmp eax, [processes]
  je round_over
  mov ecx, eax
  shl ecx, 16
  add ecx, SPACE+KERNEL
  cmp dword ptr [pcid], 0
  je .switch
  lea ecx, [rcx+rax*2+2]              ; PCIDs 2, 4, 6; isolated, 3, 5, 7
  bts rcx, 63
.switch:
  mov cr3, rcx
  mov r8, PRIVATE
  mov ecx, user+USER
  mov r11d, 0x2
  mov r9d, [isolation]
  mov r10d, [pcid]
  jmp leave

; The page that is there in user mode, too. R9, R10: isolation, PCIDs.
align 4096
entry:
  test r9d, r9d
  je .kernel
  mov rax, cr3
  and rax, -4098                      ; bit 12, and bit 0 of the PCID
  test r10d, r10d
  je .write
  bts rax, 63
.write:
  mov cr3, rax
.kernel:
  mov rsp, [kernel_stack]
  inc dword ptr [current]
  jmp run
leave:
  test r9d, r9d
  je .user
  mov rax, cr3
  or rax, 0x1000
  test r10d, r10d
  je .write
  or rax, 1
  bts rax, 63
.write:
  mov cr3, rax
.user:
  sysretq

align 4096
user:
  inc qword ptr [r8]
  syscall
