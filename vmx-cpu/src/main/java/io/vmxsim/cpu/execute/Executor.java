package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.BranchHistory;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.DebugRegisters;
import io.vmxsim.cpu.GuestSide;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.StepOutcome;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.PrimaryControl;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs the machine code that a processor's RIP points to: one per processor.
 *
 * <p>Code runs in decoded blocks that end at a page boundary at the latest. Events are looked for
 * between blocks; a block runs whole only if time cannot bring an event about in its middle, so
 * that events happen at exact instructions. Fetches are translated once for a block.
 */
public final class Executor implements GuestSide {
  private static final int PAGE = PhysicalMemory.PAGE_BYTES;

  /**
   * Events and faults in a row, without an instruction that completes between them, after which a
   * processor gives its turn back: software may have no end of them, as with a handler whose first
   * instruction faults.
   */
  private static final int PATIENCE = 1000;

  private static final long DEBUGCTL_BTF = 1 << 1;

  private final Processor processor;
  private final CpuState state;
  private final DebugRegisters debug;
  private final CodeCache code;
  private final BranchHistory branches;
  private final Progress progress;
  private final Horizon horizon;
  private final Faults faults;
  private final Segmentation segments;
  private final Mem mem;
  private final Interpreter interpreter;
  private final PackedInterpreter packed;
  private final byte[] straddling = new byte[Decoder.LONGEST];

  private transient @Nullable InstructionObserver observer;
  private transient @Nullable AccessObserver accesses;
  private transient @Nullable StopCondition stops;

  /** Whether VMX operation was entered by machine code: then exits are for machine code too. */
  private boolean rootIsMachineCode;

  /**
   * An executor for one processor.
   *
   * @param code shared by all processors of the same model on the same memory
   */
  public Executor(Processor processor, CodeCache code) {
    this(processor, code, null);
  }

  /** As above; with a port, memory is what the port reaches. */
  Executor(Processor processor, CodeCache code, @Nullable EmulationPort port) {
    this.processor = processor;
    this.code = code;
    state = processor.state();
    branches = processor.branches();
    debug = processor.debug();
    progress = new Progress(processor);
    faults = new Faults(processor, progress);
    segments = new Segmentation(state, faults);
    horizon = new Horizon(processor, progress);
    mem = new Mem(processor, code, horizon, faults, port);
    Operands operands = new Operands(state, mem, segments);
    interpreter = new Interpreter(processor, operands, progress, faults);
    packed =
        new PackedInterpreter(
            processor.vmx(), operands, interpreter, progress, horizon, branches, code);
  }

  /** An executor for the only processor of a machine, which is told to run it. */
  public static Executor on(Processor processor) {
    return onAll(List.of(processor));
  }

  /**
   * Executors for the processors of a machine, which are told to run them.
   *
   * @param processors of one model, on one memory, at least one
   * @return the first processor's
   */
  public static Executor onAll(List<Processor> processors) {
    Processor first = processors.get(0);
    Decoder decoder = new Decoder(first.profile().cpuid()::has);
    CodeCache code = new CodeCache(first.memory(), decoder, first.costs());
    for (Processor processor : processors) {
      processor.setGuest(new Executor(processor, code));
    }
    return (Executor) first.guest();
  }

  /** Sets who is told of every instruction; null for nobody. */
  public void setObserver(@Nullable InstructionObserver newObserver) {
    observer = newObserver;
  }

  /** Who is told of every instruction; null if nobody is. */
  public @Nullable InstructionObserver observer() {
    return observer;
  }

  /** Sets who is told of every access; null for nobody. */
  public void setAccessObserver(@Nullable AccessObserver newObserver) {
    accesses = newObserver;
    mem.observe(newObserver);
    mem.refresh();
  }

  /** Who is told of every access; null for nobody. */
  public @Nullable AccessObserver accessObserver() {
    return accesses;
  }

  /** The linear address of an instruction's memory operand, were it executed now. */
  public long linearAddress(Instruction in) {
    long base = in.base == Instruction.RIP ? state.rip + in.length : state.register(in.base);
    long sum = base + (state.register(in.index) << in.scale) + in.displacement;
    return segments.unchecked(in.segment, Val.zeroExtend(sum, in.addressSize));
  }

  /** The linear address of the instruction at RIP. */
  public long codeAddress() {
    return segments.code(state.rip);
  }

  /** Sets who is asked where to leave the run; null for nobody. */
  public void setStopCondition(@Nullable StopCondition condition) {
    stops = condition;
  }

  /** The decoded code, to be told of changes to memory that no processor made. */
  public CodeCache code() {
    return code;
  }

  @Override
  public RunOutcome advance(Processor on, long budget) {
    requireOwn(on);
    refresh();
    long start = processor.instructions();
    long end = start + Math.min(budget, Long.MAX_VALUE - start);
    int fruitless = 0;
    for (long seen = start; seen < end && fruitless < PATIENCE; ) {
      StepOutcome outcome = processor.pollEvents();
      if (outcome == StepOutcome.DONE) {
        if (state.activity != ActivityState.ACTIVE) {
          return processor.isShutDown() ? RunOutcome.FINISHED : RunOutcome.HALTED;
        }
        if (stops != null && stops.stopsAt(processor)) {
          return RunOutcome.BUDGET;
        }
        outcome = step(end - processor.instructions());
      } else {
        refresh();
      }
      if (outcome == StepOutcome.EXIT && !rootIsMachineCode) {
        return RunOutcome.EXIT;
      }
      fruitless = processor.instructions() == seen ? fruitless + 1 : 0;
      seen = processor.instructions();
    }
    return RunOutcome.BUDGET;
  }

  private void requireOwn(Processor on) {
    if (on != processor) {
      throw new IllegalStateException("this executor belongs to another processor than " + on);
    }
  }

  private void refresh() {
    segments.refresh();
    mem.refresh();
  }

  /** Runs what can run without a look at events. */
  private StepOutcome step(long budget) {
    boolean singleStep = (state.controlFlags() & CpuState.TF) != 0;
    boolean exact = singleStep || debug.isArmed() || (state.controlFlags() & CpuState.RF) != 0;
    boolean monitored = processor.intercepts().on(PrimaryControl.MONITOR_TRAP_FLAG);
    boolean shadow = (state.interruptibility & Interruptibility.SHADOW) != 0;
    try {
      if (exact || monitored || shadow || observer != null || stops != null) {
        stepAlone(exact, singleStep, monitored);
      } else {
        runBlocks(budget);
      }
      return progress.conclusion();
    } catch (NotCompleted interrupted) {
      refresh();
      if (interrupted.outcome() == StepOutcome.DONE) { // one iteration of a string instruction
        trap(exact, singleStep, monitored);
      }
      return interrupted.outcome();
    }
  }

  /** Runs blocks until events are to be looked for, or the last has changed the context. */
  private void runBlocks(long budget) {
    long end = processor.instructions() + budget;
    horizon.begin(budget);
    boolean far = horizon.isFar();
    Block block = fetch();
    while (true) {
      Block last = run(block, horizon.fit(block, far, end - processor.instructions()));
      far = horizon.isFar();
      if (!far || !last.keepsContext) {
        return;
      }
      block = fetch();
    }
  }

  /** Runs one instruction, after which there may be traps. */
  private void stepAlone(boolean exact, boolean singleStep, boolean monitored) {
    boolean nonRoot = processor.inNonRoot();
    long rip = state.rip;
    if (exact) {
      beginExactly();
    }
    Block block = fetch();
    if (observer != null) {
      observer.executing(processor, block.code[0]);
    }
    horizon.end(); // a block of one instruction is followed by none
    run(block, 1);
    boolean concluded = progress.conclusion() != StepOutcome.DONE;
    if (!concluded
        && processor.inNonRoot() == nonRoot) { // else a VM entry, whose guest has its own traps
      trap(exact, singleStep && isStep(rip + block.code[0].length), monitored);
    }
  }

  private void trap(boolean exact, boolean singleStep, boolean monitored) {
    if (exact) {
      debug.completed(singleStep);
    }
    if (monitored) {
      processor.pending().pendMonitorTrap();
    }
  }

  /** RF holds breakpoints on execution back once, as MOV SS does ("Debug Exceptions", 17.3.1.1). */
  private void beginExactly() {
    debug.begin();
    if ((state.controlFlags() & CpuState.RF) != 0) {
      state.setRflags(state.rflags() & ~CpuState.RF);
    } else if ((state.interruptibility & Interruptibility.MOV_SS) == 0) {
      long met = debug.onExecution(segments.code(state.rip));
      if (met != 0) {
        throw faults.debug(met);
      }
    }
  }

  /** With BTF only branches are steps; a load of SS is none ("Masking Exceptions", 6.8.3). */
  private boolean isStep(long next) {
    boolean branches = (processor.msrs().get(Msr.IA32_DEBUGCTL) & DEBUGCTL_BTF) != 0;
    return (state.interruptibility & Interruptibility.MOV_SS) == 0
        && (!branches || state.rip != next);
  }

  private Block fetch() {
    long linear = segments.code(state.rip);
    long address = mem.fetch(linear);
    horizon.timePassed();
    if (!mem.isRam(address)) {
      return fetchFromDevice(linear, address);
    }
    Block block = code.at(address, segments.mode());
    return block != null ? block : fetchStraddling(linear);
  }

  /** What a device, or nothing at all, answers to a fetch: decoded each time. */
  private Block fetchFromDevice(long linear, long address) {
    int first = Math.min(straddling.length, PAGE - (int) (linear & PAGE - 1));
    readDevice(address, 0, first);
    if (first == straddling.length || code.isComplete(straddling, first, segments.mode())) {
      return code.transientBlock(straddling, first, segments.mode());
    }
    readDevice(mem.fetch(segments.code(state.rip + first)), first, straddling.length);
    return code.transientBlock(straddling, straddling.length, segments.mode());
  }

  private void readDevice(long address, int from, int to) {
    for (int i = from; i < to; i++) {
      straddling[i] = (byte) processor.readDevice(address + i - from, 1);
    }
  }

  /** An instruction whose bytes lie in two pages, which need not be neighbours in memory. */
  private Block fetchStraddling(long linear) {
    int first = PAGE - (int) (linear & PAGE - 1);
    PhysicalMemory memory = processor.memory();
    memory.readBytes(mem.fetch(linear), straddling, 0, first);
    long rest = mem.fetch(segments.code(state.rip + first));
    memory.readBytes(rest, straddling, first, straddling.length - first);
    return code.transientBlock(straddling, straddling.length, segments.mode());
  }

  /** Runs instructions of a block, and if they are all, blocks that follow; the last of these. */
  private Block run(Block block, int count) {
    boolean wasOn = processor.vmx().isOn();
    Block last = packed.run(block, count);
    if (!last.keepsContext) {
      rootIsMachineCode = processor.vmx().isOn() && (rootIsMachineCode || !wasOn);
      refresh();
    }
    return last;
  }

  @Override
  public void deliver(Processor on, int vector, int errorCode, boolean hasErrorCode) {
    requireOwn(on);
    progress.abandon();
    long from = state.rip;
    refresh();
    debug.begin();
    AccessObserver told = accesses;
    if (told != null) {
      told.delivering(vector, errorCode);
    }
    try {
      interpreter.delivery().deliver(vector, errorCode, hasErrorCode);
    } catch (NotCompleted nested) {
      // What the delivery led to instead has happened.
      return;
    }
    if (told != null) {
      told.delivered();
    }
    branches.taken(from, state.rip);
    debug.completed(false);
    refresh();
  }

  // ---- One instruction at a time, for Emulator -----------------------------------------------

  /** Runs the instruction at RIP and looks for no event before it or behind it. */
  StepOutcome stepOnce() {
    refresh();
    return step(1);
  }

  /** The instruction at RIP; null if its fetch faults, which has been delivered. */
  @Nullable Instruction instructionAtRip() {
    refresh();
    try {
      return fetch().code[0];
    } catch (NotCompleted fault) {
      return null;
    }
  }
}
