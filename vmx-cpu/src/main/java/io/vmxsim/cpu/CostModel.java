package io.vmxsim.cpu;

import io.vmxsim.vmcs.ExitReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What things cost, in core cycles, ready for use on hot paths: every price is an array element and
 * a lookup allocates nothing.
 *
 * <p>The model is in-order and blocking, without overlap, so a sum of its prices is an upper bound;
 * docs/cycles.md defines each one. A lookup also marks the price as used, so that a report can name
 * the assumed prices a run depended on. A model belongs to one machine and one thread.
 */
public final class CostModel {
  static final String EXIT = "vm-exit";
  static final String HANDLER = "handler";

  private static final int INSTRUCTIONS = Cost.values().length;
  private static final int EXITS = INSTRUCTIONS + InstructionClass.values().length;
  private static final int REASONS =
      Arrays.stream(ExitReason.values()).mapToInt(ExitReason::number).max().orElse(0) + 1;
  private static final int HANDLERS = EXITS + REASONS;

  /** Prices: single costs, then instructions by class, exits by reason, handlers by reason. */
  private final long[] cycles = new long[HANDLERS + REASONS];

  private final boolean[] used = new boolean[cycles.length];
  private final ProfileEntry[] entries = new ProfileEntry[cycles.length];

  /**
   * Lays out a profile's prices.
   *
   * @param profile entries by key, with every key of {@link ProfileSection#COSTS}
   */
  @SuppressWarnings("NullAway") // CpuProfile has checked that no key is missing
  CostModel(Map<String, ProfileEntry> profile) {
    int slot = 0;
    for (Cost cost : Cost.values()) {
      put(slot++, profile.get(cost.key()));
    }
    for (InstructionClass instructionClass : InstructionClass.values()) {
      put(slot++, profile.get(instructionClass.key()));
    }
    for (int reason = 0; reason < REASONS; reason++) {
      put(EXITS + reason, profile.get(EXIT));
      put(HANDLERS + reason, profile.get(HANDLER));
    }
    for (ExitReason reason : ExitReason.values()) {
      put(EXITS + reason.number(), profile.getOrDefault(exitKey(reason), profile.get(EXIT)));
      put(
          HANDLERS + reason.number(),
          profile.getOrDefault(handlerKey(reason), profile.get(HANDLER)));
    }
  }

  static String exitKey(ExitReason reason) {
    return EXIT + "." + reason.traceName();
  }

  static String handlerKey(ExitReason reason) {
    return HANDLER + "." + reason.traceName();
  }

  /** A single price, in cycles. */
  @SuppressWarnings("EnumOrdinal") // the array is laid out in declaration order, never stored
  public long of(Cost cost) {
    return take(cost.ordinal());
  }

  /** The base price of an instruction whose class is {@code InstructionClass.X.ordinal()}. */
  public long instruction(int instructionClass) {
    return take(INSTRUCTIONS + instructionClass);
  }

  /**
   * The price of a VM exit, from the instruction or event to the host's first instruction, without
   * its MSR lists.
   *
   * @param basicReason bits 15:0 of the exit reason
   */
  public long exit(int basicReason) {
    return take(EXITS + basicReason);
  }

  /**
   * What the VMM's own handler for an exit takes, beyond the VMX instructions and the {@code vmm.*}
   * prices it is charged for as it goes.
   *
   * @param basicReason bits 15:0 of the exit reason
   */
  public long handler(int basicReason) {
    return take(HANDLERS + basicReason);
  }

  /** The prices looked up so far whose status is {@code assumed}, in the order of declaration. */
  public List<ProfileEntry> assumedInUse() {
    Set<ProfileEntry> found = new LinkedHashSet<>();
    for (int slot = 0; slot < cycles.length; slot++) {
      if (used[slot] && entries[slot].status() == ProfileStatus.ASSUMED) {
        found.add(entries[slot]);
      }
    }
    return new ArrayList<>(found);
  }

  private long take(int slot) {
    used[slot] = true;
    return cycles[slot];
  }

  private void put(int slot, ProfileEntry entry) {
    entries[slot] = entry;
    cycles[slot] = Long.parseLong(entry.value());
  }
}
