package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.literal.LiteralReading;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A valid VM entry, every small change to it, and the sections that the literal reading says each
 * change breaks.
 *
 * @param scenario the valid VM entry
 * @param ofFields the changes of a bit of a field, by field
 * @param ofSurroundings the changes of anything else
 */
record JudgedChanges(
    Scenario scenario, Map<VmcsField, List<Judged>> ofFields, List<Judged> ofSurroundings) {

  /** A change, and the sections that it breaks. */
  record Judged(Change change, Set<EntrySection> breaks) {}

  /** The changes of a bit of that field. */
  List<Judged> of(VmcsField field) {
    return ofFields.getOrDefault(field, List.of());
  }

  static List<JudgedChanges> of(List<Scenario> valid) {
    List<JudgedChanges> all = new ArrayList<>();
    for (Scenario scenario : valid) {
      Map<VmcsField, List<Judged>> ofFields = new EnumMap<>(VmcsField.class);
      for (VmcsField field : VmcsField.values()) {
        ofFields.put(
            field,
            judge(scenario, Change.of(Set.of(field), EnumSet.noneOf(EntryInput.class), scenario)));
      }
      Set<EntryInput> inputs = EnumSet.allOf(EntryInput.class);
      all.add(
          new JudgedChanges(
              scenario, ofFields, judge(scenario, Change.of(Set.of(), inputs, scenario))));
    }
    return all;
  }

  private static List<Judged> judge(Scenario scenario, List<Change> changes) {
    List<Judged> judged = new ArrayList<>();
    for (Change change : changes) {
      change.make();
      judged.add(new Judged(change, LiteralReading.brokenSections(scenario.context())));
      change.make();
    }
    return judged;
  }

  /** Valid VM entries, always the same. */
  static List<Scenario> valid(int count) {
    Random random = new Random(5);
    List<Scenario> scenarios = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      scenarios.add(ValidVmcs.scenario(random));
    }
    return scenarios;
  }

  /** VM entries with a few random changes each, always the same. */
  static List<Scenario> mutated(int count) {
    Random random = new Random(6);
    List<Scenario> scenarios = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      scenarios.add(Mutation.mutated(random));
    }
    return scenarios;
  }
}
