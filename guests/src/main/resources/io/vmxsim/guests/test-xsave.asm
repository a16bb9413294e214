; Tests XSAVE, XRSTOR, XGETBV and XSETBV: SDM volume 1, chapter 13.
include "start.asm"
include "check.asm"

AREA = 0xa00000                       ; 64-byte aligned

macro set_xcr0 low, high
  xor ecx, ecx
  mov eax, low
  mov edx, high
  attempt xsetbv
endmacro

main:
  unless_cpuid 1, ecx, 26, finish
  xor ecx, ecx
  attempt xgetbv
  expect "XGETBV without CR4.OSXSAVE is #UD", 6
  attempt {xsave [AREA]}
  expect "XSAVE without CR4.OSXSAVE is #UD", 6
  mov rax, cr4
  or eax, 0x40600                     ; OSXSAVE, OSXMMEXCPT, OSFXSR
  mov cr4, rax
  mov eax, 1
  cpuid
  and ecx, 0x8000000
  cmp ecx, 0x8000000
  check "CPUID shows OSXSAVE"
  xor ecx, ecx
  xgetbv
  cmp eax, 1
  check "XCR0 is 1 at first"
  set_xcr0 0, 0
  expect_code "XCR0 needs x87", 13, 0
  set_xcr0 3, 0
  expect "x87 and SSE may be set", NOTHING
  set_xcr0 5, 0
  expect_code "AVX needs SSE", 13, 0
  set_xcr0 3, 0x80000000
  expect_code "bit 63 of XCR0 is reserved", 13, 0
  mov ecx, 1
  mov eax, 3
  xor edx, edx
  attempt xsetbv
  expect_code "there is no XCR1 to set", 13, 0
  xor ecx, ecx
  in_user_mode xsetbv
  expect_code "XSETBV in user mode is #GP", 13, 0
  in_user_mode xgetbv
  expect "XGETBV in user mode reads", NOTHING
  mov rbx, 0x1122334455667788
  movq xmm3, rbx
  mov eax, 3
  xor edx, edx
  attempt {xsave [AREA+8]}
  expect_code "an area that is not aligned to 64 bytes is #GP", 13, 0
  xsave [AREA]
  cmp [AREA+160+3*16], rbx
  check "XMM3 lies at offset 208"
  mov rax, [AREA+512]
  test al, 2
  setne cl
  cmp cl, 1
  check "XSTATE_BV says that SSE was saved"
  pxor xmm3, xmm3
  mov eax, 3
  xor edx, edx
  xrstor [AREA]
  movq rax, xmm3
  cmp rax, rbx
  check "XRSTOR brings XMM3 back"
  and qword ptr [AREA+512], 1
  mov eax, 3
  xrstor [AREA]
  movq rax, xmm3
  test rax, rax
  check "XRSTOR initializes what XSTATE_BV lacks"
  mov qword ptr [AREA+512+8], 1
  mov eax, 3
  attempt {xrstor [AREA]}
  expect_code "XCOMP_BV must be 0 in the standard form", 13, 0
  mov qword ptr [AREA+512+8], 0
  mov qword ptr [AREA+512], 4
  mov eax, 7
  attempt {xrstor [AREA]}
  expect_code "XSTATE_BV must not exceed XCR0", 13, 0
  mov qword ptr [AREA+512], 3
  mov dword ptr [AREA+24], 0x10000    ; MXCSR bit 16
  mov eax, 3
  attempt {xrstor [AREA]}
  expect_code "reserved bits of MXCSR are #GP", 13, 0
  mov rax, cr0
  bts rax, 3                          ; TS
  mov cr0, rax
  mov eax, 3
  attempt {xsave [AREA]}
  expect "XSAVE with CR0.TS is #NM", 7
  clts
  unless_cpuid 1, ecx, 28, finish
  set_xcr0 7, 0
  expect "AVX may be set with SSE", NOTHING
  jmp finish
