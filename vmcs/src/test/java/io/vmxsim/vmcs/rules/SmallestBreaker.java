package io.vmxsim.vmcs.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The fewest changes to a valid VM entry that break a rule, and of those the ones that break the
 * fewest other rules; among as many, those whose names come first.
 *
 * @param changes what was changed
 * @param others the ids of the other rules broken
 */
record SmallestBreaker(List<String> changes, Set<String> others) {

  private static final List<Scenario> VALID = valid();

  /**
   * Searched for among many valid VM entries; null if two changes do not break the rule.
   *
   * @param rules all rules, of which others may be broken, too
   */
  static @Nullable SmallestBreaker of(EntryRule rule, List<EntryRule> rules) {
    SmallestBreaker best = null;
    for (Scenario scenario : VALID) {
      best = better(best, single(rule, rules, scenario));
      if (best != null && best.others.isEmpty()) {
        return best;
      }
    }
    for (Scenario scenario : VALID) {
      if (best != null && best.changes.size() == 1) {
        return best;
      }
      best = better(best, pair(rule, rules, scenario));
      if (best != null && best.others.isEmpty()) {
        return best;
      }
    }
    return best;
  }

  private static @Nullable SmallestBreaker single(
      EntryRule rule, List<EntryRule> rules, Scenario scenario) {
    EntryContext context = scenario.context();
    SmallestBreaker best = null;
    for (Change change : Change.of(rule, scenario)) {
      change.make();
      if (rule.isBroken(context)) {
        best = better(best, observed(rule, rules, context, change));
      }
      change.make();
    }
    return best;
  }

  private static @Nullable SmallestBreaker pair(
      EntryRule rule, List<EntryRule> rules, Scenario scenario) {
    EntryContext context = scenario.context();
    List<Change> changes = Change.of(rule, scenario);
    for (Change first : changes) {
      first.make();
      for (Change second : changes) {
        second.make();
        boolean broken = rule.isBroken(context);
        SmallestBreaker found = broken ? observed(rule, rules, context, first, second) : null;
        second.make();
        if (found != null) {
          first.make();
          return found;
        }
      }
      first.make();
    }
    return null;
  }

  private static SmallestBreaker observed(
      EntryRule rule, List<EntryRule> rules, EntryContext context, Change... made) {
    Set<String> others = new TreeSet<>();
    rules.stream().filter(other -> other.isBroken(context)).forEach(it -> others.add(it.id()));
    others.remove(rule.id());
    List<String> changes = new ArrayList<>();
    for (Change change : made) {
      changes.add(change.description());
    }
    return new SmallestBreaker(changes, others);
  }

  private static @Nullable SmallestBreaker better(
      @Nullable SmallestBreaker one, @Nullable SmallestBreaker other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    int order = Integer.compare(other.others.size(), one.others.size());
    return order < 0 || (order == 0 && other.others.toString().compareTo(one.others.toString()) < 0)
        ? other
        : one;
  }

  private static List<Scenario> valid() {
    Random random = new Random(26);
    List<Scenario> scenarios = new ArrayList<>();
    for (int i = 0; i < 1500; i++) {
      scenarios.add(ValidVmcs.scenario(random));
    }
    return scenarios;
  }
}
