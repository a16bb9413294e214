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
 * (SideBySideExecution: 2.5 times as fast on both loops).
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
    long a = registers[first(in)];
    long b = registers[second(in)];
    return switch (form) {
      case ALU_RR + ADD -> set(in, alu.add(a, b, 0, size), size);
      case ALU_RR + OR -> set(in, alu.logic(a | b, size), size);
      case ALU_RR + AND -> set(in, alu.logic(a & b, size), size);
      case ALU_RR + SUB -> set(in, alu.subtract(a, b, 0, size), size);
      case ALU_RR + XOR -> set(in, alu.logic(a ^ b, size), size);
      case ALU_RR + CMP -> flagsOnly(alu.subtract(a, b, 0, size));
      case ALU_RR + TEST -> flagsOnly(alu.logic(a & b, size));
      case ALU_RI + ADD -> set(in, alu.add(a, constant, 0, size), size);
      case ALU_RI + OR -> set(in, alu.logic(a | constant, size), size);
      case ALU_RI + AND -> set(in, alu.logic(a & constant, size), size);
      case ALU_RI + SUB -> set(in, alu.subtract(a, constant, 0, size), size);
      case ALU_RI + XOR -> set(in, alu.logic(a ^ constant, size), size);
      case ALU_RI + CMP -> flagsOnly(alu.subtract(a, constant, 0, size));
      case ALU_RI + TEST -> flagsOnly(alu.logic(a & constant, size));
      case MOV_RR -> set(in, b, size);
      case MOV_RI -> set(in, constant, size);
      case MOVZX_8 -> set(in, b & 0xff, size);
      case MOVZX_16 -> set(in, b & 0xffff, size);
      case MOVSXD -> set(in, Val.signExtend(b, 4), size);
      case INC -> set(in, alu.increment(a, 1, size), size);
      case DEC -> set(in, alu.increment(a, -1, size), size);
      case SHL -> set(in, shift.shiftLeft(a, (int) constant, size), size);
      case SHR -> set(in, shift.shiftRight(a, (int) constant, size), size);
      case SAR -> set(in, shift.shiftArithmetically(a, (int) constant, size), size);
      case SET_CC -> set(in, (a & ~0xffL) | (flags.condition((int) constant) ? 1 : 0), 8);
      case CMOV -> set(in, flags.condition((int) constant) ? b : a, size);
      case IMUL -> set(in, multiply.product(a, b, size), size);
      case NOP -> true;
      default -> false;
    };
  }

  private boolean memory(int form, long in, long constant) {
    int size = size(in);
    long address = registers[second(in)] + (registers[index(in)] << scale(in)) + displacement(in);
    return switch (form) {
      case LOAD -> load(in, address, size);
      case LOAD_8 -> load(in, address, 1);
      case LOAD_16 -> load(in, address, 2);
      case STORE -> store(address, size, registers[first(in)]);
      case STORE_8 -> store(address, 1, registers[first(in)]);
      case STORE_I -> store(address, size, constant);
      case LEA -> set(in, address, size);
      case ALU_MR + CMP, ALU_MR + TEST -> test(form - ALU_MR, address, size, registers[first(in)]);
      case ALU_MI + CMP, ALU_MI + TEST -> test(form - ALU_MI, address, size, constant);
      default ->
          form < ALU_MR
              ? registerAndMemory(form - ALU_RM, in, address)
              : form < ALU_MI
                  ? update(form - ALU_MR, address, size, registers[first(in)])
                  : update(form - ALU_MI, address, size, constant);
    };
  }

  /** The stack and branches, the last of which end a block. */
  private boolean flow(int form, long in, long constant, int end) {
    return switch (form) {
      case PUSH -> push(registers[first(in)]);
      case POP -> pop(in);
      case JMP -> jump(true, constant, end);
      case CALL -> call(registers[BLOCK] + constant, end);
      case RET -> ret(constant);
      case JMP_R -> go(registers[first(in)]);
      case CALL_R -> call(registers[first(in)], end);
      case JCC -> jump(flags.of(), constant, end);
      case JCC + 1 -> jump(!flags.of(), constant, end);
      case JCC + 2 -> jump(flags.cf(), constant, end);
      case JCC + 3 -> jump(!flags.cf(), constant, end);
      case JCC + 4 -> jump(flags.zf(), constant, end);
      case JCC + 5 -> jump(!flags.zf(), constant, end);
      case JCC + 6 -> jump(flags.cf() || flags.zf(), constant, end);
      case JCC + 7 -> jump(!flags.cf() && !flags.zf(), constant, end);
      case JCC + 8 -> jump(flags.sf(), constant, end);
      case JCC + 9 -> jump(!flags.sf(), constant, end);
      case JCC + 10 -> jump(flags.pf(), constant, end);
      case JCC + 11 -> jump(!flags.pf(), constant, end);
      case JCC + 12 -> jump(flags.sf() != flags.of(), constant, end);
      case JCC + 13 -> jump(flags.sf() == flags.of(), constant, end);
      case JCC + 14 -> jump(flags.zf() || flags.sf() != flags.of(), constant, end);
      case JCC + 15 -> jump(!flags.zf() && flags.sf() == flags.of(), constant, end);
      default -> throw new IllegalStateException("no form " + form);
    };
  }

  // ---- Registers -----------------------------------------------------------------------------

  /** Sets a register of 4 or 8 bytes. */
  private boolean set(long in, long value, int size) {
    registers[first(in)] = value & Val.mask(size);
    return true;
  }

  private static boolean flagsOnly(long unusedResult) {
    return true;
  }

  // ---- Memory --------------------------------------------------------------------------------

  private boolean load(long in, long address, int size) {
    byte[] page = mem.pageForLoad(address, size);
    if (page == null) {
      return false;
    }
    registers[first(in)] = LittleEndian.get(page, Mem.offset(address), size);
    return true;
  }

  private boolean store(long address, int size, long value) {
    byte[] page = mem.pageForStore(address, size);
    if (page == null) {
      return false;
    }
    LittleEndian.set(page, Mem.offset(address), size, value);
    return true;
  }

  private long operate(int operation, long a, long b, int size) {
    return switch (operation) {
      case ADD -> alu.add(a, b, 0, size);
      case OR -> alu.logic(a | b, size);
      case AND, TEST -> alu.logic(a & b, size);
      case XOR -> alu.logic(a ^ b, size);
      default -> alu.subtract(a, b, 0, size);
    };
  }

  private boolean registerAndMemory(int operation, long in, long address) {
    int size = size(in);
    byte[] page = mem.pageForLoad(address, size);
    if (page == null) {
      return false;
    }
    long value = LittleEndian.get(page, Mem.offset(address), size);
    long result = operate(operation, registers[first(in)], value, size);
    return operation == CMP || set(in, result, size);
  }

  private boolean update(int operation, long address, int size, long operand) {
    byte[] page = mem.pageForStore(address, size);
    if (page == null) {
      return false;
    }
    int at = Mem.offset(address);
    long value = LittleEndian.get(page, at, size);
    LittleEndian.set(page, at, size, operate(operation, value, operand, size));
    return true;
  }

  private boolean test(int operation, long address, int size, long operand) {
    byte[] page = mem.pageForLoad(address, size);
    if (page == null) {
      return false;
    }
    operate(operation, LittleEndian.get(page, Mem.offset(address), size), operand, size);
    return true;
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

  // ---- Branches ------------------------------------------------------------------------------

  private boolean jump(boolean taken, long constant, int end) {
    return go(registers[BLOCK] + (taken ? constant : end));
  }

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
