package io.vmxsim.vmcs.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All checks of VM entry, in the order of the SDM's text.
 *
 * <p>The SDM lets a processor check controls and host state in any order, and guest state in any
 * order; the text's order is this model's choice. Comparisons with hardware compare the set of
 * broken rules, then the kind of failure.
 */
public final class EntryRules {

  private static final List<EntryRule> ALL = inTextOrder();
  private static final Map<String, EntryRule> BY_ID = byId();

  private EntryRules() {}

  /** What one rule says of a context. */
  public record Finding(EntryRule rule, Verdict verdict) {}

  /** Every rule, in the order of the SDM's text. */
  public static List<EntryRule> list() {
    return ALL;
  }

  /** The rule with this id; null if there is none. */
  public static @Nullable EntryRule named(String id) {
    return BY_ID.get(id);
  }

  /** The verdict of every rule, in the order of {@link #list()}. */
  public static List<Finding> all(EntryContext context) {
    List<Finding> findings = new ArrayList<>(ALL.size());
    for (EntryRule rule : ALL) {
      findings.add(new Finding(rule, rule.verdict(context)));
    }
    return findings;
  }

  /** The broken rules, in the order of {@link #list()}. */
  public static List<EntryRule> broken(EntryContext context) {
    return ALL.stream().filter(rule -> rule.verdict(context) == Verdict.BROKEN).toList();
  }

  /** The first rule broken; null if none is known to be. */
  public static @Nullable EntryRule firstBroken(EntryContext context) {
    for (EntryRule rule : ALL) {
      if (rule.verdict(context) == Verdict.BROKEN) {
        return rule;
      }
    }
    return null;
  }

  /** Writes the rules down once more; mutation testing needs them as its changed code has them. */
  static List<EntryRule> inTextOrder() {
    List<EntryRule> rules = new ArrayList<>();
    rules.addAll(BasicRules.rules());
    rules.addAll(ExecutionControlRules.rules());
    rules.addAll(ExitControlRules.rules());
    rules.addAll(EntryControlRules.rules());
    rules.addAll(HostRegisterRules.rules());
    rules.addAll(HostSegmentRules.rules());
    rules.addAll(AddressSpaceSizeRules.rules());
    rules.addAll(GuestRegisterRules.rules());
    rules.addAll(GuestSegmentRules.rules());
    rules.addAll(GuestDescriptorTableRules.rules());
    rules.addAll(GuestRipRflagsRules.rules());
    rules.addAll(GuestActivityRules.rules());
    rules.addAll(GuestPdpteRules.rules());
    rules.addAll(MsrLoadRules.rules());
    return List.copyOf(rules);
  }

  private static Map<String, EntryRule> byId() {
    Map<String, EntryRule> rules = new TreeMap<>();
    for (EntryRule rule : ALL) {
      if (rules.put(rule.id(), rule) != null) {
        throw new IllegalStateException("two rules are called " + rule);
      }
    }
    return rules;
  }
}
