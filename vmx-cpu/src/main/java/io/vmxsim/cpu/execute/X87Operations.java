package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import java.math.BigInteger;
import java.util.function.BinaryOperator;

/** The x87 instructions ("x87 FPU Instruction Set", volume 1, 8.3). */
final class X87Operations {
  private static final int SUMMARY = 1 << 7;
  private static final int EXCEPTIONS_AND_BUSY = 0x80ff;
  private static final int CONTROL_WRITABLE = 0x1f3f;
  private static final int CONTROL_FIXED = 0x40;
  private static final long ONE = Long.MIN_VALUE;

  private final CpuState state;
  private final ExtendedState extended;
  private final Operands operands;
  private final X87Stack stack;
  private final FloatUnit unit;
  private final X87Environment environment;
  private final X87Functions functions;
  private final X87Decimals decimals;
  private final Faults faults;

  X87Operations(Operands operands, Faults faults) {
    this.operands = operands;
    this.faults = faults;
    state = operands.state;
    extended = state.extended;
    stack = new X87Stack(state);
    unit = stack.unit;
    environment = new X87Environment(operands);
    functions = new X87Functions(stack, faults);
    decimals = new X87Decimals(stack, operands, extended);
  }

  void execute(Instruction in) {
    requireAvailable(in.op);
    if (waits(in.op)) {
      faults.requireNoX87Error();
    }
    stack.begin();
    switch (in.op) {
      case FWAIT -> {}
      case FNINIT -> extended.initX87();
      case FNCLEX -> extended.status &= ~EXCEPTIONS_AND_BUSY;
      case FNSTCW -> operands.store(in, 2, extended.control);
      case FLDCW -> setControl((int) operands.load(in, 2));
      case FNSTSW_M -> operands.store(in, 2, extended.status);
      case FNSTSW_AX -> operands.setRegister(RAX, 2, extended.status);
      case FNSTENV -> {
        environment.store(in);
        extended.control |= 0x3f;
        extended.summarizeX87();
      }
      case FNSAVE -> {
        environment.storeAll(in);
        extended.initX87();
      }
      case FLDENV -> {
        environment.load(in);
        extended.summarizeX87();
      }
      case FRSTOR -> {
        environment.loadAll(in);
        extended.summarizeX87();
      }
      default -> {
        compute(in);
        environment.remember(in, (extended.status & SUMMARY) != 0);
      }
    }
  }

  /** #NM: FWAIT looks at MP and TS, all others at EM and TS. */
  private void requireAvailable(Op op) {
    long cr0 = state.cr0();
    boolean taskSwitched = (cr0 & CpuState.CR0_TS) != 0;
    boolean trapped =
        op == Op.FWAIT
            ? taskSwitched && (cr0 & CpuState.CR0_MP) != 0
            : taskSwitched || (cr0 & CpuState.CR0_EM) != 0;
    if (trapped) {
      throw faults.deviceNotAvailable();
    }
  }

  private static boolean waits(Op op) {
    return switch (op) {
      case FNINIT, FNCLEX, FNSTCW, FNSTSW_M, FNSTSW_AX, FNSTENV, FNSAVE -> false;
      default -> true;
    };
  }

  private void setControl(int value) {
    extended.control = (value & CONTROL_WRITABLE) | CONTROL_FIXED;
    extended.summarizeX87();
  }

  // ---- Arithmetic ----------------------------------------------------------------------------

  private void compute(Instruction in) {
    switch (in.op) {
      case FADD_M, FADD_ST_I, FIADD -> onTop(in, unit::add);
      case FMUL_M, FMUL_ST_I, FIMUL -> onTop(in, unit::multiply);
      case FSUB_M, FSUB_ST_I, FISUB -> onTop(in, unit::subtract);
      case FSUBR_M, FSUBR_ST_I, FISUBR -> onTop(in, (top, other) -> unit.subtract(other, top));
      case FDIV_M, FDIV_ST_I, FIDIV -> onTop(in, unit::divide);
      case FDIVR_M, FDIVR_ST_I, FIDIVR -> onTop(in, (top, other) -> unit.divide(other, top));
      case FADD_I_ST, FADDP -> onOther(in, unit.add(stack.get(in.rm), stack.get(0)));
      case FMUL_I_ST, FMULP -> onOther(in, unit.multiply(stack.get(in.rm), stack.get(0)));
      case FSUB_I_ST, FSUBP -> onOther(in, unit.subtract(stack.get(in.rm), stack.get(0)));
      case FSUBR_I_ST, FSUBRP -> onOther(in, unit.subtract(stack.get(0), stack.get(in.rm)));
      case FDIV_I_ST, FDIVP -> onOther(in, unit.divide(stack.get(in.rm), stack.get(0)));
      case FDIVR_I_ST, FDIVRP -> onOther(in, unit.divide(stack.get(0), stack.get(in.rm)));
      default -> compare(in);
    }
  }

  /** The operand is read before the stack, whose faults leave their marks, for it may fault too. */
  private void onTop(Instruction in, BinaryOperator<Real> operation) {
    Real other = source(in);
    stack.set(0, operation.apply(stack.get(0), other));
  }

  private void onOther(Instruction in, Real result) {
    if (!stack.set(in.rm, result)) {
      return;
    }
    switch (in.op) {
      case FADDP, FMULP, FSUBP, FSUBRP, FDIVP, FDIVRP -> stack.pop();
      default -> {}
    }
  }

  /** The register or memory operand. */
  private Real source(Instruction in) {
    if (!in.isMemory) {
      return stack.get(in.rm);
    }
    return switch (in.op) {
      case FIADD, FIMUL, FISUB, FISUBR, FIDIV, FIDIVR, FICOM, FICOMP -> integer(in);
      default -> real(in);
    };
  }

  private Real integer(Instruction in) {
    return Real.of(Val.signExtend(operands.load(in), in.operandSize));
  }

  private Real real(Instruction in) {
    if (in.operandSize == 10) {
      long significand = operands.loadAt(in, 0, 8);
      return Real.ofExtended((int) operands.loadAt(in, 8, 2), significand);
    }
    FloatFormat format = in.operandSize == 4 ? FloatFormat.SINGLE : FloatFormat.DOUBLE;
    return Real.of(format, operands.load(in));
  }

  // ---- Comparison ----------------------------------------------------------------------------

  private void compare(Instruction in) {
    switch (in.op) {
      case FCOM_M, FCOM_I, FICOM -> compare(source(in), true, 0);
      case FCOMP_M, FCOMP_I, FICOMP -> compare(source(in), true, 1);
      case FCOMPP -> compare(stack.get(1), true, 2);
      case FUCOM -> compare(stack.get(in.rm), false, 0);
      case FUCOMP -> compare(stack.get(in.rm), false, 1);
      case FUCOMPP -> compare(stack.get(1), false, 2);
      case FTST -> compare(Real.zero(false), true, 0);
      case FCOMI -> compareToFlags(in, true, false);
      case FCOMIP -> compareToFlags(in, true, true);
      case FUCOMI -> compareToFlags(in, false, false);
      case FUCOMIP -> compareToFlags(in, false, true);
      case FXAM -> examine();
      default -> transfer(in);
    }
  }

  private void compare(Real other, boolean quietIsInvalid, int pops) {
    int order = unit.compare(stack.get(0), other, quietIsInvalid);
    stack.setConditions(
        switch (order) {
          case FloatUnit.UNORDERED -> X87Stack.C3 | X87Stack.C2 | X87Stack.C0;
          case 0 -> X87Stack.C3;
          case -1 -> X87Stack.C0;
          default -> 0;
        });
    int count = stack.settle() ? pops : 0;
    for (int i = 0; i < count; i++) {
      stack.pop();
    }
  }

  private void compareToFlags(Instruction in, boolean quietIsInvalid, boolean pops) {
    int order = unit.compare(stack.get(0), stack.get(in.rm), quietIsInvalid);
    int unmasked = stack.settleKeepingC1();
    state.status.set(orderFlags(order));
    if (pops && unmasked == 0) {
      stack.pop();
    }
  }

  /** ZF, PF and CF as COMISS, too, sets them. */
  static long orderFlags(int order) {
    return switch (order) {
      case FloatUnit.UNORDERED -> CpuState.ZF | CpuState.PF | CpuState.CF;
      case 0 -> CpuState.ZF;
      case -1 -> CpuState.CF;
      default -> 0;
    };
  }

  private void examine() {
    int sign = (stack.signAndExponent(0) & 0x8000) != 0 ? X87Stack.C1 : 0;
    int kind = X87Stack.C3 | X87Stack.C0; // empty
    if (!stack.isEmpty(0)) {
      Real value = stack.get(0);
      kind =
          switch (value.kind) {
            case UNSUPPORTED -> 0;
            case QUIET, SIGNALING -> X87Stack.C0;
            case INFINITY -> X87Stack.C2 | X87Stack.C0;
            case ZERO -> X87Stack.C3;
            case FINITE -> value.denormal ? X87Stack.C3 | X87Stack.C2 : X87Stack.C2;
          };
    }
    stack.setConditions(kind | sign);
  }

  // ---- Transfer ------------------------------------------------------------------------------

  private void transfer(Instruction in) {
    switch (in.op) {
      case FLD_M -> load(in);
      case FILD -> push(integer(in));
      case FST_M -> storeReal(in, false);
      case FSTP_M -> storeReal(in, true);
      case FIST -> storeInteger(in, false);
      case FISTP -> storeInteger(in, true);
      case FBLD -> decimals.load(in);
      case FBSTP -> decimals.store(in);
      case FISTTP -> {
        unit.rounding = FloatUnit.TRUNCATE;
        storeInteger(in, true);
      }
      default -> move(in);
    }
  }

  private void push(Real value) {
    unit.precision = FloatFormat.EXTENDED.precision;
    long significand = unit.pack(value, FloatFormat.EXTENDED);
    push(unit.packedSignAndExponent, significand);
  }

  private void push(int signAndExponent, long significand) {
    if (stack.push()) {
      stack.put(0, signAndExponent, significand);
      stack.setC1(false);
    }
  }

  /** The 80-bit format is copied as it is; a signaling NaN of the others becomes quiet. */
  private void load(Instruction in) {
    if (in.operandSize == 10) {
      long significand = operands.loadAt(in, 0, 8);
      push((int) operands.loadAt(in, 8, 2), significand);
      return;
    }
    Real value = real(in);
    if (stack.overflows()) {
      return;
    }
    if (value.kind == Real.Kind.SIGNALING) {
      value = unit.nan(value, value);
    } else if (value.denormal) {
      unit.raised |= FloatUnit.DENORMAL;
    }
    stack.setC1(false);
    if ((stack.settleKeepingC1() & FloatUnit.INVALID) == 0) { // denormals are loaded all the same
      push(value);
    }
  }

  private void storeReal(Instruction in, boolean pops) {
    int status = extended.status;
    if (in.operandSize == 10) {
      stack.get(0);
      boolean empty = stack.hasFaulted();
      long significand = empty ? Real.INDEFINITE.payload : stack.significand(0);
      stack.store(operands, in, status, significand, empty ? 0xffff : stack.signAndExponent(0));
      if (stack.settle()) {
        stack.pop();
      }
      return;
    }
    FloatFormat format = in.operandSize == 4 ? FloatFormat.SINGLE : FloatFormat.DOUBLE;
    unit.precision = format.precision;
    Real value = stack.get(0);
    if (value.kind == Real.Kind.SIGNALING || value.kind == Real.Kind.UNSUPPORTED) {
      value = unit.nan(value, value);
    }
    long bits = unit.pack(value, format);
    stack.probeStore(operands, in, in.operandSize, status);
    if (stack.settleStore()) {
      operands.store(in, bits);
      if (pops) {
        stack.pop();
      }
    }
  }

  private void storeInteger(Instruction in, boolean pops) {
    int status = extended.status;
    long value = unit.toInteger(stack.get(0), in.operandSize);
    unit.raised &= ~FloatUnit.DENORMAL; // which stores of integers do not note
    stack.probeStore(operands, in, in.operandSize, status);
    if (stack.settle()) {
      operands.store(in, value);
      if (pops) {
        stack.pop();
      }
    }
  }

  private void move(Instruction in) {
    switch (in.op) {
      case FLD_I -> {
        stack.get(in.rm);
        if (stack.hasFaulted()) {
          stack.pushIndefinite();
        } else {
          push(stack.signAndExponent(in.rm), stack.significand(in.rm));
        }
      }
      case FST_I, FSTP_I -> {
        stack.get(0);
        if (stack.settle()) {
          stack.copy(0, in.rm);
          if (in.op == Op.FSTP_I) {
            stack.pop();
          }
        }
      }
      case FNOP -> {}
      case FXCH -> exchange(in.rm);
      case FFREE -> {
        stack.free(in.rm);
        stack.setC1(false);
      }
      case FINCSTP -> turn(1);
      case FDECSTP -> turn(-1);
      case FCHS -> changeSign(0x8000, 0);
      case FABS -> changeSign(0, 0x8000);
      case FCMOVB -> moveIf(in, state.status.cf());
      case FCMOVE -> moveIf(in, state.status.zf());
      case FCMOVBE -> moveIf(in, state.status.cf() || state.status.zf());
      case FCMOVU -> moveIf(in, state.status.pf());
      case FCMOVNB -> moveIf(in, !state.status.cf());
      case FCMOVNE -> moveIf(in, !state.status.zf());
      case FCMOVNBE -> moveIf(in, !state.status.cf() && !state.status.zf());
      case FCMOVNU -> moveIf(in, !state.status.pf());
      default -> constant(in);
    }
  }

  private void exchange(int i) {
    boolean firstIsEmpty = stack.isEmpty(0);
    boolean otherIsEmpty = stack.isEmpty(i);
    stack.get(0);
    stack.get(i);
    if (!stack.settle()) {
      return;
    }
    int signAndExponent = stack.signAndExponent(0);
    long significand = stack.significand(0);
    stack.put(0, stack.signAndExponent(i), stack.significand(i));
    stack.put(i, signAndExponent, significand);
    if (otherIsEmpty) {
      stack.putIndefinite(0);
    }
    if (firstIsEmpty) {
      stack.putIndefinite(i);
    }
  }

  private void turn(int by) {
    extended.setTop(extended.top() + by);
    stack.setC1(false);
  }

  private void changeSign(int inverted, int cleared) {
    stack.get(0);
    if (stack.settle()) {
      int old = stack.signAndExponent(0);
      stack.put(0, (old ^ inverted) & ~cleared, stack.significand(0));
      if (stack.hasFaulted()) {
        stack.putIndefinite(0);
      }
    }
  }

  private void moveIf(Instruction in, boolean condition) {
    stack.get(in.rm);
    stack.get(0);
    if (stack.settleKeepingC1() == 0 && (condition || stack.hasFaulted())) {
      stack.copy(in.rm, 0);
    }
  }

  // ---- Constants ("Load Constant Instructions", 8.3.4) ---------------------------------------

  private void constant(Instruction in) {
    switch (in.op) {
      case FLDZ -> push(0, 0);
      case FLD1 -> push(0x3fff, ONE);
      case FLDPI -> push(0x4000, 0xc90fdaa22168c234L, true);
      case FLDL2E -> push(0x3fff, 0xb8aa3b295c17f0bbL, true);
      case FLDL2T -> push(0x4000, 0xd49a784bcd1b8afeL, false);
      case FLDLG2 -> push(0x3ffd, 0x9a209a84fbcff798L, true);
      case FLDLN2 -> push(0x3ffe, 0xb17217f7d1cf79abL, true);
      default -> functions.execute(in);
    }
  }

  /** A constant truncated to 64 bits; {@code above}: its next bits round up to nearest. */
  private void push(int signAndExponent, long truncated, boolean above) {
    boolean up = unit.rounding == FloatUnit.UP || (unit.rounding == FloatUnit.NEAREST && above);
    BigInteger bits = Real.unsigned(truncated).add(up ? BigInteger.ONE : BigInteger.ZERO);
    push(signAndExponent, bits.longValue());
  }
}
