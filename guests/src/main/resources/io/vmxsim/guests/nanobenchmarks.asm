; Does one small thing over and over, as Adams and Agesen's nanobenchmarks: rounds=N, what=N.
;
; what=0: nothing; 1: SYSCALL and back; 2: reads port 80H; 3: CALL and RET; 4: a page fault that its
; handler steps over; 5: a divide error likewise; 6: writes a page-table entry that is in use. 0 and 1
; are done in user mode.
include "start.asm"
include "check.asm"
include "system-calls.asm"

PAGE     = 0x8000000000               ; one page, and behind it one that is not there
POINTERS_OF_PAGE = FREE
DIRECTORY_OF_PAGE = FREE+0x1000
TABLE_OF_PAGE = FREE+0x2000
FRAME    = 0x800000
USED     = 0x63                       ; present, writable, accessed, dirty

main:
  parameter "rounds", 100, 1, 4000000000
  mov r12, rax
  parameter "what", 0, 0, 6
  mov r13, [whats+rax*8]
  mov qword ptr [POINTERS_OF_PAGE], DIRECTORY_OF_PAGE+3
  mov qword ptr [DIRECTORY_OF_PAGE], TABLE_OF_PAGE+3
  mov qword ptr [TABLE_OF_PAGE], FRAME+USED
  mov qword ptr [TABLES+8], POINTERS_OF_PAGE+3
  mov rbx, PAGE
  mov [rbx], rbx
  mov qword ptr [HANDLERS], step_over
  mov qword ptr [HANDLERS+14*8], step_over
  mov eax, back
  call enable_system_calls
  jmp r13

align 8
whats: dq nothing, system_call, input, call_and_return, page_fault, divide_error, write_entry

finished:
  say "done"
  call new_line
  xor eax, eax
  ret

nothing:
  in_user_mode {call .rounds}
  jmp finished
.rounds:
  dec r12
  jne .rounds
  ret

system_call:
  in_user_mode {call .rounds}
  jmp finished
.rounds:
  syscall
  dec r12
  jne .rounds
  ret
back:
  sysretq

input:
  in al, 0x80
  dec r12
  jne input
  jmp finished

call_and_return:
  call .return
  dec r12
  jne call_and_return
  jmp finished
.return:
  ret

page_fault:
  mov rbx, PAGE+4096
.rounds:
  mov al, [rbx]                       ; 2 bytes
  dec r12
  jne .rounds
  jmp finished

divide_error:
  xor ecx, ecx
.rounds:
  div ecx                             ; 2 bytes
  dec r12
  jne .rounds
  jmp finished

write_entry:
  mov rax, FRAME+USED
  mov ecx, TABLE_OF_PAGE
.rounds:
  mov [rcx], rax
  dec r12
  jne .rounds
  jmp finished

; Behind the instruction of 2 bytes that faulted.
step_over:
  add qword ptr [rsp+16], 2
  add rsp, 16
  iretq
