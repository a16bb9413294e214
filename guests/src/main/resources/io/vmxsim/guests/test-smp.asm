; Tests two processors: locked operations, cross-modified code, and a TLB shootdown.
include "start.asm"
include "processors.asm"
include "check.asm"

VECTOR = 0x51
TIMES  = 1000
counter = GUEST_VARIABLES             ; both increment it
started = GUEST_VARIABLES+8
done   = GUEST_VARIABLES+16
order  = GUEST_VARIABLES+24           ; what the second processor is to do next
result = GUEST_VARIABLES+32
shot   = GUEST_VARIABLES+40
lock_word = GUEST_VARIABLES+48
guarded = GUEST_VARIABLES+56

REGION   = 0x8000000000
POINTERS_R = FREE
DIRECTORY_R = FREE+0x1000
TABLE_R  = FREE+0x2000
FIRST    = 0xa00000
SECOND   = 0xa01000
CODE     = 0xa02000

main:
  mov qword ptr [TABLES+8], POINTERS_R+3
  mov qword ptr [POINTERS_R], DIRECTORY_R+3
  mov qword ptr [DIRECTORY_R], TABLE_R+3
  mov qword ptr [TABLE_R], FIRST+3
  mov dword ptr [FIRST], 1
  mov dword ptr [SECOND], 2
  mov byte ptr [CODE], 0xb8           ; mov eax, 1
  mov dword ptr [CODE+1], 1
  mov byte ptr [CODE+5], 0xc3         ; ret
  mov qword ptr [HANDLERS+VECTOR*8], shoot_down
  mov qword ptr [others], second
  call start_others
.wait:
  pause
  cmp dword ptr [started], 1
  jne .wait
  call count
.counting:
  pause
  cmp dword ptr [done], 1
  jne .counting
  cmp qword ptr [counter], TIMES*2
  check "no locked increment is lost"
  cmp qword ptr [guarded], TIMES*2
  check "nor one under a lock of XCHG"
  mov eax, 1                          ; run the code
  call order_other
  cmp qword ptr [result], 1
  check "the other runs code"
  mov dword ptr [CODE+1], 2
  mov eax, 1
  call order_other
  cmp qword ptr [result], 2
  check "and what this processor made of it"
  mov eax, 2                          ; read the page
  call order_other
  cmp qword ptr [result], 1
  check "the other translates"
  mov qword ptr [TABLE_R], SECOND+3
  mov ebx, APIC
  mov dword ptr [rbx+ICR_LOW], 0xc4000+VECTOR
.shooting:
  pause
  cmp qword ptr [shot], 1
  jne .shooting
  mov eax, 2
  call order_other
  cmp qword ptr [result], 2
  check "and anew after an interrupt that had it flush"
  jmp finish

order_other:
  mov [order], rax
.wait:
  pause
  cmp qword ptr [order], 0
  jne .wait
  ret

count:
  mov ecx, TIMES
.next:
  lock inc qword ptr [counter]
.take:
  mov eax, 1
  xchg [lock_word], eax
  test eax, eax
  jne .take
  mov rax, [guarded]
  inc rax
  mov [guarded], rax
  mov dword ptr [lock_word], 0
  loop .next
  ret

second:
  mov dword ptr [started], 1
  call count
  mov dword ptr [done], 1
.orders:
  sti
  pause
  cli
  mov rax, [order]
  test rax, rax
  je .orders
  cmp eax, 1
  je .run
  mov rbx, REGION
  mov eax, [rbx]
  jmp .ready
.run:
  mov ebx, CODE
  xor eax, eax
  cpuid                               ; serializes
  mov ebx, CODE
  call rbx
.ready:
  mov [result], rax
  mov qword ptr [order], 0
  jmp .orders

shoot_down:
  push rax
  push rbx
  mov rbx, REGION
  invlpg [rbx]
  mov ebx, APIC
  mov dword ptr [rbx+0xb0], 0
  mov qword ptr [shot], 1
  pop rbx
  pop rax
  add rsp, 16
  iretq
