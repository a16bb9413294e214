package io.vmxsim.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntrySection;
import io.vmxsim.vmcs.rules.literal.LiteralReading;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The guest that enters randomly changed VMCSs says of each what the second, literal reading of the
 * SDM predicts. All of its lines but those that docs/vmcs-mutations.md lists are equal on Bochs.
 */
class VmcsMutationsTest {
  private static final long RAM = 16 << 20;
  private static final int PER_GUEST = 80;

  private final StringBuilder printed = new StringBuilder();
  private final List<Vmcs> launched = new ArrayList<>();
  private @Nullable EntryContext context;

  @Test
  void eachEntryFailsAsTheLiteralReadingPredicts() {
    run();
    List<String> lines = printed.toString().lines().toList();
    assertEquals(4 * PER_GUEST + 1, lines.size(), printed.toString());
    assertEquals(4 * PER_GUEST, launched.size());
    EntryContext surroundings = context;
    assertNotNull(surroundings);
    Set<String> outcomes = new TreeSet<>();
    for (int i = 0; i < launched.size(); i++) {
      Set<EntrySection> broken = LiteralReading.brokenSections(surroundings.about(launched.get(i)));
      String outcome = lines.get(i).replaceFirst(".* (?=error|reason)", "");
      outcomes.add(outcome);
      assertTrue(predicted(broken).contains(outcome), lines.get(i) + ", but broken is " + broken);
    }
    assertTrue(outcomes.size() >= 5, outcomes.toString());
  }

  private void run() {
    Machine machine =
        new Machine(
            CpuProfile.of(
                "../validation/src/main/resources/io/vmxsim/validation/peers/bochs-skylake-x.profile"),
            RAM,
            1,
            sent -> printed.append((char) sent));
    machine
        .processor(0)
        .transitions()
        .setEntryFailureObserver((processor, vmcs, rule, checked) -> context = checked);
    machine.observe(
        0,
        (processor, instruction) -> {
          if (instruction.op == Op.VMLAUNCH) {
            launched.add(current(processor));
          }
        });
    Guest guest = GuestCatalog.find("vmcs-mutations").orElseThrow();
    String commandLine = "count=" + PER_GUEST;
    ImageLoader.load(new BootRequest(guest.name(), guest.image(), commandLine, List.of()), machine);
    machine.run(Long.MAX_VALUE);
  }

  private static Vmcs current(Processor processor) {
    Vmcs copy = new Vmcs(processor.profile().vmxCapabilities().revisionId());
    for (VmcsField field : VmcsField.values()) {
      if (field.existsOn(processor.profile().vmxCapabilities())) {
        processor.vmx().vmread(field.encoding());
        copy.set(field, processor.vmx().value());
      }
    }
    return copy;
  }

  /**
   * What the SDM leaves open is the order of checks on controls and host state, and among checks on
   * guest state, of which some have a qualification of their own (26.2, 26.7).
   */
  private static Set<String> predicted(Set<EntrySection> broken) {
    Set<String> outcomes = new TreeSet<>();
    for (EntrySection section : broken) {
      switch (section.failure()) {
        case CONTROLS -> outcomes.add("error 7");
        case HOST_STATE -> outcomes.add("error 8");
        default -> {}
      }
    }
    if (!outcomes.isEmpty()) {
      return outcomes;
    }
    for (EntrySection section : broken) {
      switch (section) {
        case GUEST_NON_REGISTER_STATE -> outcomes.addAll(refused(0, 3, 4));
        case GUEST_PDPTES -> outcomes.addAll(refused(2));
        case MSR_LOADING -> {}
        default -> outcomes.addAll(refused(0));
      }
    }
    return outcomes.isEmpty() ? Set.of("reason 80000022 qualification 1") : outcomes;
  }

  private static List<String> refused(int... qualifications) {
    List<String> outcomes = new ArrayList<>();
    for (int qualification : qualifications) {
      outcomes.add("reason 80000021 qualification " + qualification);
    }
    return outcomes;
  }
}
