package io.vmxsim.cpu.board;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.UnmodelledFeatures;
import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.cpu.board.MachineEnd.Cause;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.cpu.execute.InstructionObserver;
import io.vmxsim.cpu.execute.StopCondition;
import io.vmxsim.cpu.snapshot.Snapshot;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A machine: processors, RAM, and the devices of a PC. Its software runs on the bare processors or,
 * on another {@link Platform}, under a VMM.
 *
 * <p>The processor whose time is furthest behind goes next, the first of equals, for a number of
 * instructions that depends on simulated time only: the interleaving is the same in every run. A
 * processor that waits lets time pass up to whatever could wake it. Devices act between these
 * turns.
 */
public final class Machine {
  private static final long MEGAHERTZ = 1_000_000;

  /** Instructions of one turn at most, alone and among others. */
  private static final long LONGEST_TURN = 1 << 16;

  private static final long SHARED_TURN = 256;
  private static final long SHORTEST_TURN = 16;

  /** Turns in a row in which no instruction completes that may be by chance. */
  private static final int PATIENCE = 1000;

  /** Cycles of an instruction, roughly: turns get shorter as the next event draws near. */
  private static final long CYCLES_PER_INSTRUCTION = 4;

  private final PhysicalMemory memory;
  private final Bus bus;
  private final Timeline timeline;
  private final ApicNetwork apics = new ApicNetwork();
  private final List<Processor> processors = new ArrayList<>();
  private final List<LogicalProcessor> software = new ArrayList<>();
  private final Board board;
  private final long wakingVector;
  private final IntConsumer serial;
  private final transient List<CpuidFeature> hidden;
  private int current;
  private boolean suspended;
  private transient volatile boolean interrupted;
  private @Nullable MachineEnd end;

  private transient @Nullable Runnable checkpoint;
  private transient long checkpointInterval;
  private transient long nextCheckpoint;

  /** A bare machine; see {@link #Machine(CpuProfile, long, int, IntConsumer, Platform)}. */
  public Machine(CpuProfile profile, long ramBytes, int processorCount, IntConsumer serial) {
    this(profile, ramBytes, processorCount, serial, Platform.BARE);
  }

  /**
   * A machine with nothing loaded. All processors but the first wait for a start-up IPI.
   *
   * @param model of the processors, less {@link UnmodelledFeatures}
   * @param ramBytes RAM, at least 1 MByte
   * @param processorCount processors, at least 1
   * @param serial takes each byte sent through the first serial port
   * @param platform what runs the machine's software
   */
  public Machine(
      CpuProfile model, long ramBytes, int processorCount, IntConsumer serial, Platform platform) {
    this.serial = serial;
    CpuProfile profile = model.executable();
    hidden = UnmodelledFeatures.of(model);
    memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
    bus = Bus.withRam(ramBytes);
    for (int i = 0; i < processorCount; i++) {
      processors.add(new Processor(profile, memory, platform.reach(bus)));
    }
    Executor.onAll(processors);
    VmxInstructions.ofOneMachine(processors);
    for (int i = 0; i < processorCount; i++) {
      software.add(platform.processor(this, apics, i));
    }
    timeline = new Timeline(() -> processor(current).now(), profile.clockMhz() * MEGAHERTZ);
    bus.attachPorts(
        FirmwareConfiguration.SELECTOR_PORT,
        FirmwareConfiguration.PORTS,
        new FirmwareConfiguration(ramBytes, processorCount));
    board = new Board(bus, timeline, apics, serial, new Power());
    LocalApic bootstrap = apics.processors().get(0);
    bootstrap.setExternal(board.pics());
    bootstrap.enableVirtualWireMode();
    wakingVector = AcpiTables.write(memory, processorCount);
  }

  /** What the processors reach. */
  public Bus bus() {
    return bus;
  }

  /** What holds the RAM. */
  public PhysicalMemory memory() {
    return memory;
  }

  /** The number of processors. */
  public int processorCount() {
    return processors.size();
  }

  /** A processor by number; 0 starts the machine. */
  public Processor processor(int number) {
    return processors.get(number);
  }

  /** The number of the processor that has its turn, or had the last one. */
  public int current() {
    return current;
  }

  /** Has {@code observer} told of every instruction of one processor, behind others. */
  public void observe(int number, InstructionObserver observer) {
    Executor executor = (Executor) processor(number).guest();
    InstructionObserver others = executor.observer();
    executor.setObserver(
        others == null
            ? observer
            : (processor, instruction) -> {
              others.executing(processor, instruction);
              observer.executing(processor, instruction);
            });
  }

  /** Has {@code condition} asked before every instruction where to leave the run; or null. */
  public void stopWhere(@Nullable StopCondition condition) {
    for (Processor processor : processors) {
      ((Executor) processor.guest()).setStopCondition(condition);
    }
  }

  /** What the model of the processors reports and CPUID here does not. */
  public List<CpuidFeature> hiddenFeatures() {
    return hidden;
  }

  /** Why a processor cannot go on, for people: {@link ShutdownReport}. */
  public String shutdownReport(int number) {
    return ShutdownReport.of(software.get(number).registers(), processor(number));
  }

  /** A processor's control registers: {@link LogicalProcessor#paging}. */
  public PagingState paging(int number) {
    return software.get(number).paging();
  }

  /** Instructions retired so far, by all processors. */
  public long instructions() {
    long sum = 0;
    for (Processor processor : processors) {
      sum += processor.instructions();
    }
    return sum;
  }

  /** What devices may do to the machine. */
  private final class Power implements Board.Power {
    @Override
    public void end(int exitCode) {
      off(Cause.GUEST, exitCode);
    }

    @Override
    public void reset() {
      off(Cause.RESET, 0);
    }

    @Override
    public void suspend() {
      suspended = true;
      stop();
    }

    private void off(MachineEnd.Cause cause, int exitCode) {
      stop();
      end = new MachineEnd(cause, exitCode, current);
    }
  }

  /** The present processor executes no further instruction of its turn. */
  private void stop() {
    software.get(current).stop();
  }

  /**
   * Runs until the machine ends.
   *
   * @param limit instructions of all processors together after which it ends at the latest; if none
   *     completes any more, since events and faults have no end, turns count as if all had
   */
  public MachineEnd run(long limit) {
    long wasted = 0;
    int fruitless = 0;
    long left = limit - instructions();
    while (end == null && left > 0 && !interrupted) {
      checkpointIfDue(left);
      current = furthestBehind();
      timeline.runDue();
      if (suspended) {
        sleep();
      } else if (end == null) {
        long before = instructions();
        long budget = Math.min(left, turn(processor(current).now()));
        RunOutcome outcome = takeTurn(processor(current), budget);
        wakeStarted();
        boolean isFruitless = outcome == RunOutcome.BUDGET && instructions() == before;
        fruitless = isFruitless ? fruitless + 1 : 0;
        wasted += fruitless > PATIENCE ? budget : 0;
      }
      left = limit - instructions() - wasted;
    }
    if (end != null) {
      return end;
    }
    if (interrupted && checkpoint != null) {
      checkpoint.run();
    }
    MachineEnd.Cause cause = interrupted ? Cause.INTERRUPTED : Cause.LIMIT;
    return new MachineEnd(cause, 0, current);
  }

  /**
   * What a {@link Snapshot} of this machine holds. Only between two turns does all that the machine
   * will do follow from it: then is when {@link #checkpointEvery} has it taken.
   */
  public Snapshot.Contents contents() {
    Map<String, Object> parts = new LinkedHashMap<>();
    parts.put("memory", memory);
    for (int i = 0; i < processors.size(); i++) {
      parts.put("processor " + i, processor(i));
    }
    parts.put("interrupt controllers", apics);
    parts.put("board", this);
    return new Snapshot.Contents(parts, List.of(serial));
  }

  /**
   * Has {@code action} run between two turns each time that about so many instructions have been
   * retired, when the run is interrupted, and before it comes to the turn that its limit may cut
   * short: what follows from a snapshot taken then is what follows in a run that does not end.
   */
  public void checkpointEvery(long interval, Runnable action) {
    checkpoint = action;
    checkpointInterval = interval;
    nextCheckpoint = instructions() + interval;
  }

  private void checkpointIfDue(long left) {
    if (checkpoint == null) {
      return;
    }
    long done = instructions();
    boolean last = left < longestTurn();
    if (done >= nextCheckpoint || last) {
      nextCheckpoint = done + checkpointInterval;
      checkpoint.run();
    }
    if (last) {
      checkpoint = null;
    }
  }

  /** Has {@link #run} return soon; may be called by another thread. */
  public void interrupt() {
    interrupted = true;
  }

  /** What was interrupted can be run again. */
  public void forgetInterruption() {
    interrupted = false;
  }

  /** Lets time pass until the next event, and resumes if it is one to wake for. */
  private void sleep() {
    long due = timeline.nextDue();
    if (board.wakes()) {
      resume();
    } else if (due == Timeline.NEVER) {
      end = new MachineEnd(Cause.HALTED, 0, current);
    } else {
      processor(current).idle(Math.max(0, due - processor(current).now()));
    }
  }

  /** From S3: reset processors, the first in real mode at the waking vector (ACPI 6.5, 16.3.2). */
  private void resume() {
    suspended = false;
    software.forEach(LogicalProcessor::init);
    software.get(0).wakeAt(memory.read32(wakingVector));
  }

  private int furthestBehind() {
    int behind = 0;
    for (int i = 1; i < processors.size(); i++) {
      if (!isDormant(i) && processor(i).now() < processor(behind).now()) {
        behind = i;
      }
    }
    return behind;
  }

  /** A processor that was never started has no part in time. */
  private boolean isDormant(int number) {
    LogicalProcessor processor = software.get(number);
    return processor.waitsForStartUp() && processor.cyclesUntilEvent() != 0;
  }

  /** A processor that is started takes part in time from now on. */
  private void wakeStarted() {
    long now = processor(current).now();
    for (int i = 0; i < processors.size(); i++) {
      LogicalProcessor started = software.get(i);
      if (started.waitsForStartUp() && started.cyclesUntilEvent() == 0) {
        processor(i).idle(Math.max(0, now - processor(i).now()));
        started.startUp();
      }
    }
  }

  private RunOutcome takeTurn(Processor processor, long budget) {
    RunOutcome outcome = software.get(current).run(budget);
    switch (outcome) {
      case BUDGET, EXIT -> {} // of a guest whose root software is machine code, too
      case HALTED -> waitForEvent(processor);
      case FINISHED -> {
        if (end == null && !suspended) {
          boolean aborted = processor.vmxAbort() != null;
          Cause cause = aborted ? Cause.VMX_ABORT : Cause.TRIPLE_FAULT;
          end = new MachineEnd(cause, 0, current);
        }
      }
    }
    return outcome;
  }

  private long turn(long now) {
    long untilDue = (timeline.nextDue() - now) / CYCLES_PER_INSTRUCTION;
    return Math.max(SHORTEST_TURN, Math.min(longestTurn(), untilDue));
  }

  private long longestTurn() {
    return processors.size() == 1 ? LONGEST_TURN : SHARED_TURN;
  }

  /** Lets time pass for a processor that waits, up to what may wake it. */
  private void waitForEvent(Processor waiting) {
    long until = timeline.nextDue();
    for (int i = 0; i < processors.size(); i++) {
      Processor processor = processor(i);
      if (isDormant(i)) {
        continue;
      }
      if (software.get(i).isActive()) {
        until = Math.min(until, processor.now() + SHARED_TURN);
      } else {
        long wait = software.get(i).cyclesUntilEvent();
        until = wait < 0 ? until : Math.min(until, processor.now() + wait);
      }
    }
    if (until == Timeline.NEVER) {
      end = new MachineEnd(Cause.HALTED, 0, current);
    } else {
      waiting.idle(Math.max(1, until - waiting.now())); // at least 1: others get their turn
    }
  }
}
