package io.vmxsim.vmcs.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class BreakerTest {

  @TestFactory
  Stream<DynamicTest> everyRuleHasABreakerThatBreaksWhatTheRowSays() {
    return EntryRules.list().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.id(), () -> breaks(rule)));
  }

  private static void breaks(EntryRule rule) {
    SmallestBreaker breaker = SmallestBreaker.of(rule, EntryRules.list());
    assertNotNull(breaker, () -> "nothing breaks " + rule);
    assertEquals(new TreeSet<>(rule.fallsWith().keySet()), breaker.others(), breaker::toString);
  }

  @Test
  void everySectionHasRules() {
    Set<EntrySection> sections = EnumSet.noneOf(EntrySection.class);
    EntryRules.list().forEach(rule -> sections.add(rule.section()));
    assertEquals(EnumSet.allOf(EntrySection.class), sections);
  }

  @Test
  void theDocumentSaysHowManyThereAre() throws IOException {
    int rules = EntryRules.list().size();
    String counts =
        String.format(
            "%d rules, %d breakers, %d sections", rules, rules, EntrySection.values().length);
    String document = Files.readString(Path.of("../docs/testing.md"));
    assertTrue(document.contains(counts), counts);
  }

  @Test
  void rulesStandInTheOrderOfTheSections() {
    EntrySection last = EntrySection.BASIC;
    for (EntryRule rule : EntryRules.list()) {
      assertEquals(true, last.compareTo(rule.section()) <= 0, rule::id);
      last = rule.section();
    }
  }

  @Test
  void fallingRulesExist() {
    for (EntryRule rule : EntryRules.list()) {
      rule.fallsWith().keySet().forEach(id -> assertNotNull(EntryRules.named(id), id));
    }
  }
}
