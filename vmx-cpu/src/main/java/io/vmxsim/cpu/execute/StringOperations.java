package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSI;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.SensitiveInstructions;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.InstructionInformation;
import java.util.Arrays;

/**
 * String instructions, alone and repeated ("String Operations", volume 1, 7.3.9). Each iteration
 * that completed stands in the registers, whatever ends the next one; the status flags change when
 * the last has completed only, so that between two, where a fault, an interrupt or a trap finds
 * them, they are those from before the instruction ("REP/REPE/REPZ/REPNE/REPNZ", volume 2; the host
 * does so for all three). A long repetition pauses now and then for events that may be due.
 */
final class StringOperations {
  private static final int PAGE = PhysicalMemory.PAGE_BYTES;
  private static final int ITERATIONS_UNTIL_PAUSE = PAGE;

  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final Mem mem;
  private final PhysicalMemory memory;
  private final SensitiveInstructions sensitive;
  private final AluOperations alu;
  private final Faults faults;

  StringOperations(Processor processor, Operands operands, AluOperations alu, Faults faults) {
    this.processor = processor;
    this.operands = operands;
    memory = processor.memory();
    sensitive = processor.sensitive();
    this.alu = alu;
    this.faults = faults;
    state = operands.state;
    segments = operands.segments;
    mem = operands.mem;
  }

  void execute(Instruction in) {
    if (!in.rep && !in.repne) {
      iterate(in);
      return;
    }
    boolean stops = processor.debug().isArmed() || processor.stepsInstructions();
    boolean alone = mem.inspects();
    boolean compares = in.op == Op.CMPS || in.op == Op.SCAS;
    long flags = compares ? state.status.bits() : 0;
    for (int i = 0; i < ITERATIONS_UNTIL_PAUSE; i++) {
      long count = Val.zeroExtend(state.register(RCX), in.addressSize);
      if (count == 0) {
        return;
      }
      long done = compares || stops || alone ? 0 : run(in, count);
      if (done == 0) {
        if (compares) {
          state.status.set(flags); // what a fault leaves of them
        }
        iterate(in);
        done = 1;
      }
      operands.setRegister(RCX, in.addressSize, count - done);
      mem.iterated();
      if (compares && state.status.zf() == in.repne) {
        return;
      }
      if (stops || processor.apicAccessPage().isWritten()) {
        break; // something follows the iteration, or may
      }
    }
    if (Val.zeroExtend(state.register(RCX), in.addressSize) != 0) {
      if (compares) {
        state.status.set(flags);
      }
      throw faults.pause();
    }
  }

  private void iterate(Instruction in) {
    int size = in.operandSize;
    switch (in.op) {
      case MOVS -> {
        storeDestination(in, loadSource(in));
        advance(in, RSI);
        advance(in, RDI);
      }
      case STOS -> {
        storeDestination(in, state.register(RAX));
        advance(in, RDI);
      }
      case LODS -> {
        operands.setRegister(RAX, size, loadSource(in));
        advance(in, RSI);
      }
      case CMPS -> {
        long second = loadDestination(in); // processors look at it first
        alu.subtract(loadSource(in), second, 0, size);
        advance(in, RSI);
        advance(in, RDI);
      }
      case SCAS -> {
        alu.subtract(state.register(RAX), loadDestination(in), 0, size);
        advance(in, RDI);
      }
      case INS -> input(in);
      case OUTS -> output(in);
      default -> throw new IllegalStateException("no string instruction: " + in.op);
    }
  }

  private int port() {
    return (int) state.register(RDX) & 0xffff;
  }

  private void input(Instruction in) {
    long offset = index(in, RDI);
    admitIo(in, ExitQualification.Io.IN, Instruction.ES, offset);
    int size = in.operandSize;
    long linear = segments.forStore(Instruction.ES, offset, size);
    mem.probeStore(linear, size);
    mem.store(linear, size, sensitive.io().input(port(), size));
    advance(in, RDI);
  }

  private void output(Instruction in) {
    admitIo(in, 0, in.segment, index(in, RSI));
    sensitive.io().output(port(), in.operandSize, (int) loadSource(in));
    advance(in, RSI);
  }

  private void admitIo(Instruction in, long direction, int segment, long offset) {
    faults.settle();
    long form = in.rep || in.repne ? direction | ExitQualification.Io.REP : direction;
    sensitive.operands(InstructionInformation.stringIo(in.addressSize, segment), 0);
    long linear = segments.unchecked(segment, offset);
    faults.require(sensitive.io().admitString(port(), in.operandSize, form, linear, in.length));
  }

  private long index(Instruction in, int register) {
    return Val.zeroExtend(state.register(register), in.addressSize);
  }

  private long loadSource(Instruction in) {
    int size = in.operandSize;
    return mem.load(segments.forLoad(in.segment, index(in, RSI), size), size);
  }

  private long loadDestination(Instruction in) {
    int size = in.operandSize;
    return mem.load(segments.forLoad(Instruction.ES, index(in, RDI), size), size);
  }

  private void storeDestination(Instruction in, long value) {
    int size = in.operandSize;
    mem.store(segments.forStore(Instruction.ES, index(in, RDI), size), size, value);
  }

  private boolean down() {
    return (state.controlFlags() & FlagsImage.DF) != 0;
  }

  private void advance(Instruction in, int register) {
    advance(in, register, down() ? -in.operandSize : in.operandSize);
  }

  private void advance(Instruction in, int register, long bytes) {
    operands.setRegister(register, in.addressSize, state.register(register) + bytes);
  }

  /**
   * MOVS and STOS upwards, as many iterations as stay within a page on both sides: the same loads,
   * stores and translations as one by one, the repeated ones of the same page taken once.
   *
   * @return the number of iterations done, 0 if this way is not open
   */
  private long run(Instruction in, long count) {
    int size = in.operandSize;
    if (down() || in.addressSize < 4 || (in.op != Op.MOVS && in.op != Op.STOS)) {
      return 0;
    }
    long to = index(in, RDI);
    long room = roomAt(segments.unchecked(Instruction.ES, to), size);
    boolean moves = in.op == Op.MOVS;
    long from = index(in, RSI);
    if (moves) {
      room = Math.min(room, roomAt(segments.unchecked(in.segment, from), size));
    }
    int iterations = (int) (count < 0 ? room : Math.min(count, room)); // RCX has no sign
    if (iterations < 2) {
      return 0;
    }
    int bytes = iterations * size;
    if (moves) {
      return move(in, from, to, iterations);
    }
    long linear = segments.forStore(Instruction.ES, to, bytes);
    long target = mem.runForStore(linear, bytes);
    if (!mem.isRam(target)) {
      return 0;
    }
    fill(target, size, iterations, state.register(RAX));
    mem.stored(linear, bytes, target);
    advance(in, RDI, bytes);
    return iterations;
  }

  private static long roomAt(long linear, int size) {
    return (PAGE - (linear & PAGE - 1)) / size;
  }

  private long move(Instruction in, long from, long to, int iterations) {
    int bytes = iterations * in.operandSize;
    long source = mem.runForLoad(segments.forLoad(in.segment, from, bytes), bytes);
    long linear = segments.forStore(Instruction.ES, to, bytes);
    long target = mem.runForStore(linear, bytes);
    if (!mem.isRam(source) || !mem.isRam(target)) {
      return 0;
    }
    if (target > source && target < source + bytes) {
      return 0; // each iteration reads what one before it wrote
    }
    byte[] page = memory.pageForWrite(target);
    System.arraycopy(
        memory.pageForRead(source), (int) source & PAGE - 1, page, (int) target & PAGE - 1, bytes);
    mem.stored(linear, bytes, target);
    advance(in, RSI, bytes);
    advance(in, RDI, bytes);
    return iterations;
  }

  private void fill(long target, int size, int iterations, long value) {
    byte[] page = memory.pageForWrite(target);
    int at = (int) target & PAGE - 1;
    if (size == 1) {
      Arrays.fill(page, at, at + iterations, (byte) value);
      return;
    }
    for (int i = 0; i < iterations; i++) {
      LittleEndian.set(page, at + i * size, size, value);
    }
  }
}
