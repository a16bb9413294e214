package io.vmxsim.vmcs.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.literal.LiteralReading;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class EntryRulesTest {

  @Provide
  Arbitrary<Scenario> valid() {
    return ValidVmcs.scenarios();
  }

  @Provide
  Arbitrary<Scenario> mutated() {
    return Arbitraries.randomValue(Mutation::mutated);
  }

  @Property(tries = 4000)
  void aValidVmcsBreaksNoRule(@ForAll("valid") Scenario scenario) {
    assertEquals(List.of(), EntryRules.broken(scenario.context()));
  }

  @Property(tries = 2000)
  void aValidVmcsBreaksNoSectionOfTheLiteralReading(@ForAll("valid") Scenario scenario) {
    assertEquals(Set.of(), LiteralReading.brokenSections(scenario.context()));
  }

  @Property(tries = 20000)
  void theLiteralReadingBreaksTheSameSections(@ForAll("mutated") Scenario scenario) {
    EntryContext context = scenario.context();
    Set<EntrySection> sections = EnumSet.noneOf(EntrySection.class);
    EntryRules.broken(context).forEach(rule -> sections.add(rule.section()));
    sections.remove(EntrySection.BASIC); // no business of the literal reading
    assertEquals(
        LiteralReading.brokenSections(context),
        sections,
        () -> EntryRules.broken(context).toString());
  }

  @Property(tries = 1000)
  void aRuleReadsNothingItDoesNotDeclare(@ForAll("mutated") Scenario scenario, @ForAll long seed) {
    EntryContext all = scenario.context();
    Random random = new Random(seed);
    for (EntryRule rule : EntryRules.list()) {
      EntryContext declared =
          new EntryContext(
                  scenario.cpu().capabilities(),
                  scenario.cpu().cpuFacts(),
                  new OnlyThese(scenario.machine(), rule.inputs()),
                  scenario.vmcs())
              .about(otherBitsChanged(scenario, rule, random), rule.fields());
      assertEquals(rule.verdict(all), rule.verdict(declared), rule::id);
    }
  }

  private static Vmcs otherBitsChanged(Scenario scenario, EntryRule rule, Random random) {
    Scenario other = scenario.copy();
    for (VmcsField field : rule.fields()) {
      other.set(field, scenario.get(field) ^ (random.nextLong() & ~rule.bits(field)));
    }
    return other.vmcs();
  }

  @Property(tries = 500)
  void whatIsNotKnownBreaksNoRule(@ForAll("mutated") Scenario scenario, @ForAll long seed) {
    Set<VmcsField> known = EnumSet.noneOf(VmcsField.class);
    Random random = new Random(seed);
    for (VmcsField field : VmcsField.values()) {
      if (random.nextBoolean()) {
        known.add(field);
      }
    }
    EntryContext partial =
        new EntryContext(
                scenario.cpu().capabilities(),
                scenario.cpu().cpuFacts(),
                EntryEnvironment.UNKNOWN,
                scenario.vmcs())
            .about(scenario.vmcs(), known);
    List<EntryRule> broken = EntryRules.broken(scenario.context());
    assertTrue(
        broken.containsAll(EntryRules.broken(partial)), () -> EntryRules.broken(partial) + "");
  }

  @Property(tries = 500)
  void theQualificationOfMsrLoadingIsTheFirstEntryRefused(@ForAll("valid") Scenario scenario) {
    long address = scenario.get(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS);
    long count = scenario.get(VmcsField.VM_ENTRY_MSR_LOAD_COUNT);
    for (long entry = count; entry >= 1; entry--) {
      scenario.machine().memory.put(address + 16 * (entry - 1), 0xC000_0100L);
      assertEquals(entry, MsrLoadRules.firstRefusedEntry(scenario.context()));
    }
  }
}
