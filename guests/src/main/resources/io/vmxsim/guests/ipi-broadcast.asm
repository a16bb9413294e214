; Sends an interrupt to all other processors, in x2APIC mode: rounds=N, cpus=N up to 80, way=N.
;
; way=0: by one IPI to each physical destination. way=1: by one to each cluster of 16, as its logical
; destination. way=2: by the hypercall that KVM has for it, for up to 128 destinations.
include "start.asm"
include "processors.asm"

VECTOR   = 0x50
IA32_APIC_BASE = 0x1b
EOI      = 0x80b                      ; MSRs
ICR      = 0x830
LOGICAL  = 0x800                      ; of the ICR
KVM_HC_SEND_IPI = 10

ready    = GUEST_VARIABLES
received = GUEST_VARIABLES+4          ; interrupts that the others have had

main:
  parameter "rounds", 2, 1, 4000000000
  mov r12, rax
  parameter "cpus", 80, 2, 80
  mov r13, rax
  parameter "way", 0, 0, 2
  mov r14, rax
  mov qword ptr [HANDLERS+VECTOR*8], interrupt
  mov qword ptr [others], wait_for_interrupts
  call start_others
  call use_x2apic
  lea ebp, [r13-1]                    ; the others
.wait:
  pause
  cmp [ready], ebp
  jne .wait
  xor r15d, r15d                      ; interrupts that are to be had
.round:
  mov rax, send_to_each
  cmp r14d, 1
  jb .send
  mov rax, send_to_clusters
  je .send
  mov rax, send_by_hypercall
.send:
  call rax
  add r15d, ebp
.arrive:
  pause
  cmp [received], r15d
  jne .arrive
  dec r12
  jne .round
  mov eax, r15d
  call print_decimal
  say " interrupts"
  call new_line
  xor eax, eax
  ret

send_to_each:
  mov edi, 1
.next:
  mov edx, edi
  mov eax, VECTOR
  mov ecx, ICR
  wrmsr
  inc edi
  cmp edi, r13d
  jb .next
  ret

; The logical x2APIC ID: the number of the cluster, and a bit for the place in it.
send_to_clusters:
  xor edi, edi                        ; the first of a cluster
.next:
  mov ecx, r13d
  sub ecx, edi                        ; how many there are in it, and behind it
  mov edx, 0xffff
  cmp ecx, 16
  jae .all
  mov edx, 1
  shl edx, cl
  dec edx
.all:
  mov eax, edi
  shl eax, 12
  or edx, eax
  test edi, edi
  jne .send
  and edx, -2                         ; not to itself
.send:
  mov eax, VECTOR+LOGICAL
  mov ecx, ICR
  wrmsr
  add edi, 16
  cmp edi, r13d
  jb .next
  ret

; RBX, RCX: a bit for each destination; RDX: the APIC ID of bit 0; RSI: the ICR.
send_by_hypercall:
  mov eax, KVM_HC_SEND_IPI
  mov rbx, -2
  lea ecx, [r13-64]
  mov edx, 1
  shl rdx, cl
  lea rcx, [rdx-1]
  xor edx, edx
  mov esi, VECTOR
  vmcall
  ret

use_x2apic:
  mov ecx, IA32_APIC_BASE
  rdmsr
  or eax, 0xc00
  wrmsr
  ret

; What the other processors do.
wait_for_interrupts:
  call use_x2apic
  lock inc dword ptr [ready]
.again:
  sti
  hlt
  jmp .again

interrupt:
  push rax
  push rcx
  push rdx
  lock inc dword ptr [received]
  xor eax, eax
  xor edx, edx
  mov ecx, EOI
  wrmsr
  pop rdx
  pop rcx
  pop rax
  add rsp, 16
  iretq
