package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;
import java.util.Locale;

/** Hands each instruction to the operations of its group. */
final class Interpreter {
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
  private final InterruptDelivery delivery;

  Interpreter(Processor processor, Operands operands, Progress progress, Faults faults) {
    this.operands = operands;
    this.faults = faults;
    Segmentation segments = operands.segments;
    Descriptor code = new Descriptor(processor.state(), operands.mem);
    SegmentLoad segmentLoad =
        new SegmentLoad(
            processor.state(), segments, new Descriptor(processor.state(), operands.mem), faults);
    FlagsImage flagsImage = new FlagsImage(processor.state(), segments, faults);
    HandlerStack handlerStack = new HandlerStack(operands, segmentLoad, faults);
    TaskSwitch tasks =
        new TaskSwitch(processor, operands, segmentLoad, handlerStack, progress, faults);
    FarTransfer far = new FarTransfer(operands, segmentLoad, code, handlerStack, tasks, faults);
    InterruptReturn interruptReturn =
        new InterruptReturn(processor, operands, far, flagsImage, segmentLoad, tasks, faults);
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
            processor, operands, far, interruptReturn, systemCall, progress, faults);
    flag = new FlagOperations(processor.state(), flagsImage, progress, faults);
    string = new StringOperations(processor, operands, alu, faults);
    system = new SystemOperations(processor, operands, tables, progress, faults);
    vmx = new VmxOperations(processor, operands, progress, faults);
    decimal = new DecimalOperations(processor.state(), faults);
    delivery =
        new InterruptDelivery(processor, operands, segmentLoad, code, handlerStack, tasks, faults);
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
      case SHIFT -> shift.execute(in);
      case BIT -> bit.execute(in);
      case MULTIPLY -> multiply.execute(in);
      case STRING -> string.execute(in);
      case FLAG -> flag.execute(in);
      default -> executeRare(in);
    }
  }

  private void executeRare(Instruction in) {
    switch (in.op.group()) {
      case NONE -> throw undefined(in);
      case HINT -> hint(in);
      case SYSTEM -> system.execute(in);
      case VMX -> vmx.execute(in);
      case DECIMAL -> decimal.execute(in);
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

  private void hint(Instruction in) {
    switch (in.op) {
      case PAUSE -> system.execute(in);
      case CLFLUSH, CLFLUSHOPT, CLWB -> operands.load(in, 1); // a load as far as faults go
      default -> {}
    }
  }
}
