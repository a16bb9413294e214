package io.vmxsim.cpu;

/**
 * What things cost, in core cycles, ready for use on hot paths: every price is an array element and
 * a lookup allocates nothing.
 *
 * <p>The model is in-order and blocking, without overlap, so a sum of its prices is an upper bound;
 * docs/cycles.md defines each one. A lookup also marks the price as used, so that a report can name
 * the assumed prices a run depended on. A model belongs to one machine and one thread.
 */
public final class CostModel {
  private final long[] costs;
  private final long[] instructions;
  private final long[] exits;
  private final long[] handlers;

  /**
   * Prices by {@link Cost} ordinal, {@link InstructionClass} ordinal, and (exits, handlers) basic
   * exit reason.
   */
  CostModel(long[] costs, long[] instructions, long[] exits, long[] handlers) {
    this.costs = costs.clone();
    this.instructions = instructions.clone();
    this.exits = exits.clone();
    this.handlers = handlers.clone();
  }

  /** A single price, in cycles. */
  @SuppressWarnings("EnumOrdinal") // the array is built in declaration order, never stored
  public long of(Cost cost) {
    return costs[cost.ordinal()];
  }

  /** The base price of an instruction whose class is {@code InstructionClass.X.ordinal()}. */
  public long instruction(int instructionClass) {
    return instructions[instructionClass];
  }

  /**
   * The price of a VM exit, from the instruction or event to the host's first instruction, without
   * its MSR lists.
   *
   * @param basicReason bits 15:0 of the exit reason
   */
  public long exit(int basicReason) {
    return exits[basicReason];
  }

  /**
   * What the VMM's own handler for an exit takes, beyond the VMX instructions and the {@code vmm.*}
   * prices it is charged for as it goes.
   *
   * @param basicReason bits 15:0 of the exit reason
   */
  public long handler(int basicReason) {
    return handlers[basicReason];
  }
}
