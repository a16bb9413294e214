package io.vmxsim.cpu.gdb;

import io.vmxsim.cpu.DataWatch;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs a machine up to a breakpoint, a watched access, the end of a step, or its end. While nothing
 * is to be looked for it runs as fast as without a debugger.
 */
final class GdbRun {
  /** No processor steps. */
  static final int NONE = -1;

  /** Data that is watched. */
  record Watch(long start, int size, boolean reads, boolean writes) {
    boolean covers(long address, int length, boolean isWrite) {
      return (isWrite ? writes : reads) && address < start + size && start < address + length;
    }
  }

  private final Machine machine;
  private final long limit;
  private final Set<Long> breakpoints = new LinkedHashSet<>();
  private final List<Watch> watches = new ArrayList<>();
  private final long[] resumedAt;
  private final long[] resumedRip;
  private int stepping = NONE;
  private int stopped = NONE;
  private @Nullable Watch met;
  private long metAddress;

  GdbRun(Machine machine, long limit) {
    this.machine = machine;
    this.limit = limit;
    resumedAt = new long[machine.processorCount()];
    resumedRip = new long[machine.processorCount()];
  }

  Set<Long> breakpoints() {
    return breakpoints;
  }

  List<Watch> watches() {
    return watches;
  }

  /** The watch whose access ended the last run, or null. */
  @Nullable Watch met() {
    return met;
  }

  /** What that access was to. */
  long metAddress() {
    return metAddress;
  }

  /**
   * Runs on.
   *
   * @param step the processor that executes one instruction, or {@link #NONE}
   * @return null if the machine stopped for the debugger, on its current processor
   */
  @Nullable MachineEnd goOn(int step) {
    stepping = step;
    stopped = NONE;
    met = null;
    for (int i = 0; i < resumedAt.length; i++) {
      resumedAt[i] = machine.processor(i).instructions();
      resumedRip[i] = machine.processor(i).state().rip;
    }
    boolean looks = step != NONE || !breakpoints.isEmpty() || !watches.isEmpty();
    DataWatch watch = watches.isEmpty() ? null : this::accessed;
    for (int i = 0; i < resumedAt.length; i++) {
      machine.processor(i).debug().watch(watch);
    }
    machine.stopWhere(looks ? this::stopsAt : null);
    MachineEnd end = machine.run(limit);
    return stopped == NONE ? end : null;
  }

  /** The machine runs on without a debugger. */
  void release() {
    breakpoints.clear();
    watches.clear();
    machine.forgetInterruption();
  }

  private boolean stopsAt(Processor processor) {
    int number = number(processor);
    if (stopped == NONE && isStop(processor, number)) {
      stopped = number;
      machine.interrupt();
    }
    return stopped != NONE;
  }

  private boolean isStop(Processor processor, int number) {
    if (met != null) {
      return true;
    }
    long rip = processor.state().rip;
    boolean hasRun = processor.instructions() != resumedAt[number] || rip != resumedRip[number];
    return hasRun && (number == stepping || breakpoints.contains(linear(processor, rip)));
  }

  private static long linear(Processor processor, long rip) {
    boolean flat = processor.state().in64BitMode();
    return flat ? rip : (processor.state().base(Segment.CS) + rip) & 0xffffffffL;
  }

  private void accessed(Processor processor, long address, int size, boolean writes) {
    for (Watch watch : watches) {
      if (met == null && watch.covers(address, size, writes)) {
        met = watch;
        metAddress = Math.max(address, watch.start());
      }
    }
  }

  private int number(Processor processor) {
    for (int i = 0; i < machine.processorCount(); i++) {
      if (machine.processor(i) == processor) {
        return i;
      }
    }
    throw new IllegalStateException("a processor of another machine");
  }
}
