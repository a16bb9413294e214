package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;
import static io.vmxsim.cpu.execute.Packed.BLOCK;

import io.vmxsim.cpu.BranchHistory;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.ept.PhysicalMemory;
import org.jspecify.annotations.Nullable;

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
  private static final int PAGE = PhysicalMemory.PAGE_BYTES;
  private static final int PAGE_SHIFT = 12;

  /** In place of an instruction: no block runs. */
  private static final int LEFT = -1;

  private final CpuState state;
  private final long[] registers;
  final StatusFlags flags;
  final Mem mem;
  private final Segmentation segments;
  private final Interpreter interpreter;
  private final Progress progress;
  private final Horizon horizon;
  private final BranchHistory branches;
  private final CodeCache code;
  final AluOperations alu;
  final ShiftOperations shift;
  final MultiplyOperations multiply;
  private final VmxInstructions vmx;

  /** The block that runs, and the RIP of its first instruction. */
  private Block block;

  long start;

  /** What to answer when no block goes on. */
  private int stopped;

  @SuppressWarnings("NullAway.Init") // run sets the block
  PackedInterpreter(
      VmxInstructions vmx,
      Operands operands,
      Interpreter interpreter,
      Progress progress,
      Horizon horizon,
      BranchHistory branches,
      CodeCache code) {
    this.vmx = vmx;
    this.code = code;
    this.progress = progress;
    this.horizon = horizon;
    this.interpreter = interpreter;
    this.branches = branches;
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
   * Runs a block from its beginning, which is at RIP, and leaves RIP where it goes on. What runs is
   * on the books then.
   *
   * @param most instructions to run at most; if the block has no more, others may follow it
   * @return the block that ran last
   */
  Block run(Block first, int most) {
    progress.begin();
    begin(first, state.rip);
    boolean whole = most == first.code.length;
    int at = whole ? runPacked(first.packed[0]) : 0;
    while (at != LEFT) {
      runPlain(at++);
      int end = whole ? block.code.length : most;
      if (at == end || isLeft(at) || horizon.isPassedIn(block, end)) {
        leave(at);
        break;
      }
      if (whole) {
        at = runPacked(block.packed[at]);
      }
    }
    return block;
  }

  private void begin(Block next, long rip) {
    block = next;
    start = rip;
    registers[BLOCK] = rip;
  }

  /** The first {@code count} instructions of the block have run, the last of them plainly. */
  private void leave(int count) {
    if (progress.isAbandoned()) {
      return; // the last was a VM entry or an exit, and RIP is where that has led
    }
    long target = registers[Instruction.RIP];
    if (target != (start + block.ends[count - 1] & ripMask())) {
      branches.taken(start + block.beginning(count - 1), target);
    }
    progress.finish(block, count, block.prices[count]);
    state.rip = target;
  }

  /** Whether the instruction before {@code at} has branched, or changed the code. */
  private boolean isLeft(int at) {
    return !block.valid || registers[Instruction.RIP] != (start + block.ends[at - 1] & ripMask());
  }

  private long ripMask() {
    return segments.bits64() ? -1 : 0xffffffffL;
  }

  private void runPlain(int at) {
    Instruction in = block.code[at];
    long next = start + block.ends[at];
    progress.ask(block, start);
    state.rip = next - in.length & ripMask();
    registers[Instruction.RIP] = next & ripMask();
    interpreter.execute(in);
    if (mem.watchesLocks() && in.locksMemory()) {
      mem.locked();
    }
  }

  /**
   * Runs instructions up to one that is plain, or in which another than the usual thing happens;
   * where a block ends, goes on with a block that has followed it before.
   *
   * @return the first of the present block that has not run; or LEFT, and RIP says where it goes on
   */
  private int runPacked(Packed from) {
    Packed in = from;
    while (in != null) {
      in = in.form.run(this, in);
    }
    return stopped;
  }

  // ---- For the forms -------------------------------------------------------------------------

  long register(int number) {
    return registers[number];
  }

  void setRegister(int number, long value) {
    registers[number] = value;
  }

  boolean isCanonical(long address) {
    return segments.isCanonical(address);
  }

  /** Leaves an instruction, which has done nothing, to the interpreter. */
  @Nullable Packed stop(Packed in) {
    stopped = in.position;
    return null;
  }

  /** Branches, which is all that the instruction does. */
  @Nullable Packed branch(Packed in, long target) {
    return isInPage(target) || isCanonical(target) ? go(in, target) : stop(in);
  }

  /** Leaves the block after a branch to {@code target}. */
  @Nullable Packed go(Packed in, long target) {
    branches.taken(start + in.beginning, target);
    return goOn(in, in.position + 1, target);
  }

  /** Leaves the block at its end. */
  @Nullable Packed fallThrough(Packed end) {
    return goOn(end, end.position, start + end.end);
  }

  private @Nullable Packed goOn(Packed in, int count, long target) {
    progress.finish(block, count, in.price);
    Block next = horizon.isFar() ? follow(in, target) : null;
    if (next == null) {
      state.rip = target;
      stopped = LEFT;
      return null;
    }
    begin(next, target);
    return next.packed[0];
  }

  /** The block at an address, if it is at hand and may run now: then it has been fetched. */
  private @Nullable Block follow(Packed in, long target) {
    Block next = in.link;
    boolean linked =
        next != null && next.offset == ((int) target & PAGE - 1) && isInPage(target) && next.valid;
    return linked && mem.fetchesAgain(target) ? next : find(in, target);
  }

  private @Nullable Block find(Packed in, long target) {
    long address = mem.fetchable(target);
    Block next = address < 0 ? null : code.known(address, segments.mode());
    if (next == null || !Horizon.isOrdinary(next.price)) {
      return null;
    }
    if (isInPage(target)) {
      in.link = next;
    }
    mem.fetch(target);
    return next;
  }

  /** Whether an address is in the page of the present block. */
  private boolean isInPage(long address) {
    return (address ^ start) >>> PAGE_SHIFT == 0;
  }

  /** VMREAD into a register, by root software that may. */
  @Nullable Packed vmread(Packed in) {
    if (!vmx.rootMayAccess()) {
      return stop(in);
    }
    if (vmx.vmread(in.source(this)) == VmxOutcome.SUCCEED) {
      in.set(this, vmx.value());
    }
    return behind(in);
  }

  /** VMWRITE from a register, by root software that may. */
  @Nullable Packed vmwrite(Packed in) {
    if (!vmx.rootMayAccess()) {
      return stop(in);
    }
    vmx.vmwrite(in.source(this), registers[in.first]);
    return behind(in);
  }

  /** Goes on behind an instruction that has cost more than its base cost. */
  private @Nullable Packed behind(Packed in) {
    horizon.timePassed();
    return horizon.isFar() ? in.next : goOn(in, in.position + 1, start + in.end);
  }

  boolean push(long value) {
    long rsp = registers[RSP] - 8;
    byte[] page = mem.pageForStore(rsp, 8);
    if (page == null) {
      return false;
    }
    LittleEndian.set(page, Mem.offset(rsp), 8, value);
    registers[RSP] = rsp;
    return true;
  }
}
