package io.vmxsim.traces;

import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.HotSpot;
import io.vmxsim.traces.ReplayResult.HotSpotKind;
import io.vmxsim.vmcs.ExitReason;
import it.unimi.dsi.fastutil.longs.Long2LongMap;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Counts VM exits by basic exit reason, with the time each took from the exit to the end of the
 * next VM entry, and, if asked, the places that caused the most.
 */
public final class ExitStatistics {
  private static final int REASONS = 128;

  private final long[] count = new long[REASONS];
  private final long[] fromModel = new long[REASONS];
  private final long[] cycles = new long[REASONS];
  private final long[] minimum = new long[REASONS];
  private final long[] maximum = new long[REASONS];
  private final double[] squared = new double[REASONS];
  private final int top;
  private final Map<HotSpotKind, Long2LongOpenHashMap[]> places = new EnumMap<>(HotSpotKind.class);

  /**
   * @param top how many hot spots of each kind to report; 0 counts none, and costs nothing
   */
  public ExitStatistics(int top) {
    this.top = top;
  }

  /**
   * One exit and its duration.
   *
   * @param reason basic exit reason, 0 to 127
   * @param duration cycles from the exit to the end of the next VM entry
   * @param modelledKernel whether the modelled guest kernel caused it
   */
  public void add(int reason, long duration, boolean modelledKernel) {
    if (count[reason]++ == 0) {
      minimum[reason] = duration;
    }
    if (modelledKernel) {
      fromModel[reason]++;
    }
    cycles[reason] += duration;
    minimum[reason] = Math.min(minimum[reason], duration);
    maximum[reason] = Math.max(maximum[reason], duration);
    squared[reason] += (double) duration * duration;
  }

  /** Whether hot spots are counted. */
  public boolean wantsPlaces() {
    return top > 0;
  }

  /** Charges an exit to a place. Only when {@link #wantsPlaces}. */
  public void addPlace(HotSpotKind kind, int reason, long place) {
    Long2LongOpenHashMap[] byReason =
        places.computeIfAbsent(kind, k -> new Long2LongOpenHashMap[REASONS]);
    if (byReason[reason] == null) {
      byReason[reason] = new Long2LongOpenHashMap();
    }
    byReason[reason].addTo(place, 1);
  }

  /** Forgets everything counted: the warm-up is over. */
  public void reset() {
    for (long[] counters : new long[][] {count, fromModel, cycles, minimum, maximum}) {
      Arrays.fill(counters, 0);
    }
    Arrays.fill(squared, 0);
    places.clear();
  }

  /** Exits of one basic reason. */
  public long count(ExitReason reason) {
    return count[reason.number()];
  }

  /** A row per reason that occurred, in ascending order of reason number. */
  public List<ExitRow> rows() {
    List<ExitRow> rows = new ArrayList<>();
    for (int i = 0; i < REASONS; i++) {
      if (count[i] > 0) {
        rows.add(
            new ExitRow(
                nameOf(i), count[i], fromModel[i], cycles[i], minimum[i], maximum[i], squared[i]));
      }
    }
    return rows;
  }

  /** The places with the most exits, most first, at most {@code top} of each kind. */
  public List<HotSpot> hotSpots() {
    List<HotSpot> spots = new ArrayList<>();
    places.forEach((kind, byReason) -> addTop(spots, kind, byReason));
    return spots;
  }

  private static String nameOf(int reason) {
    return Objects.requireNonNull(ExitReason.of(reason)).name();
  }

  private void addTop(List<HotSpot> spots, HotSpotKind kind, Long2LongOpenHashMap[] byReason) {
    List<HotSpot> all = new ArrayList<>();
    for (int i = 0; i < REASONS; i++) {
      if (byReason[i] == null) {
        continue;
      }
      String reason = nameOf(i);
      for (Long2LongMap.Entry e : byReason[i].long2LongEntrySet()) {
        all.add(new HotSpot(kind, e.getLongKey(), reason, e.getLongValue()));
      }
    }
    all.sort(
        Comparator.comparingLong(HotSpot::count)
            .reversed()
            .thenComparing(HotSpot::value, Long::compareUnsigned)
            .thenComparing(HotSpot::reason));
    spots.addAll(all.subList(0, Math.min(top, all.size())));
  }
}
