package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Instruction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How much of the guest the VMM reads to emulate an instruction in 64-bit mode. */
class GuestStateTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mov [rax], rcx            | false",
        "mov eax, [rdi+0x10]       | false",
        "lock cmpxchg [rdi], rdx   | false",
        "rep stosq                 | false",
        "movups xmm1, [rsi]        | false",
        "mov rax, fs:[rbx]         | true",
        "mov gs:[rbx], al          | true",
        "mov ds, ax                | true",
        "mov eax, es               | true",
        "rep outsb                 | true",
        "push qword ptr [rax]      | true",
        "lgdt [rax]                | true",
        "iretq                     | true",
        "mov cr0, rax              | true"
      })
  void plainInstructionsNeedNoSystemState(String source, boolean needs) {
    byte[] code = new Assembler(CodeMode.BITS64, 0).add(source).bytes();
    Instruction instruction = new Instruction();
    new Decoder(feature -> true).decode(code, 0, code.length, CodeMode.BITS64, instruction);
    assertEquals(needs, GuestState.needsSystemState(instruction));
  }
}
