package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.vmcs.InstructionInformation;

/**
 * What a VM exit reports of an instruction's operands ("Basic VM-Exit Information", 27.2.1, and
 * "Information for VM Exits Due to Instruction Execution", 27.2.4).
 */
final class ExitOperands {
  private ExitOperands() {}

  /** The register or memory operand, in the instruction-information field. */
  static int information(Instruction in) {
    int none = InstructionInformation.NO_REGISTER;
    if (!in.isMemory) {
      return InstructionInformation.register(in.rm & 15);
    }
    return InstructionInformation.memory(
        in.segment,
        in.base >= Instruction.NO_REGISTER ? none : in.base,
        in.index == Instruction.NO_REGISTER ? none : in.index,
        1 << in.scale,
        in.addressSize);
  }

  /** The operand of {@link #information} and the register operand. */
  static int both(Instruction in) {
    return InstructionInformation.withRegister2(information(in), Math.max(0, in.reg) & 15);
  }

  /** The exit qualification: the displacement, to which RIP-relative addressing adds the RIP. */
  static long displacement(Instruction in, long nextRip) {
    if (!in.isMemory) {
      return 0;
    }
    return in.base == Instruction.RIP ? in.displacement + nextRip : in.displacement;
  }
}
