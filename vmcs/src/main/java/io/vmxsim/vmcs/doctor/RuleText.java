package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryInput;
import io.vmxsim.vmcs.rules.EntryRule;
import io.vmxsim.vmcs.rules.EntryRules;
import java.util.List;

/** An entry rule for people. */
public final class RuleText {

  private static final int NEAR = 12;

  private RuleText() {}

  /**
   * What the rule with this id requires, where the SDM says so, what it reads and how a VM entry
   * that breaks it fails.
   *
   * @throws InputException if there is no such rule, naming some whose ids or fields hold the text
   */
  public static String of(String id) {
    EntryRule rule = EntryRules.named(id);
    if (rule == null) {
      throw new InputException("--explain " + id, "", "expected the id of a rule" + near(id));
    }
    StringBuilder text = new StringBuilder();
    text.append(rule.id()).append('\n');
    text.append("  ").append(rule.requirement()).append('\n');
    text.append("  ").append(rule.source()).append('\n');
    Reported reported = Reported.of(rule.failure(), rule.qualification());
    text.append("  broken first, it makes hardware report ").append(reported.words()).append('\n');
    for (VmcsField field : rule.fields()) {
      text.append("  reads %s (%04xH)%n".formatted(field, field.encoding()));
    }
    for (EntryInput input : rule.inputs()) {
      text.append("  reads ").append(input.description()).append('\n');
    }
    rule.fallsWith()
        .forEach((other, why) -> text.append("  also breaks %s: %s%n".formatted(other, why)));
    return text.toString();
  }

  private static String near(String id) {
    List<String> near =
        EntryRules.list().stream()
            .filter(rule -> rule.id().contains(id) || reads(rule, id))
            .map(EntryRule::id)
            .limit(NEAR)
            .toList();
    return near.isEmpty()
        ? "; “fields NAME” lists the rules that read a field"
        : ", such as " + String.join(", ", near);
  }

  private static boolean reads(EntryRule rule, String name) {
    return rule.fields().stream().anyMatch(field -> field.name().equalsIgnoreCase(name));
  }
}
