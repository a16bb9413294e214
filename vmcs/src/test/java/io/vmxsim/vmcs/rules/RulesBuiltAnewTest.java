package io.vmxsim.vmcs.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.literal.LiteralReading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The rules, written down anew for each test, against the literal reading. Mutation testing changes
 * the code that writes them down while the JVM runs, which {@link EntryRules#list()}, written down
 * once, would not show. What the literal reading says is worked out once in a JVM.
 */
class RulesBuiltAnewTest {

  private static final List<Scenario> VALID = JudgedChanges.valid(1000);
  private static final List<JudgedChanges> BIT_BY_BIT = JudgedChanges.of(VALID.subList(0, 40));
  private static final List<Scenario> MUTATED = JudgedChanges.mutated(6000);
  private static final List<Set<EntrySection>> MUTATED_BREAK =
      MUTATED.stream().map(scenario -> LiteralReading.brokenSections(scenario.context())).toList();

  private static final int[] VECTORS = {0, 1, 2, 3, 6, 8, 13, 14, 17, 18, 21, 30, 31, 32, 255};

  private final List<EntryRule> rules =
      EntryRules.inTextOrder().stream()
          .filter(rule -> rule.section() != EntrySection.BASIC) // not in the literal reading
          .toList();

  @Test
  void aValidVmcsBreaksNoRule() {
    for (Scenario scenario : VALID) {
      assertEquals(Set.of(), broken(rules, scenario));
    }
  }

  @Test
  void aBitOfAFieldBreaksTheSectionsOfTheLiteralReading() {
    for (VmcsField field : VmcsField.values()) {
      List<EntryRule> readers = rules.stream().filter(rule -> rule.bits(field) != 0).toList();
      for (JudgedChanges judged : BIT_BY_BIT) {
        compare(readers, judged.scenario(), judged.of(field));
      }
    }
  }

  @Test
  void aChangeAroundTheVmcsBreaksTheSectionsOfTheLiteralReading() {
    List<EntryRule> askers = rules.stream().filter(rule -> !rule.inputs().isEmpty()).toList();
    for (JudgedChanges judged : BIT_BY_BIT) {
      compare(askers, judged.scenario(), judged.ofSurroundings());
    }
  }

  @Test
  void someRandomChangesBreakTheSectionsOfTheLiteralReading() {
    for (int i = 0; i < MUTATED.size(); i++) {
      assertEquals(MUTATED_BREAK.get(i), broken(rules, MUTATED.get(i)));
    }
  }

  @Test
  void thereAreAsManyAsTheDocumentSays() throws IOException {
    String counts = EntryRules.inTextOrder().size() + " rules,";
    String document = Files.readString(Path.of("../docs/testing.md"));
    assertTrue(document.contains(counts), counts);
  }

  @Test
  void everyRuleHasABreakerThatBreaksWhatTheRowSays() {
    List<EntryRule> all = EntryRules.inTextOrder();
    for (EntryRule rule : all) {
      SmallestBreaker breaker = SmallestBreaker.of(rule, all);
      assertNotNull(breaker, rule::id);
      assertEquals(new TreeSet<>(rule.fallsWith().keySet()), breaker.others(), breaker::toString);
    }
  }

  /** Every kind of event in every activity state, with and without an error code. */
  @Test
  void eventsAreJudgedAsTheLiteralReadingJudgesThem() {
    List<Scenario> some = new ArrayList<>(VALID.subList(0, 10));
    VALID.stream().filter(RulesBuiltAnewTest::mayHalt).limit(10).forEach(some::add);
    for (Scenario scenario : some) {
      Scenario changed = scenario.copy();
      for (int activity = 0; activity < 5; activity++) {
        changed.set(VmcsField.GUEST_ACTIVITY_STATE, activity);
        for (int event = 0; event < 16 * VECTORS.length; event++) {
          long information = 1L << 31 | (long) (event % 16) << 8 | VECTORS[event / 16];
          changed.set(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, information);
          assertEquals(
              LiteralReading.brokenSections(changed.context()),
              broken(rules, changed),
              () -> changed + " " + Long.toHexString(information));
        }
      }
    }
  }

  /** Whether the guest could be in HLT, were it not for an event. */
  private static boolean mayHalt(Scenario scenario) {
    Scenario halted = scenario.copy();
    halted.set(VmcsField.GUEST_ACTIVITY_STATE, 1);
    halted.set(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0);
    return LiteralReading.brokenSections(halted.context()).isEmpty();
  }

  /** What looks at a context by all rules agrees with what each rule says. */
  @Test
  void brokenRulesAreThoseWhoseVerdictIsBroken() {
    for (Scenario scenario : MUTATED.subList(0, 200)) {
      EntryContext context = scenario.context();
      List<EntryRule> broken =
          EntryRules.all(context).stream()
              .filter(finding -> finding.verdict() == Verdict.BROKEN)
              .map(EntryRules.Finding::rule)
              .toList();
      assertEquals(broken, EntryRules.broken(context));
      assertEquals(broken.isEmpty() ? null : broken.get(0), EntryRules.firstBroken(context));
      broken.forEach(rule -> assertEquals(rule, EntryRules.named(rule.id())));
    }
    assertEquals(EntryRules.inTextOrder().size(), EntryRules.list().size());
  }

  /** SDM 26.1, steps 3 to 5: what makes VMLAUNCH and VMRESUME fail before any other check. */
  @ParameterizedTest
  @CsvSource({
    // current VMCS, shadow, blocking by MOV SS, VMLAUNCH, launched; the failure, or none
    "true,  false, false, true,  false, ",
    "true,  false, false, false, true,  ",
    "false, false, false, true,  false, VM_FAIL_INVALID",
    "true,  true,  false, true,  false, VM_FAIL_INVALID",
    "true,  false, true,  true,  false, MOV_SS_BLOCKING",
    "true,  false, true,  false, true,  MOV_SS_BLOCKING",
    "true,  false, false, true,  true,  NON_CLEAR_VMCS",
    "true,  false, false, false, false, NON_LAUNCHED_VMCS",
  })
  void basicChecks(
      boolean current,
      boolean shadow,
      boolean movSs,
      boolean launch,
      boolean launched,
      @Nullable EntryFailure failure) {
    Scenario scenario = VALID.get(0).copy();
    scenario.machine().currentVmcs = current ? 0x1000 : -1;
    scenario.machine().movSs = movSs;
    scenario.machine().launch = launch;
    scenario.vmcs().setShadow(shadow);
    scenario.vmcs().setLaunched(launched);
    List<EntryFailure> failures =
        BasicRules.rules().stream()
            .filter(rule -> rule.isBroken(scenario.context()))
            .map(EntryRule::failure)
            .toList();
    assertEquals(failure == null ? List.of() : List.of(failure), failures);
  }

  /** What VMFUNC, INVEPT and the like ask of an EPTP is what VM entry asks of the field. */
  @Test
  void everyBitOfAnEptpIsJudgedAlikeByItself() {
    for (JudgedChanges judged : BIT_BY_BIT) {
      Scenario scenario = judged.scenario();
      if (!scenario.on(SecondaryControl.ENABLE_EPT)) {
        continue;
      }
      long eptp = scenario.get(VmcsField.EPT_POINTER);
      assertTrue(EptPointerRules.accept(scenario.context(), eptp));
      int bit = 0;
      for (JudgedChanges.Judged ofBit : judged.of(VmcsField.EPT_POINTER)) {
        boolean accepted = EptPointerRules.accept(scenario.context(), eptp ^ 1L << bit);
        if (!scenario.on(SecondaryControl.ENABLE_PML)) { // which needs a flag of the EPTP
          assertEquals(ofBit.breaks().isEmpty(), accepted, ofBit.change()::description);
        }
        bit++;
      }
    }
  }

  /** SDM 26.4 “Loading MSRs”. */
  @ParameterizedTest
  @CsvSource({
    "C0000080, false, true",
    "C0000100, false, false", // IA32_FS_BASE
    "C0000101, false, false", // IA32_GS_BASE
    "C0000102, false, true",
    "7FF,      false, true",
    "800,      false, false", // the local APIC in x2APIC mode
    "8FF,      false, false",
    "900,      false, true",
    "9B,       false, false", // IA32_SMM_MONITOR_CTL
    "9B,       true,  true",
    "1000000C0000080, false, false", // bits 63:32 are reserved
  })
  void msrsThatVmEntryLoads(String low, boolean inSmm, boolean loadable) {
    assertEquals(loadable, MsrLoadRules.isLoadable(Long.parseUnsignedLong(low, 16), inSmm));
  }

  @Test
  void theFirstEntryRefusedIsTheQualification() {
    for (Scenario valid : VALID.subList(0, 100)) {
      Scenario scenario = valid.copy();
      assertEquals(0, MsrLoadRules.firstRefusedEntry(scenario.context()));
      long address = scenario.get(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS);
      long[] refused = {0xC000_0100L, 1L << 40, FakeMachine.REFUSED_MSR};
      for (long entry = scenario.get(VmcsField.VM_ENTRY_MSR_LOAD_COUNT); entry >= 1; entry--) {
        scenario.machine().memory.put(address + 16 * (entry - 1), refused[(int) entry % 3]);
        assertEquals(entry, MsrLoadRules.firstRefusedEntry(scenario.context()));
      }
    }
  }

  private static void compare(
      List<EntryRule> rules, Scenario scenario, List<JudgedChanges.Judged> changes) {
    for (JudgedChanges.Judged judged : changes) {
      judged.change().make();
      try {
        assertEquals(judged.breaks(), broken(rules, scenario), judged.change()::description);
      } finally {
        judged.change().make();
      }
    }
  }

  private static Set<EntrySection> broken(List<EntryRule> rules, Scenario scenario) {
    EntryContext context = scenario.context();
    Set<EntrySection> sections = EnumSet.noneOf(EntrySection.class);
    for (EntryRule rule : rules) {
      if (rule.isBroken(context)) {
        sections.add(rule.section());
      }
    }
    return sections;
  }
}
