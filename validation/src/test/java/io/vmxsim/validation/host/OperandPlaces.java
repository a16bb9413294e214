package io.vmxsim.validation.host;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.cpu.decode.Op.Group;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * Where a case has its memory operands: in the window mostly; at times across either end of the
 * page, with nothing around it, or in the same page at an address where it is not to be written.
 */
final class OperandPlaces {
  static final long DATA = 0x4000_0000L;
  static final int PAGE = 4096;

  /** The data page once more, read-only. */
  static final long READ_ONLY = 0x5000_0000L;

  private static final int RSP = CpuState.RSP;
  private static final int LEGACY_BYTES = 512;

  private final SplittableRandom random;
  private boolean atEnd;
  private boolean crosses;

  /** The window's first byte as the case addresses it. */
  private long window;

  OperandPlaces(SplittableRandom random) {
    this.random = random;
  }

  /** Whether the window is the end of the page and not its beginning. */
  boolean isAtEnd() {
    return atEnd;
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** Sets the registers that address memory, or whose values would leave it. */
  void choose(Instruction in, HostState input) {
    crosses = oneIn(4);
    atEnd = oneIn(crosses ? 2 : 16);
    window = (oneIn(16) ? READ_ONLY : DATA) + (atEnd ? PAGE - HostState.WINDOW : 0);
    input.registers[RSP] = crosses ? edge(8) : window + 32;
    implied(in, input);
    if (in.isMemory && in.op != Op.LEA) {
      modRm(in, input);
    }
  }

  /** An address whose next {@code reach} bytes are not all in the page, mostly. */
  private long edge(int reach) {
    long page = window & -PAGE;
    return (atEnd ? page + PAGE : page) - random.nextInt(reach + 1);
  }

  private long near(long usual, int reach) {
    return crosses && oneIn(2) ? edge(reach) : usual;
  }

  private void implied(Instruction in, HostState input) {
    long[] registers = input.registers;
    switch (in.op) {
      case MOVS, CMPS, STOS, LODS, SCAS, MASKMOVQ, MASKMOVDQU -> {
        registers[CpuState.RSI] = near(window + 8, 64);
        registers[CpuState.RDI] = near(window + 32, 64);
        registers[CpuState.RCX] = random.nextInt(crosses ? 24 : 4);
      }
      case PCMPESTRI, PCMPESTRM -> {
        registers[CpuState.RAX] = random.nextInt(41) - 20L;
        registers[CpuState.RDX] = random.nextInt(41) - 20L;
      }
      case XSAVE, XSAVEC, XSAVEOPT, XRSTOR -> {
        registers[CpuState.RAX] = random.nextInt(8);
        registers[CpuState.RDX] = 0;
      }
      case XLAT -> registers[CpuState.RBX] = near(window, 128);
      case ENTER -> {
        registers[RSP] = near(window + 600, 300);
        registers[CpuState.RBP] = near(window + 900, 300);
      }
      case LEAVE -> registers[CpuState.RBP] = near(window + 40, 8);
      case BT_RM_R, BTS_RM_R, BTR_RM_R, BTC_RM_R -> registers[in.reg] = random.nextInt(256) - 64L;
      case DIV -> registers[CpuState.RDX] = random.nextInt(3);
      case IDIV -> registers[CpuState.RDX] = random.nextInt(3) - 1L;
      default -> {}
    }
  }

  /** The base such that the operand is where it should be. */
  private void modRm(Instruction in, HostState input) {
    long beyond = in.displacement;
    if (in.row != null && in.row.hasVectorIndex()) {
      indices(in, input);
    } else if (in.index < Instruction.NO_REGISTER) {
      input.registers[in.index] = 8L >>> in.scale;
      beyond += 8L >>> in.scale << in.scale;
    }
    long at = crosses ? edge(reach(in)) : window + 16 + beyond;
    if (isArea(in) && !oneIn(16)) {
      at = crosses ? at & -64 : window + 64L * random.nextInt(3);
    }
    input.registers[in.base] = at - beyond;
    contents(in, input, (int) (at - window));
  }

  static boolean isArea(Instruction in) {
    return in.op.group() == Group.STATE && in.op != Op.LDMXCSR && in.op != Op.STMXCSR;
  }

  private int reach(Instruction in) {
    return switch (in.op) {
      case FNSAVE, FRSTOR -> 108;
      case FNSTENV, FLDENV -> 28;
      default -> isArea(in) ? 900 : oneIn(2) ? in.operandSize : 32;
    };
  }

  /** Indices that stay in the window, but for some that lead below it or beyond the page. */
  private void indices(Instruction in, HostState input) {
    boolean doublewords = (in.opcode & 1) == 0;
    for (int i = 4 * in.index; i < 4 * in.index + 4; i++) {
      input.vectors[i] = doublewords ? (index() & 0xffffffffL) | index() << 32 : index();
    }
  }

  private long index() {
    return oneIn(8) ? random.nextInt(2) * 8000L - 4000 : random.nextInt(24) - 2;
  }

  // ---- Operands that may not be just anything ------------------------------------------------

  private void contents(Instruction in, HostState input, int at) {
    switch (in.op) {
      case FBLD -> decimal(input, at);
      case FXRSTOR, XRSTOR -> area(input, at);
      default -> {}
    }
  }

  /** Digits; the SDM leaves undefined what any others make. */
  private void decimal(HostState input, int at) {
    for (int i = Math.max(0, at); i < Math.min(at + 9, HostState.WINDOW); i++) {
      input.data[i] = (byte) (random.nextInt(10) << 4 | random.nextInt(10));
    }
  }

  /** What may be loaded, mostly: of MXCSR the bits that it has, and a header. */
  private void area(HostState input, int at) {
    ByteBuffer bytes = ByteBuffer.wrap(input.data).order(ByteOrder.LITTLE_ENDIAN);
    if (at + 28 > HostState.WINDOW || at < 0) {
      return;
    }
    int mxcsr = random.nextInt() & ExtendedState.MXCSR_MASK;
    bytes.putInt(at + 24, oneIn(16) ? random.nextInt() : mxcsr);
    if (at + LEGACY_BYTES + 64 <= HostState.WINDOW) {
      for (int i = 0; i < 64; i += 8) {
        bytes.putLong(at + LEGACY_BYTES + i, oneIn(128) ? 1 : 0);
      }
      bytes.putLong(at + LEGACY_BYTES, random.nextInt(8));
      bytes.putLong(at + LEGACY_BYTES + 8, oneIn(4) ? Long.MIN_VALUE | 7 : 0);
    }
  }
}
