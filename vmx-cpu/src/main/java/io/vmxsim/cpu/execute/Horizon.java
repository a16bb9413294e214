package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.Cycles;
import io.vmxsim.cpu.Processor;

/**
 * How far the processor may run without a look at events: until the instruction count or the time
 * that might bring one about, a meeting with a device, or the end of its budget.
 *
 * <p>Blocks begin only if they end before. In the middle of one, time can pass faster than its
 * instructions' base costs where translations cost something: those are asked for by {@link
 * #isPassedIn}.
 */
final class Horizon {
  /** How far to look ahead: farther makes looks rarer, and leaves more to look at closely. */
  private static final int INSTRUCTIONS = 4096;

  private static final long CYCLES = 1 << 16;

  /** Cycles that the base costs of most blocks stay below. */
  private static final long ORDINARY = 1 << 11;

  private final Processor processor;
  private final Progress progress;
  private final Cycles cycles;

  /** Ordinary blocks fit as long as neither is exceeded. */
  private long lastInstruction;

  private long lastGuestCycle;

  /** Until when time alone brings no event about. */
  private long until;

  Horizon(Processor processor, Progress progress) {
    this.processor = processor;
    this.progress = progress;
    cycles = processor.cycles();
  }

  /** Looks ahead; events have just been looked for. */
  void begin(long budget) {
    long ahead = Math.min(budget, INSTRUCTIONS);
    boolean far = ahead >= Block.LONGEST && processor.pending().isQuietFor(ahead, CYCLES);
    lastInstruction = processor.instructions() + ahead - Block.LONGEST;
    until = processor.now() + (far ? CYCLES : 0);
    timePassed();
  }

  /** No block fits but that which is about to run. */
  void end() {
    lastInstruction = -1;
    until = 0;
  }

  /** Whether ordinary blocks fit. */
  boolean isFar() {
    return cycles.guest <= lastGuestCycle && processor.instructions() <= lastInstruction;
  }

  /** Whether a block with these base costs, in cycles, fits wherever {@link #isFar}. */
  static boolean isOrdinary(long price) {
    return price <= ORDINARY;
  }

  /** Time may have passed otherwise than by base costs of instructions. */
  void timePassed() {
    lastGuestCycle = cycles.guest + until - ORDINARY - processor.now();
  }

  /**
   * How many instructions of a block may run.
   *
   * @param far what {@link #isFar} said; if false, events have just been looked for
   */
  int fit(Block block, boolean far, long budget) {
    int length = block.code.length;
    return far && isOrdinary(block.price) ? length : fitClosely(block, budget);
  }

  private int fitClosely(Block block, long budget) {
    int count = (int) Math.min(budget, block.code.length);
    boolean fits = processor.pending().isQuietFor(count, block.prices[count]);
    until = processor.now() + (fits ? block.prices[count] : 0);
    return fits ? count : 1;
  }

  /**
   * Whether a run of {@code count} instructions of a block, which is not accounted for yet, may go
   * on for too long.
   */
  boolean isPassedIn(Block block, int count) {
    timePassed();
    return processor.now() + block.prices[count] > until;
  }

  /**
   * The instruction now running reaches a device: time has to be exact, and what the device does
   * about interrupts counts from the next instruction on, before which the block is left.
   */
  void meetDevice() {
    progress.settle();
    until = 0;
    lastGuestCycle = -1;
  }
}
