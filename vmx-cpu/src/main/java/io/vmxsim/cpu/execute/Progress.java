package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.StepOutcome;
import org.jspecify.annotations.Nullable;

/**
 * How much of the running block is on the books. Instructions are counted and priced a block at a
 * time; whoever looks at time or counts in its middle settles first.
 */
final class Progress {
  private final Processor processor;
  private final CpuState state;
  private @Nullable Block block;
  private @Nullable Block suspended;
  private long start;
  private int settled;
  private int shadow;

  /** Whether an instruction of the block that runs may have asked. */
  private boolean asked;

  /** How the last instruction of the block ended, if it was a VM entry, an exit or a fault. */
  private StepOutcome conclusion = StepOutcome.DONE;

  Progress(Processor processor) {
    this.processor = processor;
    state = processor.state();
  }

  /** A block begins to run. */
  void begin() {
    asked = false;
    conclusion = StepOutcome.DONE;
  }

  /** An instruction of a block is about to run that may ask; the block began at {@code rip}. */
  void ask(Block running, long rip) {
    if (!asked) {
      asked = true;
      block = running;
      start = rip;
      settled = 0;
    }
  }

  /** Retires every instruction before the one at RIP. */
  void settle() {
    Block running = block;
    if (running != null) {
      retireUntil(running, running.indexAt((int) (state.rip - start)));
    }
  }

  /** As {@link #settle}, and nothing of the block runs after this. */
  void abandon() {
    settle();
    block = null;
  }

  /**
   * The instruction now running, a VM entry, may make RIP the guest's and deliver an event there.
   * What runs before it is settled; nothing is until {@link #resume}.
   */
  void suspend() {
    settle();
    suspended = block;
    block = null;
  }

  /** There was no VM entry: the block goes on. */
  void resume() {
    block = suspended;
  }

  /**
   * The first {@code count} instructions of a block have run; the block is left.
   *
   * @param price their base costs, in cycles
   */
  void finish(Block running, int count, long price) {
    if (!asked) {
      processor.retireRun(count, price);
    } else {
      finishAsked(running, count);
    }
  }

  private void finishAsked(Block running, int count) {
    asked = false;
    if (block == null) {
      return;
    }
    block = null;
    boolean whole = count == running.code.length;
    retireUntil(running, whole && running.lastRetiresItself ? count - 1 : count);
    state.interruptibility |= shadow;
    shadow = 0;
  }

  /**
   * The instruction now running blocks interrupts until the one after it has run.
   *
   * @param blocking a bit of {@link io.vmxsim.cpu.Interruptibility}
   */
  void block(int blocking) {
    shadow = blocking;
  }

  private void retireUntil(Block running, int count) {
    if (count > settled) {
      processor.retireRun(count - settled, running.prices[count] - running.prices[settled]);
      settled = count;
    }
  }

  /** Whether the block that runs has been left otherwise than by its end or a branch. */
  boolean isAbandoned() {
    return asked && block == null;
  }

  /**
   * The last instruction of a block has ended so, and nothing of it is left to do.
   *
   * <p>JUSTIFICATION beside {@link #require}: most VM exits come this way, and an exception through
   * several frames of the host costs more than the VM exit (SideBySideExits).
   */
  void conclude(StepOutcome outcome) {
    if (outcome != StepOutcome.DONE) {
      block = null;
      conclusion = outcome;
    }
  }

  /** What the last block concluded with: DONE, unless it was left by a VM entry, exit or fault. */
  StepOutcome conclusion() {
    return conclusion;
  }

  /** DONE if the sensitive instruction completed; else throws. */
  void require(StepOutcome outcome, NotCompleted signal) {
    if (outcome != StepOutcome.DONE) {
      block = null;
      throw signal.with(outcome);
    }
  }
}
