package io.vmxsim.cpu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The way that a processor came: the runs of consecutive instructions that it executed last, and so
 * the branches between them. For people to read; software on the processor does not see it.
 */
public final class BranchHistory {
  /** A power of two; not every run ends in a branch. */
  private static final int KEPT = 256;

  private final long[] starts = new long[KEPT];

  /** Bytes before the last instruction of the run, and of the whole run. */
  private final int[] lasts = new int[KEPT];

  private final int[] lengths = new int[KEPT];
  private long count;

  BranchHistory() {}

  /**
   * A branch that was taken, or an event that was delivered.
   *
   * @param from the instruction that branched, or that was to come next
   * @param to the instruction after it
   */
  public record Branch(long from, long to) {}

  /**
   * A run of consecutive instructions begins.
   *
   * @param start its address
   * @param last bytes before its last instruction
   * @param length its bytes
   */
  public void run(long start, int last, int length) {
    int i = (int) count++ & KEPT - 1;
    starts[i] = start;
    lasts[i] = last;
    lengths[i] = length;
  }

  /**
   * The last run has come to an end sooner than was said.
   *
   * @param last bytes before its last instruction
   * @param length its bytes
   */
  public void shorten(int last, int length) {
    int i = (int) (count - 1) & KEPT - 1;
    lasts[i] = last;
    lengths[i] = length;
  }

  /** An event is delivered at {@code rip}: in the middle of a run, or after its end. */
  public void eventAt(long rip) {
    int i = (int) (count - 1) & KEPT - 1;
    long done = rip - starts[i];
    if (count > 0 && done >= 0 && done < lengths[i]) {
      lasts[i] = (int) done;
      lengths[i] = (int) done;
    } else {
      run(rip, 0, 0);
    }
  }

  /** The last branches, up to {@code most} of them, the oldest first. */
  public List<Branch> last(int most) {
    List<Branch> branches = new ArrayList<>();
    long oldest = Math.max(0, count - KEPT);
    for (long n = count - 1; n > oldest && branches.size() < most; n--) {
      int before = (int) (n - 1) & KEPT - 1;
      long to = starts[(int) n & KEPT - 1];
      if (to != starts[before] + lengths[before]) {
        branches.add(new Branch(starts[before] + lasts[before], to));
      }
    }
    Collections.reverse(branches);
    return branches;
  }
}
