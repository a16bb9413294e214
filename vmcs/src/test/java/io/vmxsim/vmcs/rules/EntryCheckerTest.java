package io.vmxsim.vmcs.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.vmcs.Vmcs;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

class EntryCheckerTest {

  @Provide
  Arbitrary<Long> seeds() {
    return Arbitraries.longs();
  }

  @Property(tries = 500)
  void rememberingTheLastGoodEntryChangesNoAnswer(@ForAll("seeds") long seed) {
    Random random = new Random(seed);
    Scenario scenario = ValidVmcs.scenario(random);
    EntryChecker checker = new EntryChecker(scenario.context());
    Vmcs good = scenario.vmcs().copy();
    for (int i = 0; i < 40; i++) {
      assertEquals(firstOfAll(scenario), checker.firstBroken(scenario.vmcs()));
      if (random.nextInt(3) == 0) {
        scenario.vmcs().copyFrom(good);
      }
      Mutation.change(random, scenario);
    }
  }

  @Property(tries = 200)
  void anotherVmcsOfTheSameProcessorIsCheckedAfresh(@ForAll("seeds") long seed) {
    Random random = new Random(seed);
    Scenario scenario = ValidVmcs.scenario(random);
    EntryChecker checker = new EntryChecker(scenario.context());
    checker.firstBroken(scenario.vmcs());
    Vmcs other = Mutation.mutated(random).vmcs();
    Scenario second = new Scenario(scenario.cpu(), scenario.machine(), other);
    assertEquals(firstOfAll(second), checker.firstBroken(other));
  }

  private static @Nullable EntryRule firstOfAll(Scenario scenario) {
    return EntryRules.broken(scenario.context()).stream()
        .filter(rule -> rule.section() != EntrySection.BASIC)
        .filter(rule -> rule.section() != EntrySection.MSR_LOADING)
        .findFirst()
        .orElse(null);
  }
}
