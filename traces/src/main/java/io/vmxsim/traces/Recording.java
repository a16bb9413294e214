package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExitObserver;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.traces.ReplayResult.RunResult;
import java.nio.file.Path;
import java.util.ArrayList;
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
  private final ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);

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
          new GuestRecorder(machine.processor(i), actions -> writer.write(number, actions));
      recorders.add(recorder);
      machine.observe(i, recorder);
      ((Executor) machine.processor(i).guest()).setAccessObserver(recorder);
    }
  }

  /** Who is to be told of a processor's exits. */
  ExitObserver exits(int processor) {
    return recorders.get(processor);
  }

  private void writeInitialState() {
    CpuState state = machine.processor(0).state();
    batch.add(ActionKind.INITIAL_CR, 0, 0, state.cr0());
    batch.add(ActionKind.INITIAL_CR, 3, 0, state.cr3());
    batch.add(ActionKind.INITIAL_CR, 4, 0, state.cr4());
    batch.add(ActionKind.INITIAL_MSR, 0, Msr.IA32_EFER.address() & 0xffff_ffffL, state.efer());
    Bus bus = machine.bus();
    writeMemory(0, bus.ramBelowEnd());
    writeMemory(FOUR_GIB, bus.ramAboveEnd());
    flush();
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
      flush();
    }
  }

  private void flush() {
    writer.write(0, batch);
    batch.clear();
  }

  /** Writes what there is to know of the run before its first instruction. */
  void begin(String cpu, RunResult run) {
    Bus bus = machine.bus();
    long above = Math.max(0, bus.ramAboveEnd() - FOUR_GIB);
    writer.recording(RecordedRun.machine(cpu, bus.ramBelowEnd() + above, run));
    writeInitialState();
  }

  /** Ends the recording with the exits of the run: the file gets its name. */
  void finish(RunResult run) {
    recorders.forEach(GuestRecorder::close);
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
