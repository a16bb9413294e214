package io.vmxsim.traces;

import io.vmxsim.ept.WalkGrid;
import io.vmxsim.traces.ExitTimeline.Timeline;
import it.unimi.dsi.fastutil.bytes.ByteArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;

/** What pictures of a run need beyond its counts: when exits happened, and what walks read. */
public final class RunDetails {
  /** Exits kept one by one; the timeline has them all. */
  private static final int MOST_EXITS = 200_000;

  private static final int SLICES = 48;

  private final long clockMhz;
  private final WalkGrid walkGrid = new WalkGrid();
  private final ExitTimeline timeline = new ExitTimeline();
  private final IntArrayList processors = new IntArrayList();
  private final ByteArrayList reasons = new ByteArrayList();
  private final LongArrayList starts = new LongArrayList();
  private final LongArrayList durations = new LongArrayList();
  private long origin;
  private long exits;

  RunDetails(long clockMhz) {
    this.clockMhz = clockMhz;
  }

  /** A processor's exit that is over; {@code start} in cycles since the processor was built. */
  void add(int processor, int reason, long start, long duration) {
    timeline.add(reason, start - origin);
    if (exits++ < MOST_EXITS) {
      processors.add(processor);
      reasons.add((byte) reason);
      starts.add(start - origin);
      durations.add(duration);
    }
  }

  /** The warm-up is over. */
  void restart(long now) {
    origin = now;
    exits = 0;
    timeline.reset();
    walkGrid.reset();
    processors.clear();
    reasons.clear();
    starts.clear();
    durations.clear();
  }

  /** Cycles of the CPU's clock in a microsecond. */
  public long clockMhz() {
    return clockMhz;
  }

  /** What walks read, by place in the two-dimensional walk. */
  public WalkGrid walkGrid() {
    return walkGrid;
  }

  /** Exits over time, in cycles. */
  public Timeline timeline() {
    return timeline.in(SLICES);
  }

  /** How many exits are kept one by one: the first ones. */
  public int kept() {
    return reasons.size();
  }

  /** How many exits there were. */
  public long exits() {
    return exits;
  }

  /** The processor of exit {@code i}. */
  public int processor(int i) {
    return processors.getInt(i);
  }

  /** Basic exit reason of exit {@code i}. */
  public int reason(int i) {
    return reasons.getByte(i);
  }

  /** Cycle in which exit {@code i} began. */
  public long start(int i) {
    return starts.getLong(i);
  }

  /** Cycles from exit {@code i} to the end of the next VM entry. */
  public long duration(int i) {
    return durations.getLong(i);
  }
}
