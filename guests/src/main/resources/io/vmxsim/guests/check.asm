; Tests: each prints a line PASS or FAIL, and "finish" how many there were.

tests = VARIABLES+0x80
failures = VARIABLES+0x88

; Passed if the flags say "equal" (ZF = 1).
macro check name
  call report
  db name, 0
endmacro

; Passed if the attempt before raised this exception, or NOTHING.
macro expect name, number
  cmp qword ptr [raised], number
  call report
  db name, 0
endmacro

; Passed if it raised this exception with this error code.
macro expect_code name, number, code
  call compare_raised
  dq number, code
  call report
  db name, 0
endmacro

; Does something in user mode, with flags as given; [raised] tells what it raised. What it uses of
; this program's memory is at USER + address.
macro in_user_mode code, flags
  pushfq
  pop qword ptr [resume_flags]
  mov qword ptr [error_code], 0
  mov qword ptr [resume], .behind_user_mode@
  mov [resume_stack], rsp
  push USER_DATA
  push USER+USER_STACK
  push flags+2
  push USER_CODE
  push .user_mode@+USER
  iretq
.user_mode@:
  code
  int BACK
.behind_user_mode@:
  mov qword ptr [resume], 0
endmacro

; Goes to a label if a bit of a register of CPUID is 0.
macro unless_cpuid leaf, register, bit, label
  push rbx
  mov eax, leaf
  xor ecx, ecx
  cpuid
  bt register, bit
  pop rbx
  jae label
endmacro

compare_raised:                       ; ZF = 1 if [raised] and [error_code] are those behind the call
  xchg [rsp], rbx
  push rax
  mov rax, [raised]
  sub rax, [rbx]
  jne .different
  mov rax, [error_code]
  sub rax, [rbx+8]
.different:
  pop rax
  lea rbx, [rbx+16]
  xchg [rsp], rbx
  ret

report:
  xchg [rsp], rsi
  call report_named
  xchg [rsp], rsi
  ret

report_named:                         ; by the text at RSI; RSI is behind it then
  pushfq
  push rax
  test byte ptr [rsp+8], 0x40
  jne .pass
  say "FAIL: "
  inc dword ptr [failures]
  jmp .name
.pass:
  say "PASS: "
.name:
  inc dword ptr [tests]
  call print_text
  test byte ptr [rsp+8], 0x40
  jne .end
  say " (raised "
  mov rax, [raised]
  call print_hex
  say ", error code "
  mov rax, [error_code]
  call print_hex
  say ", RAX "
  mov rax, [rsp]
  call print_hex
  say ")"
.end:
  call new_line
  pop rax
  popfq
  ret

; Prints the sum and exits: status 0 if all passed, 1 if not.
finish:
  mov eax, [tests]
  call print_decimal
  say " tests, "
  mov eax, [failures]
  call print_decimal
  say " failed"
  call new_line
  xor eax, eax
  cmp dword ptr [failures], 0
  setne al
  jmp exit
