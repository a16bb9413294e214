package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;

/** "Decimal Arithmetic Instructions" (volume 1, 5.1.3), by the operation sections of volume 2. */
final class DecimalOperations {
  private final CpuState state;
  private final StatusFlags flags;
  private final Faults faults;

  DecimalOperations(CpuState state, Faults faults) {
    this.state = state;
    this.faults = faults;
    flags = state.status;
  }

  void execute(Instruction in) {
    int al = (int) state.register(RAX) & 0xff;
    int ah = (int) state.register(RAX) >> 8 & 0xff;
    int operand = (int) in.immediate & 0xff;
    switch (in.op) {
      case DAA -> adjustPacked(al, 1);
      case DAS -> adjustPacked(al, -1);
      case AAA -> adjustUnpacked(1);
      case AAS -> adjustUnpacked(-1);
      case AAM -> {
        if (operand == 0) {
          throw faults.divideError();
        }
        setAx((al / operand) << 8 | al % operand);
        flags.setLogic((byte) (al % operand));
      }
      case AAD -> {
        int sum = al + ah * operand & 0xff;
        setAx(sum);
        flags.setLogic((byte) sum);
      }
      // In no edition's opcode map, and in every processor: AL = CF ? FFH : 00H.
      case SALC -> state.setRegister(RAX, (state.register(RAX) & ~0xffL) | (flags.cf() ? 0xff : 0));
      default -> throw new IllegalStateException("no decimal instruction: " + in.op);
    }
  }

  private void setAx(int value) {
    state.setRegister(RAX, (state.register(RAX) & ~0xffffL) | (value & 0xffff));
  }

  private void adjustPacked(int al, int sign) {
    boolean half = (al & 15) > 9 || flags.af();
    boolean high = al > 0x99 || flags.cf();
    int low = al + (half ? 6 * sign : 0);
    boolean cf = high || (sign < 0 && half && low < 0);
    int result = low + (high ? 0x60 * sign : 0) & 0xff;
    state.setRegister(RAX, (state.register(RAX) & ~0xffL) | result);
    setFlags(result, cf, half);
  }

  private void adjustUnpacked(int sign) {
    int ax = (int) state.register(RAX) & 0xffff;
    boolean adjusts = (ax & 15) > 9 || flags.af();
    int result = adjusts ? ax + 0x106 * sign : ax;
    setAx(result & 0xff0f);
    setFlags(result & 15, adjusts, adjusts);
  }

  private void setFlags(int result, boolean cf, boolean af) {
    flags.setLogic((byte) result);
    flags.setCf(cf);
    long bits = flags.bits() & ~CpuState.OF;
    flags.set(af ? bits | CpuState.AF : bits & ~CpuState.AF);
  }
}
