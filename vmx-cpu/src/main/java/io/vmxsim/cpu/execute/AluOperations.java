package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;

/** Binary arithmetic and logical instructions ("Integer Arithmetic", volume 1, 5.1.2 to 5.1.4). */
final class AluOperations {
  private final CpuState state;
  private final Operands operands;
  private final StatusFlags flags;

  AluOperations(Operands operands) {
    this.operands = operands;
    state = operands.state;
    flags = state.status;
  }

  // Operations of operate; those from CMP on give flags only.
  static final int ADD = 0;
  static final int OR = 1;
  static final int AND = 2;
  static final int SUB = 3;
  static final int XOR = 4;
  static final int CMP = 5;
  static final int TEST = 6;

  /**
   * One of the operations above, on operands of {@code size} bytes; sets the flags.
   *
   * <p>JUSTIFICATION: what {@link #add}, {@link #subtract} and {@link #logic} do, with everything
   * that they have in common after the choice, since HotSpot computes what several cases of a
   * switch share before it, for all of them (SideBySideExecution).
   */
  long operate(int operation, long a, long b, int size) {
    long result;
    long vector = 0;
    switch (operation) {
      case ADD -> {
        result = a + b;
        vector = Val.carries(a, b, result);
      }
      case SUB, CMP -> {
        result = a - b;
        vector = Val.borrows(a, b, result);
      }
      case OR -> result = a | b;
      case XOR -> result = a ^ b;
      default -> result = a & b;
    }
    flags.setArithmetic(Val.signExtend(result, size), vector, size);
    return result;
  }

  void execute(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case ADD_RM_R -> update(in, add(operands.loadForUpdate(in), source(in), 0, size));
      case ADD_RM_I -> update(in, add(operands.loadForUpdate(in), in.immediate, 0, size));
      case ADD_R_RM -> set(in, add(destination(in), operands.load(in), 0, size));
      case ADC_RM_R -> update(in, add(operands.loadForUpdate(in), source(in), carry(), size));
      case ADC_RM_I -> update(in, add(operands.loadForUpdate(in), in.immediate, carry(), size));
      case ADC_R_RM -> set(in, add(destination(in), operands.load(in), carry(), size));
      case SUB_RM_R -> update(in, subtract(operands.loadForUpdate(in), source(in), 0, size));
      case SUB_RM_I -> update(in, subtract(operands.loadForUpdate(in), in.immediate, 0, size));
      case SUB_R_RM -> set(in, subtract(destination(in), operands.load(in), 0, size));
      case SBB_RM_R -> update(in, subtract(operands.loadForUpdate(in), source(in), carry(), size));
      case SBB_RM_I ->
          update(in, subtract(operands.loadForUpdate(in), in.immediate, carry(), size));
      case SBB_R_RM -> set(in, subtract(destination(in), operands.load(in), carry(), size));
      case CMP_RM_R -> subtract(operands.load(in), source(in), 0, size);
      case CMP_RM_I -> subtract(operands.load(in), in.immediate, 0, size);
      case CMP_R_RM -> subtract(destination(in), operands.load(in), 0, size);
      default -> logical(in, size);
    }
  }

  private void logical(Instruction in, int size) {
    switch (in.op) {
      case AND_RM_R -> update(in, logic(operands.loadForUpdate(in) & source(in), size));
      case AND_RM_I -> update(in, logic(operands.loadForUpdate(in) & in.immediate, size));
      case AND_R_RM -> set(in, logic(destination(in) & operands.load(in), size));
      case OR_RM_R -> update(in, logic(operands.loadForUpdate(in) | source(in), size));
      case OR_RM_I -> update(in, logic(operands.loadForUpdate(in) | in.immediate, size));
      case OR_R_RM -> set(in, logic(destination(in) | operands.load(in), size));
      case XOR_RM_R -> update(in, logic(operands.loadForUpdate(in) ^ source(in), size));
      case XOR_RM_I -> update(in, logic(operands.loadForUpdate(in) ^ in.immediate, size));
      case XOR_R_RM -> set(in, logic(destination(in) ^ operands.load(in), size));
      case TEST_RM_R -> logic(operands.load(in) & source(in), size);
      case TEST_RM_I -> logic(operands.load(in) & in.immediate, size);
      default -> unary(in, size);
    }
  }

  private void unary(Instruction in, int size) {
    switch (in.op) {
      case INC -> increment(in, 1, size);
      case DEC -> increment(in, -1, size);
      case NOT -> update(in, ~operands.loadForUpdate(in));
      case NEG -> update(in, subtract(0, operands.loadForUpdate(in), 0, size));
      case ADCX -> addWith(in, flags.cf(), false, size);
      case ADOX -> addWith(in, flags.of(), true, size);
      default -> throw new IllegalStateException("no arithmetic: " + in.op);
    }
  }

  private long destination(Instruction in) {
    return operands.register(in.reg, in.operandSize);
  }

  private long source(Instruction in) {
    return operands.register(in.reg, in.operandSize);
  }

  private void set(Instruction in, long value) {
    operands.setRegister(in.reg, in.operandSize, value);
  }

  private void update(Instruction in, long value) {
    operands.update(in, value);
  }

  private long carry() {
    return flags.cf() ? 1 : 0;
  }

  long add(long a, long b, long carryIn, int size) {
    long sum = a + b + carryIn;
    flags.setArithmetic(Val.signExtend(sum, size), Val.carries(a, b, sum), size);
    return sum;
  }

  long subtract(long a, long b, long borrowIn, int size) {
    long difference = a - b - borrowIn;
    flags.setArithmetic(Val.signExtend(difference, size), Val.borrows(a, b, difference), size);
    return difference;
  }

  long logic(long value, int size) {
    flags.setLogic(Val.signExtend(value, size));
    return value;
  }

  private void increment(Instruction in, int by, int size) {
    update(in, increment(operands.loadForUpdate(in), by, size));
  }

  /** INC, {@code by} 1, or DEC, by -1: CF stays. */
  long increment(long before, int by, int size) {
    long after = before + by;
    long vector = by > 0 ? Val.carries(before, 1, after) : Val.borrows(before, 1, after);
    flags.setArithmeticKeepingCf(Val.signExtend(after, size), vector, size);
    return after;
  }

  /** ADCX and ADOX: one flag carries, the others stay. */
  private void addWith(Instruction in, boolean carryIn, boolean overflow, int size) {
    long a = destination(in);
    long b = operands.load(in);
    long sum = a + b + (carryIn ? 1 : 0);
    boolean carryOut = Val.sign(Val.carries(a, b, sum), size);
    if (overflow) {
      flags.setOf(carryOut);
    } else {
      flags.setCf(carryOut);
    }
    set(in, sum);
  }
}
