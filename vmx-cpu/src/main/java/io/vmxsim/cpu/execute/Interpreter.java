package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import java.util.Locale;

/** Hands each instruction to the operations of its group. */
final class Interpreter {
  private final Processor processor;
  private final Operands operands;
  private final Faults faults;
  private final AluOperations alu;
  private final MultiplyOperations multiply;
  private final ShiftOperations shift;
  private final BitOperations bit;
  private final MoveOperations move;
  private final StackOperations stack;
  private final BranchOperations branch;
  private final FlagOperations flag;
  private final StringOperations string;
  private final SystemOperations system;
  private final VmxOperations vmx;
  private final DecimalOperations decimal;
  private final StateOperations stateOperations;
  private final VectorMoveOperations vectorMove;
  private final PackedArithmetic packed;
  private final CryptoOperations crypto;
  private final VectorFloat vectorFloat;
  private final X87Operations x87;
  private final InterruptDelivery delivery;

  Interpreter(Processor processor, Operands operands, Progress progress, Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.faults = faults;
    Segmentation segments = operands.segments;
    Descriptor code = new Descriptor(processor.state(), operands.mem);
    SegmentLoad segmentLoad =
        new SegmentLoad(
            processor, segments, new Descriptor(processor.state(), operands.mem), faults);
    FlagsImage flagsImage = new FlagsImage(processor.state(), segments, faults);
    HandlerStack handlerStack = new HandlerStack(operands, segmentLoad, faults);
    TaskSwitch tasks =
        new TaskSwitch(processor, operands, segmentLoad, handlerStack, progress, faults);
    FarTransfer far = new FarTransfer(operands, segmentLoad, code, handlerStack, tasks, faults);
    InterruptReturn interruptReturn =
        new InterruptReturn(processor, operands, far, flagsImage, segmentLoad, tasks, faults);
    FredTransitions fred = new FredTransitions(processor, operands, far, progress, faults);
    FastSystemCall systemCall = new FastSystemCall(processor, operands, faults);
    DescriptorTableOperations tables =
        new DescriptorTableOperations(processor, operands, segmentLoad, code, faults);
    alu = new AluOperations(operands);
    multiply = new MultiplyOperations(operands, faults);
    shift = new ShiftOperations(operands);
    bit = new BitOperations(operands);
    move = new MoveOperations(operands, alu, segmentLoad, progress, faults);
    stack = new StackOperations(operands, segmentLoad, flagsImage, progress);
    branch =
        new BranchOperations(
            processor, operands, far, interruptReturn, fred, systemCall, progress, faults);
    flag = new FlagOperations(processor.state(), flagsImage, progress, faults);
    string = new StringOperations(processor, operands, alu, faults);
    system = new SystemOperations(processor, operands, tables, progress, faults);
    vmx = new VmxOperations(processor, operands, progress, faults);
    VectorOperands vectors = new VectorOperands(operands, faults);
    stateOperations = new StateOperations(processor, operands, vectors, faults);
    vectorMove = new VectorMoveOperations(vectors);
    vectorFloat = new VectorFloat(vectors, faults);
    packed = new PackedArithmetic(vectors);
    crypto = new CryptoOperations(vectors);
    x87 = new X87Operations(operands, faults);
    decimal = new DecimalOperations(processor.state(), faults);
    delivery =
        new InterruptDelivery(
            processor, operands, segmentLoad, code, handlerStack, tasks, fred, faults);
  }

  AluOperations alu() {
    return alu;
  }

  ShiftOperations shift() {
    return shift;
  }

  MultiplyOperations multiply() {
    return multiply;
  }

  InterruptDelivery delivery() {
    return delivery;
  }

  void execute(Instruction in) {
    switch (in.op.group()) {
      case ALU -> alu.execute(in);
      case MOVE -> move.execute(in);
      case BRANCH -> branch.execute(in);
      case STACK -> stack.execute(in);
      case SHIFT -> shift.execute(encodable(in));
      case BIT -> bit.execute(encodable(in));
      case MULTIPLY -> multiply.execute(encodable(in));
      case STRING -> string.execute(in);
      case FLAG -> flag.execute(in);
      default -> executeRare(in);
    }
  }

  /**
   * VEX prefixes are #UD in real-address and virtual-8086 mode, which the decoder does not know.
   */
  private Instruction encodable(Instruction in) {
    if (in.vex && (!operands.segments.protectedMode() || operands.segments.virtual8086())) {
      throw faults.invalidOpcode();
    }
    return in;
  }

  private void executeRare(Instruction in) {
    switch (in.op.group()) {
      case NONE -> throw undefined(in);
      case HINT -> hint(in);
      case SYSTEM -> system.execute(in);
      case VMX -> vmx.execute(in);
      case DECIMAL -> decimal.execute(in);
      case SHADOW_STACK -> shadowStack(in);
      case STATE -> stateOperations.execute(in);
      case SIMD_FLOAT, SIMD_ESTIMATE, SIMD_COMPARE, SIMD_CONVERT -> vectorFloat.execute(in);
      case SIMD_FUSED, SIMD_FLOAT_SHUFFLE -> vectorFloat.execute(in);
      case SIMD_INTEGER -> packed.execute(in);
      case SIMD_CRYPTO -> crypto.execute(in);
      case SIMD_MOVE -> vectorMove.execute(in);
      case X87 -> x87.execute(in);
      default -> throw faults.notModelled(in.op.mnemonic().toUpperCase(Locale.ROOT));
    }
  }

  /** #GP(0) for more than 15 bytes, else #UD. */
  private NotCompleted undefined(Instruction in) {
    return switch (in.op) {
      case TOO_LONG -> faults.generalProtection(0);
      case UNDEFINED -> faults.invalidOpcode();
      default -> throw new IllegalStateException("ran " + in.op);
    };
  }

  /** Without shadow stacks RDSSP is a NOP and the others are not there. */
  private void shadowStack(Instruction in) {
    if (areShadowStacksOn()) {
      throw faults.notModelled("shadow stacks");
    }
    if (in.op != Op.RDSSP) {
      throw faults.invalidOpcode();
    }
  }

  private boolean areShadowStacksOn() {
    Msr control = processor.state().cpl() == 3 ? Msr.IA32_U_CET : Msr.IA32_S_CET;
    return (processor.state().cr4() & CpuState.CR4_CET) != 0
        && (processor.msrs().get(control) & 1) != 0;
  }

  private void hint(Instruction in) {
    switch (in.op) {
      case PAUSE -> system.execute(in);
      case CLFLUSH, CLFLUSHOPT, CLWB -> operands.load(in, 1); // a load as far as faults go
      default -> {}
    }
  }
}
