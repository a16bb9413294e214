; Does one thing over and over that may be dear for a guest: rounds=N, what=N.
;
; what=0: nothing; 1: CPUID; 2: VMCALL; 3: reads the power-management timer; 4: reads a port where
; there is no device; 5, 6: reads and writes the 8259A pair's edge/level register; 7, 8: reads and
; writes CR8.
include "start.asm"

NO_DEVICE = 0x1234
PM_TIMER  = 0x608
EDGE_LEVEL = 0x4d0

main:
  parameter "rounds", 1000, 1, 4000000000
  mov r12, rax
  parameter "what", 0, 0, 8
  mov r13, [whats+rax*8]
.round:
  call r13
  dec r12
  jne .round
  say "done"
  call new_line
  xor eax, eax
  ret

align 8
whats: dq nothing, cpu_id, hypercall, timer, no_device, in_edge_level, out_edge_level
       dq from_cr8, to_cr8

nothing:
  ret
cpu_id:
  xor eax, eax
  cpuid
  ret
hypercall:
  mov eax, -1                         ; there is none of that number
  vmcall
  ret
timer:
  mov edx, PM_TIMER
  in eax, dx
  ret
no_device:
  mov edx, NO_DEVICE
  in eax, dx
  ret
in_edge_level:
  mov edx, EDGE_LEVEL
  in eax, dx
  ret
out_edge_level:
  mov edx, EDGE_LEVEL
  xor eax, eax
  out dx, al
  ret
from_cr8:
  mov rax, cr8
  ret
to_cr8:
  xor eax, eax
  mov cr8, rax
  ret
