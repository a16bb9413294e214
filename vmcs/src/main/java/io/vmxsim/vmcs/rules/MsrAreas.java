package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.VmcsField;

/**
 * The checks that the three MSR areas have in common.
 *
 * <p>Source: SDM (June 2016) 26.2.1.2 “VM-Exit Control Fields”, 26.2.1.3 “VM-Entry Control Fields”.
 */
final class MsrAreas {

  private static final long ENTRY_BYTES = 16;
  private static final long UNALIGNED = 0xF;

  private MsrAreas() {}

  /** Writes down the checks of one area. */
  static void add(RuleList list, String id, String name, VmcsField address, VmcsField count) {
    Condition used = Condition.not(Condition.matches(count, -1L, 0));
    list.rule(id + "-aligned", "Bits 3:0 of the %s address must be 0.".formatted(name))
        .when(used)
        .then(Condition.clear(address, UNALIGNED));
    list.rule(
            id + "-width",
            "The %s address must not set any bits beyond the processor's physical-address width."
                .formatted(name))
        .when(used)
        .fallsWith(id + "-end", "an area that begins beyond the width ends beyond it")
        .then(c -> c.isPhysicalAddress(c.get(address)), address);
    list.rule(
            id + "-end",
            ("The address of the last byte in the %s area must not set any bits beyond the"
                    + " processor's physical-address width.")
                .formatted(name))
        .when(used)
        .then(c -> c.isPhysicalAddress(lastByte(c.get(address), c.get(count))), address, count);
  }

  /** Whether the area of {@code count} entries, not 0, passes all checks. */
  static boolean isFormable(EntryContext context, long address, long count) {
    return (address & UNALIGNED) == 0
        && context.isPhysicalAddress(address)
        && context.isPhysicalAddress(lastByte(address, count));
  }

  /** With more bits than the physical-address width: 52 bits plus 36 fit in 64 without a carry. */
  private static long lastByte(long address, long count) {
    return address + count * ENTRY_BYTES - 1;
  }
}
