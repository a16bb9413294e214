package io.vmxsim.cpu;

import java.util.ArrayList;
import java.util.List;

/**
 * The branches that a processor took last, and the events that were delivered to it. For people to
 * read; software on the processor does not see it.
 */
public final class BranchHistory {
  /** A power of two. */
  private static final int KEPT = 64;

  /** Branch n leads from element 2n to element 2n+1, modulo the length. */
  private final long[] addresses = new long[2 * KEPT];

  private long count;

  BranchHistory() {}

  /**
   * A branch that was taken, or an event that was delivered.
   *
   * @param from the instruction that branched, or that was to come next
   * @param to the instruction after it
   */
  public record Branch(long from, long to) {}

  /** A branch has been taken, or an event delivered. */
  public void taken(long from, long to) {
    int i = (int) (2 * count++) & 2 * KEPT - 1;
    addresses[i] = from;
    addresses[i + 1] = to;
  }

  /** The last branches, up to {@code most} of them and 64, the oldest first. */
  public List<Branch> last(int most) {
    List<Branch> branches = new ArrayList<>();
    for (long n = Math.max(0, count - Math.min(most, KEPT)); n < count; n++) {
      int i = (int) (2 * n) & 2 * KEPT - 1;
      branches.add(new Branch(addresses[i], addresses[i + 1]));
    }
    return branches;
  }
}
