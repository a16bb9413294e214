package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;
import static io.vmxsim.cpu.execute.Packed.*;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Instruction;

/**
 * Runs blocks: their packed instructions here, the others by {@link Interpreter}.
 *
 * <p>A packed instruction either completes or has done nothing and is left to the interpreter. So
 * nothing here faults, meets a device or changes code, and nobody asks here for RIP, time or
 * counts, which are kept per block.
 *
 * <p>JUSTIFICATION: a second way to run what {@link Interpreter} can run, over the same operations
 * (SideBySideExecution: about twice as fast on both loops).
 */
final class PackedInterpreter {
  private final CpuState state;
  private final long[] registers;
  private final StatusFlags flags;
  private final Mem mem;
  private final Segmentation segments;
  private final Interpreter interpreter;
  private final Progress progress;
  private final Horizon horizon;
  private final AluOperations alu;
  private final ShiftOperations shift;
  private final MultiplyOperations multiply;

  PackedInterpreter(
      Operands operands, Interpreter interpreter, Progress progress, Horizon horizon) {
    this.progress = progress;
    this.horizon = horizon;
    this.interpreter = interpreter;
    state = operands.state;
    registers = state.registers;
    flags = state.status;
    mem = operands.mem;
    segments = operands.segments;
    alu = interpreter.alu();
    shift = interpreter.shift();
    multiply = interpreter.multiply();
  }

  /**
   * Runs a block from its beginning, which is at RIP, and leaves RIP where it goes on.
   *
   * @param most instructions to run at most, not more than the block has
   * @return how many have run: fewer if one has changed the block, or taken long
   */
  int run(Block block, int most) {
    long start = state.rip;
    registers[BLOCK] = start;
    int done = runPacked(block, 0, most);
    while (done < most) {
      runPlain(block, start, done++);
      if (!block.valid || horizon.isPassedIn(block, most)) {
        break;
      }
      done = runPacked(block, done, most);
    }
    boolean branched = block.branches && done == block.code.length;
    state.rip = branched ? registers[Instruction.RIP] : start + block.ends[done - 1] & ripMask();
    return done;
  }

  private long ripMask() {
    return segments.bits64() ? -1 : 0xffffffffL;
  }

  private void runPlain(Block block, long start, int at) {
    Instruction in = block.code[at];
    long next = start + block.ends[at];
    progress.ask(block, start);
    state.rip = next - in.length & ripMask();
    registers[Instruction.RIP] = next & ripMask();
    interpreter.execute(in);
  }

  /**
   * Runs instructions up to one that is plain, or in which another than the usual thing happens.
   *
   * @return the first that has not run
   */
  private int runPacked(Block block, int from, int to) {
    long[] code = block.packed;
    long[] constants = block.constants;
    for (int at = from; at < to; at++) {
      long in = code[at];
      int form = (int) in & 0xff;
      boolean done =
          form < MEMORY
              ? registers(form, in, constants[at])
              : form < FLOW
                  ? memory(form, in, constants[at])
                  : flow(form, in, constants[at], block.ends[at]);
      if (!done) {
        return at;
      }
    }
    return to;
  }

  private boolean registers(int form, long in, long constant) {
    int size = size(in);
    int to = first(in);
    long a = registers[to];
    long b = registers[second(in)] + constant;
    if (form < ALU) {
      return form == NOP;
    }
    if (form < MOV) {
      int operation = form - ALU;
      long result = alu.operate(operation, a, b, size);
      if (operation < AluOperations.CMP) {
        registers[to] = result & Val.mask(size);
      }
      return true;
    }
    long value =
        switch (form) {
          case MOV -> b;
          case MOVZX_8 -> b & 0xff;
          case MOVZX_16 -> b & 0xffff;
          case MOVSXD -> Val.signExtend(b, 4);
          case INC -> alu.increment(a, 1, size);
          case DEC -> alu.increment(a, -1, size);
          case SHL -> shift.shiftLeft(a, (int) b, size);
          case SHR -> shift.shiftRight(a, (int) b, size);
          case SAR -> shift.shiftArithmetically(a, (int) b, size);
          case SET_CC -> (a & ~0xffL) | (flags.condition(index(in)) ? 1 : 0);
          case CMOV -> flags.condition(index(in)) ? b : a;
          default -> multiply.product(a, b, size);
        };
    registers[to] = value & Val.mask(size);
    return true;
  }

  private boolean memory(int form, long in, long constant) {
    int size = size(in);
    int first = first(in);
    long address = registers[second(in)] + (registers[index(in)] << scale(in)) + displacement(in);
    if (form == LEA) {
      registers[first] = address & Val.mask(size);
      return true;
    }
    boolean writes = form == STORE || (form >= ALU_MR && form < ALU_MR + AluOperations.CMP);
    byte[] page = writes ? mem.pageForStore(address, size) : mem.pageForLoad(address, size);
    if (page == null) {
      return false;
    }
    int at = Mem.offset(address);
    if (form == STORE) {
      LittleEndian.set(page, at, size, registers[first] + constant);
      return true;
    }
    long value = LittleEndian.get(page, at, size);
    if (form == LOAD) {
      registers[first] = value;
    } else if (form < ALU_MR) {
      long result = alu.operate(form - ALU_RM, registers[first], value, size);
      if (form != ALU_RM + AluOperations.CMP) {
        registers[first] = result & Val.mask(size);
      }
    } else {
      long result = alu.operate(form - ALU_MR, value, registers[first] + constant, size);
      if (writes) {
        LittleEndian.set(page, at, size, result);
      }
    }
    return true;
  }

  /** The stack and branches, the last of which end a block. */
  private boolean flow(int form, long in, long constant, int end) {
    if (form == JCC) {
      return go(registers[BLOCK] + (flags.condition(index(in)) ? constant : end));
    }
    return switch (form) {
      case JMP -> go(registers[second(in)] + constant);
      case CALL -> call(registers[second(in)] + constant, end);
      case RET -> ret(constant);
      case PUSH -> push(registers[first(in)] + constant);
      default -> pop(in);
    };
  }

  private boolean push(long value) {
    long rsp = registers[RSP] - 8;
    byte[] page = mem.pageForStore(rsp, 8);
    if (page == null) {
      return false;
    }
    LittleEndian.set(page, Mem.offset(rsp), 8, value);
    registers[RSP] = rsp;
    return true;
  }

  private boolean pop(long in) {
    long rsp = registers[RSP];
    byte[] page = mem.pageForLoad(rsp, 8);
    if (page == null) {
      return false;
    }
    registers[RSP] = rsp + 8;
    registers[first(in)] = LittleEndian.get(page, Mem.offset(rsp), 8);
    return true;
  }

  /** Goes on at an address; does nothing if it is not canonical. */
  private boolean go(long target) {
    registers[Instruction.RIP] = target;
    return segments.isCanonical(target);
  }

  private boolean call(long target, int end) {
    return segments.isCanonical(target) && push(registers[BLOCK] + end) && go(target);
  }

  private boolean ret(long constant) {
    long rsp = registers[RSP];
    byte[] page = mem.pageForLoad(rsp, 8);
    if (page == null) {
      return false;
    }
    long target = LittleEndian.get(page, Mem.offset(rsp), 8);
    if (!segments.isCanonical(target)) {
      mem.retractLoad();
      return false;
    }
    registers[RSP] = rsp + 8 + (constant & 0xffff);
    return go(target);
  }
}
