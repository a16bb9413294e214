; From 64-bit mode to 32-bit protected mode without paging and back. What is checked there is noted,
; and reported when 64-bit mode can print again.

NOTES    = 0x5000                     ; for each: name, EFLAGS, vector, error code
NOTES_END = 0x7000
IDT32    = 0x3e0000
STUBS32  = 0x3e1000

noted    = VARIABLES+0xd0             ; the end of the notes

bits 64
; Returns in 32-bit mode: what is behind the call is 32-bit code.
leave_64_bit_mode:
  mov dword ptr [noted], NOTES
  pop rbp
  push CODE32
  push .compatible
  retfq
bits 32
.compatible:
  mov ax, 0x10                        ; a return to user mode has made them null
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov eax, cr0
  and eax, 0x7fffffff
  mov cr0, eax
  mov ecx, 0xc0000080
  rdmsr
  and eax, -0x101
  wrmsr
  call set_up_exceptions32
  jmp ebp

; Returns in 64-bit mode.
return_to_64_bit_mode:
  pop ebp
  jmp enter_64_bit_mode

set_up_exceptions32:
  mov edi, IDT32
  mov esi, STUBS32
.next:
  mov ecx, interrupted32-5
  sub ecx, esi
  mov byte ptr [esi], 0xe8            ; call
  mov [esi+1], ecx
  mov [edi], si
  mov word ptr [edi+2], CODE32
  mov word ptr [edi+4], 0x8e00        ; present, 32-bit interrupt gate
  mov ecx, esi
  shr ecx, 16
  mov [edi+6], cx
  add edi, 8
  add esi, 8
  cmp edi, IDT32+0x200
  jb .next
  lidt [idt32_register]
  ret
idt32_register: dw 0x1ff
  dd IDT32

; Every exception goes on behind what was attempted.
interrupted32:
  pop eax
  sub eax, STUBS32+5
  shr eax, 3
  mov [raised], eax
  cmp eax, 8
  je .code
  cmp eax, 10
  jb .no_code
  cmp eax, 14
  ja .no_code
.code:
  pop dword ptr [error_code]
.no_code:
  pop dword ptr [raised_at]
  cmp dword ptr [resume], 0
  je .unexpected
  mov esp, [resume_stack]
  push dword ptr [resume_flags]
  popfd
  jmp dword ptr [resume]
.unexpected:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, STACK
  call return_to_64_bit_mode
bits 64
  call report_notes
  mov qword ptr [resume], 0
  push qword ptr [raised_at]
  push qword ptr [error_code]
  push qword ptr [raised]
  jmp unhandled
bits 32

; "attempt" of 32-bit code.
macro attempt32 code
  pushfd
  pop dword ptr [resume_flags]
  mov dword ptr [raised], NOTHING
  mov dword ptr [error_code], 0
  mov dword ptr [resume], .behind_attempt@
  mov [resume_stack], esp
  code
.behind_attempt@:
  mov dword ptr [resume], 0
endmacro

; Passed if the flags say "equal".
macro note name
  call add_note
  db name, 0
endmacro

; Passed if the attempt before raised this, with this error code. Uses EAX and EDX.
macro note_raised name, number, code
  mov eax, [raised]
  mov edx, [error_code]
  xor eax, number
  xor edx, code
  or eax, edx
  note name
endmacro

add_note:
  xchg [esp], esi
  pushfd
  push eax
  push edi
  mov edi, [noted]
  mov [edi], esi
  mov eax, [esp+8]
  mov [edi+4], eax
  mov eax, [raised]
  mov [edi+8], eax
  mov eax, [error_code]
  mov [edi+12], eax
  add edi, 16
  mov [noted], edi
  pop edi
  pop eax
.skip:
  inc esi
  cmp byte ptr [esi-1], 0
  jne .skip
  popfd
  xchg [esp], esi
  ret

bits 64
report_notes:
  mov ebx, NOTES
.next:
  cmp ebx, [noted]
  jae .end
  mov esi, [rbx]
  movsxd rax, dword ptr [rbx+8]
  mov [raised], rax
  mov eax, [rbx+12]
  mov [error_code], rax
  push qword ptr [rbx+4]
  and qword ptr [rsp], 0x40
  popfq
  call report_named
  add ebx, 16
  jmp .next
.end:
  ret
