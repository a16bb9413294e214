package io.vmxsim.vmcs.rules;

import java.util.ArrayList;
import java.util.List;

/** The rules of one section, in the order they are written down. */
final class RuleList {

  private final EntrySection section;
  private final List<EntryRule> rules = new ArrayList<>();

  RuleList(EntrySection section) {
    this.section = section;
  }

  /**
   * Begins a rule.
   *
   * @param id lower-case words separated by hyphens
   * @param requirement the SDM's requirement in one sentence
   */
  EntryRule.Draft rule(String id, String requirement) {
    return new EntryRule.Draft(this, section, id, requirement);
  }

  void add(EntryRule rule) {
    rules.add(rule);
  }

  List<EntryRule> rules() {
    return List.copyOf(rules);
  }
}
