package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.doctor.VmcsDump.Form;
import io.vmxsim.vmcs.rules.CpuFacts;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntryEnvironment;
import io.vmxsim.vmcs.rules.EntryFailure;
import io.vmxsim.vmcs.rules.EntryRule;
import io.vmxsim.vmcs.rules.EntryRules;
import io.vmxsim.vmcs.rules.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a VMCS: the rules of VM entry it breaks on a processor, the likely cause
 * first.
 *
 * <p>Where hardware reported a failure, rules that make it report that come first, then those of
 * the other kinds; consequences come after causes, and else the order is the SDM's. Hardware checks
 * controls and host state before guest state: a broken rule of a kind that hardware has passed says
 * that it was another processor, and is told apart.
 *
 * @param dump what was read
 * @param cpu the processor's name
 * @param findings the broken rules that may be the cause
 * @param contradicted broken rules that hardware found to hold
 * @param unknown rules that nothing can be said of, as something they read is not known
 * @param passed how many rules hold or do not apply
 */
public record Diagnosis(
    VmcsDump dump,
    String cpu,
    List<Finding> findings,
    List<Finding> contradicted,
    List<EntryRule> unknown,
    int passed) {

  /** Asks every rule about {@code dump}, for a processor. */
  public static Diagnosis of(
      VmcsDump dump, String cpu, VmxCapabilities capabilities, CpuFacts facts) {
    Vmcs vmcs = dump.vmcs().copy();
    EntryEnvironment surroundings = new LoggedSurroundings(dump);
    EntryContext context =
        new EntryContext(capabilities, facts, surroundings, vmcs).about(vmcs, dump.known());
    return new Examination(dump, cpu, context, vmcs).diagnosis();
  }

  /**
   * Asks every rule about a VM entry that a processor refused.
   *
   * @param source where that was
   * @param cpu the processor's name
   * @param vmcs the current VMCS
   * @param broken the rule whose failure the processor reports
   * @param context what the entry was checked against
   */
  public static Diagnosis ofEntry(
      String source, String cpu, Vmcs vmcs, EntryRule broken, EntryContext context) {
    Vmcs copy = vmcs.copy();
    Set<VmcsField> known = EnumSet.allOf(VmcsField.class);
    Reported reported = Reported.of(broken.failure(), broken.qualification());
    VmcsDump dump =
        new VmcsDump(
            source, 0, Form.PROCESSOR, "", copy, known, reported, List.of(), List.of(), Set.of());
    EntryContext asked =
        new EntryContext(context.capabilities(), context.cpu(), context.environment(), copy);
    return new Examination(dump, cpu, asked.about(copy, known), copy).diagnosis();
  }

  /** Whether hardware, by what it reported, did not look at the rule or was content with it. */
  public boolean isInReportedClass(EntryRule rule) {
    EntryFailure failure = dump.reported() == null ? null : dump.reported().failure();
    return failure == null || failure == rule.failure();
  }

  /** The rules of a kind that hardware reported and that nothing can be said of. */
  public List<EntryRule> suspects() {
    return dump.reported() == null
        ? List.of()
        : unknown.stream().filter(this::isInReportedClass).toList();
  }

  /** The examination of one dump. */
  private record Examination(VmcsDump dump, String cpu, EntryContext context, Vmcs vmcs) {

    Diagnosis diagnosis() {
      List<EntryRule> broken = new ArrayList<>();
      List<EntryRule> unknown = new ArrayList<>();
      int passed = 0;
      for (EntryRules.Finding finding : EntryRules.all(context)) {
        switch (finding.verdict()) {
          case BROKEN -> broken.add(finding.rule());
          case UNKNOWN -> unknown.add(finding.rule());
          case HOLDS, NOT_APPLICABLE -> passed++;
        }
      }
      Set<String> consequences = new TreeSet<>();
      broken.forEach(rule -> consequences.addAll(rule.fallsWith().keySet()));
      broken.sort(
          Comparator.comparingInt((EntryRule rule) -> agreement(rule))
              .thenComparing(rule -> consequences.contains(rule.id())));
      List<Finding> findings = new ArrayList<>();
      List<Finding> contradicted = new ArrayList<>();
      for (EntryRule rule : broken) {
        (isPassed(rule) ? contradicted : findings).add(finding(rule));
      }
      return new Diagnosis(dump, cpu, findings, contradicted, unknown, passed);
    }

    /** 0: hardware reports this; 1: this failure with another qualification; 2: another. */
    private int agreement(EntryRule rule) {
      Reported reported = dump.reported();
      if (reported == null || reported.failure() == null) {
        return 0;
      }
      if (reported.failure() != rule.failure()) {
        return 2;
      }
      Long qualification = reported.qualification();
      boolean same = qualification == null || qualification == rule.qualification();
      return same || rule.failure() == EntryFailure.MSR_LOADING ? 0 : 1;
    }

    /** Whether hardware got past the check. Controls and host state have no order of their own. */
    private boolean isPassed(EntryRule rule) {
      EntryFailure failure = dump.reported() == null ? null : dump.reported().failure();
      return failure != null && stage(rule.failure()) < stage(failure);
    }

    private static int stage(EntryFailure failure) {
      return switch (failure) {
        case VM_FAIL_INVALID, MOV_SS_BLOCKING, NON_CLEAR_VMCS, NON_LAUNCHED_VMCS -> 0;
        case CONTROLS, HOST_STATE -> 1;
        case GUEST_STATE -> 2;
        case MSR_LOADING -> 3;
      };
    }

    private Finding finding(EntryRule rule) {
      List<Finding.Reading> reads = new ArrayList<>();
      for (VmcsField field : rule.fields()) {
        if (dump.known().contains(field)) {
          reads.add(new Finding.Reading(field, vmcs.get(field), decidingBits(rule, field)));
        }
      }
      Reported would = Reported.of(rule.failure(), rule.qualification());
      List<Remedy> remedies = new SmallestChange(context, vmcs, dump.known()).of(rule);
      boolean agrees = dump.reported() != null && agreement(rule) == 0;
      return new Finding(rule, reads, would, remedies, agrees);
    }

    /** The bits whose change alone mends the rule. */
    private long decidingBits(EntryRule rule, VmcsField field) {
      long value = vmcs.get(field);
      long bits = 0;
      for (int bit = 0; bit < field.width().bits(); bit++) {
        vmcs.set(field, value ^ 1L << bit);
        Verdict verdict = rule.verdict(context);
        bits |= verdict == Verdict.HOLDS || verdict == Verdict.NOT_APPLICABLE ? 1L << bit : 0;
      }
      vmcs.set(field, value);
      return bits;
    }
  }

  /** The rule's place in the list of findings, from 1; 0 if it is none of them. */
  public int rank(String ruleId) {
    for (int i = 0; i < findings.size(); i++) {
      if (findings.get(i).rule().id().equals(ruleId)) {
        return i + 1;
      }
    }
    return 0;
  }

  /** The first finding; null if there is none. */
  public @Nullable Finding first() {
    return findings.isEmpty() ? null : findings.get(0);
  }
}
