; From a multiboot loader's 32-bit protected mode to "main" in 64-bit mode, and what every guest
; needs there: exceptions, a serial port, parameters of the command line, tests.
;
; Linear addresses up to 4 GBytes are physical ones, for the supervisor; but those from 1 to
; 2 GBytes are a second view of the first GByte, for user mode (USER + address).

USER     = 0x40000000       ; where user mode sees what lies at 0
TABLES   = 0x200000         ; PML4 table, page-directory-pointer table, four page directories
POINTERS = 0x201000
DIRECTORY = 0x202000
IDT      = 0x206000
STUBS    = 0x207000         ; one call per vector, 8 bytes each
HANDLERS = 0x208000         ; what each vector goes to; 0: see "unhandled"
TSS      = 0x209000
VARIABLES = 0x20a000        ; what is written lies apart from code; all of it is 0 at the start
GUEST_VARIABLES = 0x20b000  ; those of the guest that includes this
VARIABLES_END = 0x20c000
STACK    = 0x220000         ; the end of it
INTERRUPT_STACK = 0x230000  ; what interrupts in user mode start on
FREE     = 0x400000         ; RAM that nothing here uses

CODE32   = 0x28             ; selectors; 64-bit code is 8, data is 10H
USER_DATA = 0x1b
USER_CODE = 0x23
TASK     = 0x30

multiboot = VARIABLES       ; the address of the loader's information
raised   = VARIABLES+8      ; what the last attempt raised: vector,
error_code = VARIABLES+16   ; error code,
raised_at = VARIABLES+24    ; RIP
resume   = VARIABLES+32     ; where an attempt goes on: RIP, RSP, RFLAGS
resume_stack = VARIABLES+40
resume_flags = VARIABLES+48

COM1     = 0x3f8
BACK     = 0x80             ; the vector by which user mode returns
USER_STACK = 0x23f000
NOTHING  = -1               ; what [raised] holds if nothing was raised

macro say text
  call print_behind
  db text, 0
endmacro

bits 32
image:
  dd 0x1badb002, 0x10000, -0x1badb002-0x10000    ; the multiboot header, with addresses
  dd image, image, 0, 0, start
start:
  cld
  mov edi, TABLES
  xor eax, eax
  mov ecx, VARIABLES_END-TABLES
  rep stosb
  mov [multiboot], ebx
  mov dword ptr [TABLES], POINTERS+7
  mov eax, DIRECTORY+7
  mov edi, POINTERS
.directories:
  mov [edi], eax
  add edi, 8
  add eax, 0x1000
  cmp eax, DIRECTORY+0x4000
  jb .directories
  mov edi, DIRECTORY
  mov eax, 0x83                       ; present, writable, 2 MBytes
.pages:
  mov [edi], eax
  add edi, 8
  add eax, 0x200000
  jae .pages
  mov edi, DIRECTORY+0x1000
  mov eax, 0x87                       ; and for user mode
.user_pages:
  mov [edi], eax
  add edi, 8
  add eax, 0x200000
  cmp eax, 0x40000000
  jb .user_pages
  mov ebp, start64

; From 32-bit protected mode without paging to EBP in 64-bit mode, on the tables above.
enter_64_bit_mode:
  mov eax, TABLES
enter_on_other_tables:                ; EAX
  mov cr3, eax
  mov eax, cr4
  or eax, 0x20                        ; PAE
  mov cr4, eax
  mov eax, 0x80000001
  cpuid
  and edx, 0x100000                   ; execute disable: EFER.NXE is bit 11
  shr edx, 9
  mov ebx, edx
  mov ecx, 0xc0000080                 ; IA32_EFER
  rdmsr
  or eax, 0x100                       ; LME
  or eax, ebx
  wrmsr
  mov eax, 0x80010031                 ; PG, WP, NE, ET, PE
  mov cr0, eax
  lgdt [gdt_register]
  jmp far 8:entered
bits 64
entered:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  lidt [idt_register]
  jmp rbp

gdt_register: dw 0x4f
  dd gdt
align 8
gdt: dq 0
  dq 0x00af9b000000ffff               ; 08H: 64-bit code
  dq 0x00cf93000000ffff               ; 10H: data
  dq 0x00cff3000000ffff               ; 18H: data for user mode
  dq 0x00affb000000ffff               ; 20H: 64-bit code for user mode
  dq 0x00cf9b000000ffff               ; 28H: 32-bit code
  dq 0x0000890000000067, 0            ; 30H: the TSS, whose base is put in below
  dq 0, 0                             ; 40H: for tests
idt_register: dw 0xfff
  dq IDT

start64:
  mov esp, STACK
  mov al, 0xff                        ; no interrupts from the 8259A pair
  out 0x21, al
  out 0xa1, al
  call set_up_serial
  call set_up_exceptions
  call main
  jmp exit

; Every vector's gate leads to its stub, "call interrupted".
set_up_exceptions:
  mov edi, IDT
  mov esi, STUBS
.next:
  mov ecx, interrupted-5
  sub ecx, esi
  mov byte ptr [rsi], 0xe8            ; call
  mov [rsi+1], ecx
  mov word ptr [rdi], si
  mov word ptr [rdi+2], 8
  mov word ptr [rdi+4], 0x8e00        ; present, interrupt gate, for the supervisor
  mov ecx, esi
  shr ecx, 16
  mov [rdi+6], cx
  add edi, 16
  add esi, 8
  cmp edi, IDT+0x1000
  jb .next
  mov byte ptr [IDT+BACK*16+5], 0xee  ; for user mode, too
  mov dword ptr [TSS+4], INTERRUPT_STACK
  mov word ptr [TSS+0x66], 0x68       ; no I/O permission bit map
  mov eax, TSS
  mov word ptr [gdt+TASK+2], ax
  shr eax, 16
  mov byte ptr [gdt+TASK+4], al
  mov ax, TASK
  ltr ax
  ret

; On the stack: behind the stub, [error code], RIP, CS, RFLAGS, RSP, SS. Handlers find vector and
; error code (0 if there is none) on top, take both off, and end with IRETQ.
interrupted:
  push rax
  mov rax, [rsp+8]
  sub rax, STUBS+5
  shr eax, 3
  mov [rsp+8], rax                    ; the vector
  cmp eax, 32
  jae .no_code
  push rcx
  mov ecx, eax
  mov eax, 0x60227d00                 ; vectors 8, 10 to 14, 17, 21, 29, 30 push an error code
  shr eax, cl
  pop rcx
  test al, 1
  jne .code
.no_code:
  pop rax
  push qword ptr [rsp]
  mov qword ptr [rsp+8], 0
  jmp .handle
.code:
  pop rax
.handle:
  push rax
  mov eax, [rsp+8]
  mov rax, [HANDLERS+rax*8]
  test rax, rax
  je unhandled
  xchg [rsp], rax
  ret

; An exception without a handler: "attempt" goes on behind what it attempted.
unhandled:
  mov rax, [rsp+8]
  cmp eax, BACK
  jne .raised
  mov rax, NOTHING
.raised:
  mov [raised], rax
  mov rax, [rsp+16]
  mov [error_code], rax
  mov rax, [rsp+24]
  mov [raised_at], rax
  cmp dword ptr [resume], 0
  je .unexpected
  mov ax, 0x10
  mov ss, ax
  mov rax, [rsp]
  mov rsp, [resume_stack]
  push qword ptr [resume_flags]
  popfq
  jmp qword ptr [resume]
.unexpected:
  say "unexpected exception "
  mov rax, [raised]
  call print_decimal
  say ", error code "
  mov rax, [error_code]
  call print_hex
  say " at "
  mov rax, [raised_at]
  call print_hex
  say ", CR2 "
  mov rax, cr2
  call print_hex
  call new_line
  mov eax, 3
  jmp exit

; Does what may raise an exception; [raised] tells. All registers are kept but by what is done.
macro attempt code
  pushfq
  pop qword ptr [resume_flags]
  mov qword ptr [raised], NOTHING
  mov qword ptr [error_code], 0
  mov qword ptr [resume], .behind_attempt@
  mov [resume_stack], rsp
  code
.behind_attempt@:
  mov qword ptr [resume], 0
endmacro

set_up_serial:
  mov dx, COM1+1
  xor eax, eax
  out dx, al                          ; no interrupts
  mov dx, COM1+3
  mov al, 0x83                        ; 8 bits; the divisor is to come
  out dx, al
  mov dx, COM1
  mov al, 1                           ; 115,200 baud
  out dx, al
  inc edx
  xor eax, eax
  out dx, al
  mov dx, COM1+3
  mov al, 3
  out dx, al
  ret

put_character:                        ; AL
  push rdx
  push rax
  mov dx, COM1+5
.wait:
  in al, dx
  test al, 0x20                       ; the transmitter is empty
  je .wait
  mov dx, COM1
  mov eax, [rsp]
  out dx, al
  pop rax
  pop rdx
  ret

new_line:
  push rax
  mov al, 10
  call put_character
  pop rax
  ret

; Prints the text that lies behind the call, and returns behind it.
print_behind:
  xchg [rsp], rsi
  push rax
.next:
  lodsb
  test al, al
  je .end
  call put_character
  jmp .next
.end:
  pop rax
  xchg [rsp], rsi
  ret

print_text:                           ; at RSI, up to a 0
  push rax
.next:
  lodsb
  test al, al
  je .end
  call put_character
  jmp .next
.end:
  pop rax
  ret

print_decimal:                        ; RAX
  push rax
  push rcx
  push rdx
  mov ecx, 10
  call .digits
  pop rdx
  pop rcx
  pop rax
  ret
.digits:
  xor edx, edx
  div rcx
  push rdx
  test rax, rax
  je .last
  call .digits
.last:
  pop rax
  add al, '0'
  jmp put_character

print_hex:                            ; RAX, without leading zeros
  push rax
  push rcx
  push rdx
  mov rdx, rax
  mov ecx, 64
.skip:
  sub ecx, 4
  je .digit
  mov rax, rdx
  shr rax, cl
  je .skip
.digit:
  mov rax, rdx
  shr rax, cl
  and eax, 15
  cmp al, 10
  jb .decimal
  add al, 39
.decimal:
  add al, '0'
  call put_character
  sub ecx, 4
  jae .digit
  pop rdx
  pop rcx
  pop rax
  ret

; The number behind "name=" in the command line, or what is the default; in RAX. Who loads the guest
; looks that it is from least to most.
macro parameter name, default, least, most
  mov rax, default
  call read_parameter
  db name, 0
endmacro

read_parameter:
  xchg [rsp], rsi
  push rdi
  push rcx
  push rdx
  push rax
  mov edx, [multiboot]
  test byte ptr [rdx], 4              ; there is a command line
  je .default
  mov edi, [rdx+16]
.search:
  xor ecx, ecx
.compare:
  mov al, [rsi+rcx]
  test al, al
  je .same
  cmp al, [rdi+rcx]
  jne .next
  inc ecx
  jmp .compare
.same:
  cmp byte ptr [rdi+rcx], '='
  je .found
.next:
  inc edi
  cmp byte ptr [rdi], 0
  jne .search
.default:
  pop rax
  jmp .end
.found:
  add edi, ecx
  xor eax, eax
.digit:
  inc edi
  movzx ecx, byte ptr [rdi]
  sub ecx, '0'
  cmp ecx, 9
  ja .number
  imul rax, rax, 10
  add rax, rcx
  jmp .digit
.number:
  add rsp, 8
.end:
  pop rdx
  pop rcx
  pop rdi
.skip:
  inc rsi
  cmp byte ptr [rsi-1], 0
  jne .skip
  xchg [rsp], rsi
  ret

; Ends the machine with status EAX at isa-debug-exit; on Bochs, by the word "Shutdown".
exit:
  mov ebx, eax
.wait:
  mov dx, COM1+5
  in al, dx
  test al, 0x40                       ; everything has been sent
  je .wait
  mov eax, ebx
  mov edx, 0xf4
  out dx, eax
  mov esi, shutdown
  mov ecx, 8
  mov dx, 0x8900
  rep outsb
  cli
  hlt
  jmp exit
shutdown: db "Shutdown"
