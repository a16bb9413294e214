; Starts as a kernel does: looks at its hardware, then runs processes that fault, call, unmap, end.
;
; processes=N up to 32, pages=N up to 512 for each process, calls=N, unmaps=N, interval=N bus cycles
; of the local APIC's timer. Pages are mapped when they are touched. As with page-table isolation,
; user mode has a PML4 table of its own, and each way into the kernel and out of it reads CR3 and
; writes it; the two tables lead to the same here.
include "start.asm"
include "system-calls.asm"

APIC      = 0xfee00000
IO_APIC   = 0xfec00000
VECTOR    = 0x40

PRIVATE   = 0x8000000000              ; where a process has its pages, in four regions of 2 MBytes
FRAMES    = 0x1000000                 ; what they are made of
; For each process 64 KBytes, of which:
SPACE     = 0x400000
KERNEL    = 0                         ; the PML4 table in kernel mode,
ISOLATED  = 0x1000                    ; that in user mode: bit 12 tells them apart,
POINTERS_P = 0x2000
DIRECTORY_P = 0x3000
TABLES_P  = 0x4000                    ; and a page table for each region

CALL_NOTHING = 0                      ; system calls, in EAX
CALL_UNMAP = 1                        ; of the page at RDI
CALL_EXIT = 2

kernel_stack = GUEST_VARIABLES
processes = GUEST_VARIABLES+8
pages     = GUEST_VARIABLES+12
calls     = GUEST_VARIABLES+16
unmaps    = GUEST_VARIABLES+20
interval  = GUEST_VARIABLES+24
current   = GUEST_VARIABLES+28
space     = GUEST_VARIABLES+32        ; of the current process
next_frame = GUEST_VARIABLES+36
faults    = GUEST_VARIABLES+40
called    = GUEST_VARIABLES+44
ticks     = GUEST_VARIABLES+48

main:
  parameter "processes", 8, 1, 32
  mov [processes], eax
  parameter "pages", 64, 1, 512
  mov [pages], eax
  parameter "calls", 400, 0, 4000000000
  mov [calls], eax
  parameter "unmaps", 16, 0, 512
  mov [unmaps], eax
  parameter "interval", 2000, 1, 4000000000
  mov [interval], eax
  call identify_processor
  say "processor, "
  call probe_devices
  say "devices, "
  call set_up_processor
  mov dword ptr [next_frame], FRAMES
  mov dword ptr [current], 0
.process:
  call make_process
  mov [kernel_stack], rsp
  jmp run
.over:
  inc dword ptr [current]
  mov eax, [current]
  cmp eax, [processes]
  jb .process
  mov ebx, APIC
  mov dword ptr [rbx+0x380], 0        ; no more ticks
  mov eax, [current]
  call print_decimal
  say " processes with "
  mov eax, [faults]
  call print_decimal
  say " page faults and "
  mov eax, [called]
  call print_decimal
  say " system calls"
  call new_line
  xor eax, eax
  cmp dword ptr [ticks], 1            ; none: status 1
  adc eax, 0
  ret

; Every leaf of CPUID, and every cache of leaf 4.
identify_processor:
  xor r12d, r12d
  call .leaves
  mov r12d, 0x80000000
  call .leaves
  xor r12d, r12d
.cache:
  mov eax, 4
  mov ecx, r12d
  cpuid
  inc r12d
  test al, 0x1f
  jne .cache
  ret
.leaves:
  mov eax, r12d
  cpuid
  mov r13d, eax                       ; the last leaf
.leaf:
  mov eax, r12d
  xor ecx, ecx
  cpuid
  inc r12d
  cmp r12d, r13d
  jbe .leaf
  ret

; The real-time clock, the interval timer, the devices of PCI bus 0, the I/O APIC's version.
probe_devices:
  xor ecx, ecx
.clock:
  mov eax, ecx
  out 0x70, al
  in al, 0x71
  inc ecx
  cmp ecx, 128
  jb .clock
  mov al, 0x34                        ; counter 0: low byte, high byte, rate generator
  out 0x43, al
  xor eax, eax
  out 0x40, al
  out 0x40, al
  xor ecx, ecx
.slot:
  mov eax, ecx
  shl eax, 11
  or eax, 0x80000000
  mov edx, 0xcf8
  out dx, eax
  mov edx, 0xcfc
  in eax, dx
  inc ecx
  cmp ecx, 32
  jb .slot
  mov ebx, IO_APIC
  mov dword ptr [rbx], 1
  mov eax, [rbx+0x10]
  ret

; SSE, system calls, page faults, and a tick from time to time.
set_up_processor:
  mov rax, cr4
  or eax, 0x600                       ; OSFXSR, OSXMMEXCPT
  mov cr4, rax
  mov rax, cr0
  or eax, 2                           ; MP
  mov cr0, rax
  mov eax, entry
  call enable_system_calls
  mov ecx, 0xc0000084                 ; IA32_FMASK
  xor edx, edx
  mov eax, 0x200
  wrmsr
  mov qword ptr [HANDLERS+14*8], page_fault
  mov qword ptr [HANDLERS+VECTOR*8], tick
  mov ebx, APIC
  mov dword ptr [rbx+0xf0], 0x1ff     ; the APIC is on; spurious vector FFH
  mov dword ptr [rbx+0x3e0], 0x0b     ; divide by 1
  mov dword ptr [rbx+0x320], VECTOR+0x20000    ; periodic
  mov eax, [interval]
  mov [rbx+0x380], eax
  ret

; Tables for process [current], without any page.
make_process:
  mov edi, [current]
  shl edi, 16
  add edi, SPACE
  mov [space], edi
  mov ebx, edi
  xor eax, eax
  mov ecx, 0x1000                     ; quadwords: 8 tables
  rep stosq
  mov rax, [TABLES]                   ; the kernel, and user mode's view of this program
  mov [rbx+KERNEL], rax
  mov [rbx+ISOLATED], rax
  lea rax, [rbx+POINTERS_P+7]
  mov [rbx+KERNEL+8], rax
  mov [rbx+ISOLATED+8], rax
  lea rax, [rbx+DIRECTORY_P+7]
  mov [rbx+POINTERS_P], rax
  ret

; Starts the current process in user mode.
run:
  mov eax, [space]
  add eax, ISOLATED
  mov cr3, rax
  mov r8, PRIVATE
  mov r12d, [pages]
  mov r13d, [calls]
  mov r14d, [unmaps]
  mov ecx, user+USER
  mov r11d, 0x202                     ; IF
  sysretq

; To the tables of the kernel and back. R9 is lost.
to_kernel:
  mov r9, cr3
  and r9, -4097
  mov cr3, r9
  ret
to_user:
  mov r9, cr3
  or r9, 0x1000
  mov cr3, r9
  ret

; A system call; RCX and R11 are the way back.
entry:
  mov rsp, [kernel_stack]
  call to_kernel
  inc dword ptr [called]
  cmp eax, CALL_EXIT
  je main.over
  cmp eax, CALL_UNMAP
  jne .back
  call entry_of
  mov qword ptr [rdx], 0
  invlpg [rdi]
.back:
  call to_user
  sysretq

; RDX = address of the page-table entry for linear address RDI. RAX is lost.
entry_of:
  mov rax, rdi
  shr rax, 21
  and eax, 3
  shl eax, 12
  add eax, [space]
  mov rdx, rdi
  shr rdx, 12
  and edx, 511
  lea rdx, [rax+rdx*8+TABLES_P]
  ret

; A process has touched a page that is not there.
page_fault:
  push rax
  push rcx
  push rdx
  push rdi
  push r9
  call to_kernel
  inc dword ptr [faults]
  mov rdi, cr2
  call entry_of
  mov rcx, rdi
  shr rcx, 21
  and ecx, 3
  shl ecx, 3
  add ecx, [space]
  cmp qword ptr [rcx+DIRECTORY_P], 0
  jne .page
  mov rax, rdx                        ; the first of its region: the page table
  and rax, -4096
  add rax, 0x67
  mov [rcx+DIRECTORY_P], rax
.page:
  mov edi, [next_frame]
  add dword ptr [next_frame], 4096
  xor eax, eax
  mov ecx, 512
  rep stosq
  lea rax, [rdi-4096+0x67]            ; present, writable, user, accessed, dirty
  mov [rdx], rax
  call to_user
  pop r9
  pop rdi
  pop rdx
  pop rcx
  pop rax
  add rsp, 16
  iretq

tick:
  push rbx
  push r9
  call to_kernel
  inc dword ptr [ticks]
  mov ebx, APIC
  mov dword ptr [rbx+0xb0], 0         ; EOI
  call to_user
  pop r9
  pop rbx
  add rsp, 16
  iretq

; What each process does: R8 is the address of its pages, R12, R13 and R14 how much it does.
align 4096
user:
  xor ebx, ebx
.touch:
  mov eax, ebx
  and eax, 3
  shl eax, 21
  mov edx, ebx
  shr edx, 2
  shl edx, 12
  add eax, edx
  inc dword ptr [r8+rax]
  inc ebx
  cmp ebx, r12d
  jb .touch
.call:
  mov eax, CALL_NOTHING
  syscall
  dec r13d
  jne .call
  mov rdi, r8
.unmap:
  mov eax, CALL_UNMAP
  syscall
  add rdi, 4096
  dec r14d
  jne .unmap
  mov eax, CALL_EXIT
  syscall
