package io.vmxsim.traces;

import io.vmxsim.traces.ExitTimeline.Timeline;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.HotSpot;
import io.vmxsim.traces.ReplayResult.HotSpotKind;
import io.vmxsim.vmcs.ExitReason;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a kernel's trace of KVM tells of VM exits, in the statistics that a replay keeps. Durations
 * are nanoseconds here, from an exit to the same thread's next entry.
 *
 * @param source file name, {@code -} for standard input
 * @param events how often each tracepoint was met, by the kernel's name
 * @param threads threads that virtual CPUs exited on
 * @param nanoseconds from the first event to the last
 * @param exits by reason; those that no entry followed count, with no duration
 * @param places where exits came from; a page is guest-physical under EPT
 * @param timeline exits over time since the first event, in nanoseconds
 * @param skipped lines skipped because the reading was lenient
 * @param lost lines that tell of events the kernel had no room for
 */
public record KvmTrace(
    String source,
    SortedMap<String, Long> events,
    int threads,
    long nanoseconds,
    List<ExitRow> exits,
    List<HotSpot> places,
    Timeline timeline,
    long skipped,
    long lost) {
  private static final long NO_ENTRY = -1;
  private static final long PAGE_MASK = -4096;
  private static final int SLICES = 16;

  /** Copies the collections. */
  public KvmTrace {
    events = new TreeMap<>(events);
    exits = List.copyOf(exits);
    places = List.copyOf(places);
  }

  /** Exits of all reasons. */
  public long totalExits() {
    return exits.stream().mapToLong(ExitRow::count).sum();
  }

  /**
   * Reads a trace to its end.
   *
   * @param name a file, or {@link TraceFormats#STANDARD_INPUT}
   * @param lenient whether lines that make no sense are counted and skipped
   * @param top how many places of each kind to tell
   * @throws io.vmxsim.vmcs.InputException if it cannot be used
   */
  public static KvmTrace read(String name, boolean lenient, int top) {
    try (KvmTraceReader reader = KvmTraceReader.open(name, lenient)) {
      return read(reader, top);
    }
  }

  static KvmTrace read(KvmTraceReader reader, int top) {
    Counting counting = new Counting(top);
    for (KvmEvent event = reader.next(); event != null; event = reader.next()) {
      counting.take(event);
    }
    return counting.result(reader);
  }

  /** An exit whose entry has not come. */
  private static final class Open {
    final ExitReason reason;
    final long since;
    boolean placed;

    Open(ExitReason reason, long since) {
      this.reason = reason;
      this.since = since;
    }
  }

  private static final class Counting {
    private final SortedMap<String, Long> events = new TreeMap<>();
    private final Map<Integer, Open> open = new HashMap<>();
    private final Set<Integer> threads = new HashSet<>();
    private final ExitStatistics statistics;
    private final ExitTimeline timeline = new ExitTimeline();
    private long first = Long.MAX_VALUE;
    private long last = Long.MIN_VALUE;

    Counting(int top) {
      statistics = new ExitStatistics(top);
    }

    void take(KvmEvent event) {
      events.merge(event.name(), 1L, Long::sum);
      first = Math.min(first, event.nanoseconds());
      last = Math.max(last, event.nanoseconds());
      if (event.point() == null) {
        return;
      }
      Open exit = open.get(event.thread());
      switch (event.point()) {
        case KVM_ENTRY -> close(event.thread(), event.nanoseconds());
        case KVM_EXIT -> exit(event);
        case KVM_PAGE_FAULT, KVM_MMIO -> place(exit, HotSpotKind.PAGE, event.address() & PAGE_MASK);
        case KVM_MSR -> place(exit, HotSpotKind.MSR, event.address());
        default -> {}
      }
    }

    private void exit(KvmEvent event) {
      close(event.thread(), NO_ENTRY); // the trace lacks the entry between
      ExitReason reason = event.reason();
      if (reason == null) {
        throw new IllegalStateException("an exit has a reason");
      }
      Open exit = new Open(reason, event.nanoseconds());
      open.put(event.thread(), exit);
      threads.add(event.thread());
      timeline.add(reason.number(), Math.max(0, event.nanoseconds() - first));
      if (statistics.wantsPlaces()) {
        statistics.addPlace(HotSpotKind.INSTRUCTION, reason.number(), event.address());
      }
      if (reason == ExitReason.IO_INSTRUCTION) {
        place(exit, HotSpotKind.PORT, event.info() >>> 16 & 0xffff); // the exit qualification
      }
    }

    /** Charges an exit to the first place that its handling names. */
    private void place(@Nullable Open exit, HotSpotKind kind, long place) {
      if (exit != null && !exit.placed && statistics.wantsPlaces()) {
        statistics.addPlace(kind, exit.reason.number(), place);
        exit.placed = true;
      }
    }

    private void close(int thread, long time) {
      Open exit = open.remove(thread);
      if (exit != null) {
        statistics.add(
            exit.reason.number(), time == NO_ENTRY ? 0 : Math.max(0, time - exit.since), false);
      }
    }

    KvmTrace result(KvmTraceReader reader) {
      List.copyOf(open.keySet()).forEach(thread -> close(thread, NO_ENTRY));
      return new KvmTrace(
          reader.source(),
          events,
          threads.size(),
          events.isEmpty() ? 0 : last - first,
          statistics.rows(),
          statistics.hotSpots(),
          timeline.in(SLICES),
          reader.skipped(),
          reader.lost());
    }
  }
}
