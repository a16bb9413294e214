package io.vmxsim.validation;

import java.util.List;

/**
 * Table A3: lmbench context switch under shadow paging, in microseconds, for 2 to 8 processes with
 * page-table isolation; KVM list, message 361304, Ice Lake. Roots needed are two per process, roots
 * held one more than cached: which puts the knees where they were measured, from 2 to 3 processes
 * and from 6 to 7. The microseconds are not claimed.
 *
 * @param cachedRoots shadow roots cached besides the one in use
 * @param microseconds for 2, 3, … 8 processes
 */
public record ContextSwitchTimes(int cachedRoots, List<Double> microseconds) {
  /** The processes of the first column. */
  public static final int FEWEST_PROCESSES = 2;

  /** The processes of the last column. */
  public static final int MOST_PROCESSES = 8;

  /** As published. */
  public static final List<ContextSwitchTimes> PUBLISHED =
      List.of(
          new ContextSwitchTimes(3, List.of(4.857, 6.802, 7.518, 7.836, 7.770, 7.287, 7.271)),
          new ContextSwitchTimes(11, List.of(4.654, 5.518, 6.292, 6.516, 6.512, 7.135, 7.270)));

  /** The most processes whose roots are all held. */
  public int lastBeforeKnee() {
    return (cachedRoots + 1) / 2;
  }
}
