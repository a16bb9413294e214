package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryRule;
import java.util.List;

/**
 * A broken rule, explained.
 *
 * @param rule the rule
 * @param reads the known fields it reads
 * @param would what hardware reports if it makes this check first
 * @param remedies the smallest changes that mend it, the best first
 * @param agrees whether hardware reported just that
 */
public record Finding(
    EntryRule rule, List<Reading> reads, Reported would, List<Remedy> remedies, boolean agrees) {

  /**
   * A field that a broken rule reads.
   *
   * @param field the field
   * @param value its value
   * @param deciding the bits of it, each of which would mend the rule if it were otherwise
   */
  public record Reading(VmcsField field, long value, long deciding) {}
}
