; Tests the I/O APIC with the serial port's interrupt, edge and level: 82093AA data sheet; SDM 10.8.
include "start.asm"
include "check.asm"

IO_APIC  = 0xfec00000                 ; which register, and 10H behind it its value
APIC     = 0xfee00000
LINE     = 4                          ; of COM1
ENTRY    = 0x18                       ; its redirection entry: 10H + 2 * line
VECTOR   = 0x61
MASKED   = 0x10000                    ; bits of an entry
LEVEL    = 0x8000
REMOTE_IRR = 0x4000
LOGICAL  = 0x800
LOWEST   = 0x100
NMI      = 0x400
HITS     = GUEST_VARIABLES
NMIS     = GUEST_VARIABLES+8
REMOTE   = GUEST_VARIABLES+16         ; the entry as the handler saw it

macro entry bits
  mov dword ptr [rbx], ENTRY
  mov dword ptr [rbx+16], bits
endmacro

macro destination bits
  mov dword ptr [rbx], ENTRY+1
  mov dword ptr [rbx+16], bits
endmacro

; The line rises: the transmitter is empty. It falls when that is acknowledged by reading which
; interrupt there is, or no longer enabled.
macro raise_line
  call wait_for_transmitter
  mov dx, COM1+1
  mov al, 2
  out dx, al
endmacro

macro lower_line
  mov dx, COM1+1
  xor eax, eax
  out dx, al
endmacro

macro open
  sti
  nop
  nop
  nop
  cli
endmacro

macro hits name, number
  cmp qword ptr [HITS], number
  check name
endmacro

main:
  mov ebx, IO_APIC
  mov r12d, APIC
  mov dword ptr [r12+0xf0], 0x1ff
  mov qword ptr [HANDLERS+VECTOR*8], count
  mov qword ptr [HANDLERS+16], count_nmi
  mov dx, COM1+4
  mov al, 8                           ; OUT2 lets interrupts through
  out dx, al
  call registers
  call edge
  call level
  call destinations
  entry MASKED
  jmp finish

registers:
  mov dword ptr [rbx], 1
  mov eax, [rbx+16]
  shr eax, 16
  cmp al, 23
  check "there are 24 lines"
  mov dword ptr [rbx], ENTRY
  mov eax, [rbx+16]
  and eax, MASKED
  cmp eax, MASKED
  check "at first they are masked"
  mov dword ptr [rbx+16], -1
  mov eax, [rbx+16]
  cmp eax, 0x1afff
  check "delivery status and remote IRR are only read"
  mov dword ptr [rbx], ENTRY+1
  mov dword ptr [rbx+16], 0x5a000000
  mov eax, [rbx+16]
  cmp eax, 0x5a000000
  check "the destination is the upper byte"
  mov dword ptr [rbx], 0
  mov dword ptr [rbx+16], 0x7000000
  mov eax, [rbx+16]
  shr eax, 24
  cmp eax, 7
  check "the ID can be written"
  mov byte ptr [rbx], ENTRY+1
  mov eax, [rbx]
  cmp al, ENTRY+1
  check "which register reads back"
  entry MASKED
  mov eax, [r12+0x20]
  mov dword ptr [rbx], ENTRY+1
  mov [rbx+16], eax
  ret

edge:
  mov qword ptr [HITS], 0
  entry VECTOR
  raise_line
  open
  hits "a rising line interrupts", 1
  open
  hits "once", 1
  lower_line
  open
  hits "and not as it falls", 1
  raise_line
  lower_line
  open
  hits "an edge is not forgotten when the line falls", 2
  entry MASKED+VECTOR
  raise_line
  open
  hits "none comes while the line is masked", 2
  lower_line
  ret

level:
  mov qword ptr [HITS], 0
  entry LEVEL+VECTOR
  raise_line
  sti
  nop
  nop
  nop
  cli
  hits "a level interrupts", 1
  mov eax, [REMOTE]
  and eax, REMOTE_IRR
  cmp eax, REMOTE_IRR
  check "remote IRR is set until the EOI"
  mov dword ptr [rbx], ENTRY
  mov eax, [rbx+16]
  test eax, REMOTE_IRR
  check "which clears it"
  mov qword ptr [HANDLERS+VECTOR*8], count_stubborn
  mov qword ptr [HITS], 0
  raise_line
  open
  open
  open
  hits "while the level stays it interrupts again", 3
  mov qword ptr [HANDLERS+VECTOR*8], count
  entry MASKED+LEVEL+VECTOR
  lower_line
  mov qword ptr [HITS], 0
  raise_line
  open
  hits "not while it is masked", 0
  entry LEVEL+VECTOR
  open
  hits "but then, if it is still there", 1
  entry MASKED
  ret

destinations:
  mov qword ptr [HITS], 0
  mov dword ptr [r12+0xe0], -1        ; flat
  mov dword ptr [r12+0xd0], 0x4000000
  destination 0xc000000
  entry LOGICAL+VECTOR
  raise_line
  open
  lower_line
  hits "a logical destination names it by a bit", 1
  destination 0x3000000
  raise_line
  open
  lower_line
  hits "or does not", 1
  destination 0xff000000
  entry LOGICAL+LOWEST+VECTOR
  raise_line
  open
  lower_line
  hits "lowest priority reaches it where it is alone", 2
  destination 0xff000000
  entry NMI
  raise_line
  lower_line
  mov ecx, 100
.wait:
  loop .wait
  cmp qword ptr [NMIS], 1
  check "the line can be an NMI"
  hits "which needs no EOI and has no vector", 2
  entry MASKED
  ret

wait_for_transmitter:
  mov dx, COM1+5
.wait:
  in al, dx
  test al, 0x40
  je .wait
  ret

; The line falls before the EOI.
count:
  inc qword ptr [HITS]
  push rax
  push rdx
  mov dword ptr [rbx], ENTRY
  mov eax, [rbx+16]
  mov [REMOTE], eax
  mov dx, COM1+2
  in al, dx
  lower_line
  mov dword ptr [r12+0xb0], 0
  pop rdx
  pop rax
  add rsp, 16
  iretq

; It stays, until three have come.
count_stubborn:
  inc qword ptr [HITS]
  push rax
  push rdx
  cmp qword ptr [HITS], 3
  jne .stays
  lower_line
.stays:
  mov dword ptr [r12+0xb0], 0
  pop rdx
  pop rax
  add rsp, 16
  iretq

count_nmi:
  inc qword ptr [NMIS]
  add rsp, 16
  iretq
