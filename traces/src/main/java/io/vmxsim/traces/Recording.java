package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.ExitObserver;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmcs.NotModelledException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Records what the guest of a machine does as a whole system's trace: the state and memory it
 * starts with, then every instruction with its accesses, and the events between instructions.
 */
public final class Recording implements AutoCloseable {
  private static final int PAGE = PhysicalMemory.PAGE_BYTES;
  private static final long FOUR_GIB = 1L << 32;

  private final Machine machine;
  private final TraceWriter writer;
  private final List<GuestRecorder> recorders = new ArrayList<>();
  private final BitSet started = new BitSet();
  private final ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);

  /** There is no VMM. */
  private boolean bare;

  /** The processor whose actions have been written last. */
  private int turn;

  /**
   * Begins the recording of a machine that is loaded and has not run yet.
   *
   * @throws io.vmxsim.vmcs.InputException if the file cannot be written
   */
  public Recording(Machine machine, Path file) {
    this.machine = machine;
    writer = new TraceWriter(file);
    for (int i = 0; i < machine.processorCount(); i++) {
      int number = i;
      GuestRecorder recorder =
          new GuestRecorder(
              machine.processor(i), machine.paging(i), actions -> write(number, actions));
      recorders.add(recorder);
      machine.observe(i, recorder);
      ((Executor) machine.processor(i).guest()).setAccessObserver(recorder);
    }
  }

  /** Actions of one processor; those of the others that came before lie before them. */
  private void write(int number, ActionBatch actions) {
    if (bare && machine.processor(number).inNonRoot()) {
      throw new NotModelledException("a recording of a guest that runs a guest of its own");
    }
    if (number != turn) {
      recorders.get(turn).endTurn();
      writer.flush();
      turn = number;
    }
    if (!started.get(number)) {
      started.set(number);
      writeRegisters(number, machine.paging(number));
    }
    writer.write(number, actions);
  }

  /** Who is to be told of a processor's exits. */
  ExitObserver exits(int processor) {
    return recorders.get(processor);
  }

  private void writeInitialState() {
    started.set(0);
    writeRegisters(0, machine.processor(0).state().paging());
    Bus bus = machine.bus();
    writeMemory(0, bus.ramBelowEnd());
    writeMemory(FOUR_GIB, bus.ramAboveEnd());
    flush(0);
  }

  /** Of a processor that is about to execute its first instruction. */
  private void writeRegisters(int number, PagingState registers) {
    batch.add(ActionKind.INITIAL_CR, 0, 0, registers.cr0());
    batch.add(ActionKind.INITIAL_CR, 3, 0, registers.cr3());
    batch.add(ActionKind.INITIAL_CR, 4, 0, registers.cr4());
    batch.add(ActionKind.INITIAL_MSR, 0, Msr.IA32_EFER.address() & 0xffff_ffffL, registers.efer());
    flush(number);
  }

  /** Whatever may become a paging structure, so all that is not 0. */
  private void writeMemory(long from, long to) {
    PhysicalMemory memory = machine.memory();
    for (long page = from; page < to; page += PAGE) {
      if (memory.allocatedPage(page) == null) {
        continue;
      }
      for (long at = page; at < page + PAGE; at += Long.BYTES) {
        long value = memory.read64(at);
        if (value != 0) {
          batch.add(ActionKind.INITIAL_MEMORY, 0, at, value);
        }
      }
      flush(0);
    }
  }

  private void flush(int number) {
    writer.write(number, batch);
    batch.clear();
  }

  /** Writes what there is to know of the run before its first instruction. */
  void begin(String cpu, RunResult run) {
    Bus bus = machine.bus();
    long above = Math.max(0, bus.ramAboveEnd() - FOUR_GIB);
    writer.recording(
        RecordedRun.machine(cpu, bus.ramBelowEnd() + above, machine.processorCount(), run));
    writeInitialState();
  }

  /**
   * Begins the recording of a machine without a VMM, which has just been loaded.
   *
   * @param cpu as the command line names it
   */
  public void beginBare(String cpu) {
    bare = true;
    begin(cpu, bareRun());
  }

  /** Ends the recording of a machine without a VMM. */
  public void finishBare() {
    finish(bareRun());
  }

  private RunResult bareRun() {
    return new RunResult(
        Paging.NATIVE,
        null,
        RunResult.ANY_PAGE,
        RunResult.ANY_PAGE,
        machine.processor(0).profile().name(),
        machine.instructions(),
        List.of(),
        List.of(),
        new ReplayResult.Walks(0, 0, 0),
        new ReplayResult.Cycles(0, 0, 0, 0),
        List.of());
  }

  /** Ends the recording with the exits of the run: the file gets its name. */
  void finish(RunResult run) {
    recorders.forEach(GuestRecorder::endTurn);
    writer.flush();
    writer.recording(RecordedRun.end(run));
    writer.finish();
  }

  /** What was not {@link #finish}ed is deleted. */
  @Override
  public void close() {
    writer.close();
  }
}
