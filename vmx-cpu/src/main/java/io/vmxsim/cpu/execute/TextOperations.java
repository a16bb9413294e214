package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.execute.PackedArithmetic.element;
import static io.vmxsim.cpu.execute.PackedArithmetic.put;
import static io.vmxsim.cpu.execute.PackedArithmetic.signedElement;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * Comparisons of text: PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM ("Imm8 Control Byte Operation
 * for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM", volume 2, 4.1).
 */
final class TextOperations {
  private static final int XMM = 16;

  private static final int WORDS = 1;
  private static final int SIGNED = 1 << 1;
  private static final int EQUAL_ANY = 0;
  private static final int RANGES = 1;
  private static final int EQUAL_EACH = 2;
  private static final int NEGATIVE = 1 << 4;
  private static final int MASKED = 1 << 5;

  /** The most significant index, or a mask of whole elements. */
  private static final int WIDE = 1 << 6;

  private final VectorOperands vectors;
  private final Operands operands;
  private final long[] first;
  private final long[] second;
  private final long[] result;

  /** Of the instruction: its control byte, bytes of an element, elements, and those in use. */
  private int control;

  private int size;
  private int count;
  private int firstLength;
  private int secondLength;

  TextOperations(VectorOperands vectors) {
    this.vectors = vectors;
    operands = vectors.operands;
    first = vectors.first;
    second = vectors.second;
    result = vectors.result;
  }

  /** Executes one of them; false if it is none. */
  boolean execute(Instruction in) {
    boolean explicit = in.op == Op.PCMPESTRI || in.op == Op.PCMPESTRM;
    boolean index = in.op == Op.PCMPESTRI || in.op == Op.PCMPISTRI;
    if (!explicit && !index && in.op != Op.PCMPISTRM) {
      return false;
    }
    vectors.fetch(in.reg, XMM, first);
    if (in.isMemory) {
      vectors.loadMemory(in, XMM, false);
    } else {
      vectors.fetch(in.rm, XMM, second);
    }
    control = (int) in.immediate;
    size = (control & WORDS) != 0 ? 2 : 1;
    count = XMM / size;
    firstLength = explicit ? length(CpuState.RAX, in) : length(first);
    secondLength = explicit ? length(CpuState.RDX, in) : length(second);
    int found = polarize(aggregate());
    if (index) {
      operands.setRegister(CpuState.RCX, 4, index(found));
    } else {
      mask(in, found);
    }
    long flags = found != 0 ? CpuState.CF : 0;
    flags |= secondLength < count ? CpuState.ZF : 0;
    flags |= firstLength < count ? CpuState.SF : 0;
    operands.state.status.set(flags | ((found & 1) != 0 ? CpuState.OF : 0));
    return true;
  }

  /** The magnitude of a register, at most all elements. */
  private int length(int register, Instruction in) {
    long value = Val.signExtend(operands.register(register, in.operandSize), in.operandSize);
    return value > -count && value < count ? (int) Math.abs(value) : count;
  }

  /** Up to the first element that is 0. */
  private int length(long[] text) {
    int length = 0;
    while (length < count && element(text, length, size) != 0) {
      length++;
    }
    return length;
  }

  private int aggregate() {
    int bits = 0;
    for (int i = 0; i < count; i++) {
      boolean holds =
          switch (control >>> 2 & 3) {
            case EQUAL_ANY -> isAmongFirst(i);
            case RANGES -> isInRange(i);
            case EQUAL_EACH -> isSameInBoth(i);
            default -> startsWithFirst(i);
          };
      bits |= holds ? 1 << i : 0;
    }
    return bits;
  }

  private boolean equal(int i, int j) {
    return element(first, i, size) == element(second, j, size);
  }

  private boolean isAmongFirst(int j) {
    for (int i = 0; i < firstLength && j < secondLength; i++) {
      if (equal(i, j)) {
        return true;
      }
    }
    return false;
  }

  /** What is behind the end of both is the same. */
  private boolean isSameInBoth(int i) {
    if (i >= firstLength || i >= secondLength) {
      return i >= firstLength && i >= secondLength;
    }
    return equal(i, i);
  }

  private boolean isInRange(int j) {
    for (int i = 0; i + 1 < firstLength && j < secondLength; i += 2) {
      long value = value(second, j);
      if (value >= value(first, i) && value <= value(first, i + 1)) {
        return true;
      }
    }
    return false;
  }

  private long value(long[] text, int i) {
    boolean signed = (control & SIGNED) != 0;
    return signed ? signedElement(text, i, size) : element(text, i, size);
  }

  /** As far as the second operand goes in the register. */
  private boolean startsWithFirst(int at) {
    for (int i = 0; i < firstLength && at + i < count; i++) {
      if (at + i >= secondLength || !equal(i, at + i)) {
        return false;
      }
    }
    return true;
  }

  private int polarize(int bits) {
    if ((control & NEGATIVE) == 0) {
      return bits;
    }
    int inverted = (control & MASKED) != 0 ? secondLength : count;
    return bits ^ ((1 << inverted) - 1);
  }

  private int index(int found) {
    if (found == 0) {
      return count;
    }
    boolean highest = (control & WIDE) != 0;
    return highest
        ? Integer.SIZE - 1 - Integer.numberOfLeadingZeros(found)
        : Integer.numberOfTrailingZeros(found);
  }

  /** Into XMM0. */
  private void mask(Instruction in, int found) {
    result[0] = found;
    result[1] = 0;
    if ((control & WIDE) != 0) {
      for (int i = 0; i < count; i++) {
        put(result, i, size, (found >>> i & 1) != 0 ? -1 : 0);
      }
    }
    vectors.set(0, XMM, in.vex, result);
  }
}
