package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.rules.CpuFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** What a processor's VMX capability MSRs allow, for people. */
public final class CapabilityText {

  private final VmxCapabilities capabilities;
  private final StringBuilder text = new StringBuilder();

  private CapabilityText(VmxCapabilities capabilities) {
    this.capabilities = capabilities;
  }

  /** Every control with its allowed settings, the fixed bits of CR0 and CR4, and the rest. */
  public static String of(String cpu, VmxCapabilities capabilities, CpuFacts facts) {
    CapabilityText report = new CapabilityText(capabilities);
    report.line("%s", cpu);
    report.line(
        "  VMCS revision %xH, region of %d bytes; %d physical-address bits, %d linear-address bits",
        capabilities.revisionId(),
        capabilities.regionSize(),
        facts.physicalAddressBits(),
        facts.linearAddressBits());
    report.registers();
    report.misc();
    report.eptAndVpid();
    for (ControlWord word : ControlWord.values()) {
      report.controls(word);
    }
    return report.text.toString();
  }

  private void registers() {
    register("CR0", VmcsField.GUEST_CR0, capabilities.cr0Fixed1(), capabilities.cr0MayBe1());
    register("CR4", VmcsField.GUEST_CR4, capabilities.cr4Fixed1(), capabilities.cr4MayBe1());
  }

  private void register(String name, VmcsField field, long mustBe1, long mayBe1) {
    line("  %s must have 1 in %s", name, FieldDecoder.decode(field, mustBe1));
    BitLayout layout = FieldDecoder.layout(field, 0);
    long named = 0;
    for (BitLayout.Part part : layout == null ? List.<BitLayout.Part>of() : layout.parts()) {
      named |= part.mask();
    }
    String mustBe0 = FieldDecoder.decode(field, named & ~mayBe1);
    line("  %s must have 0 in %s", name, mustBe0.isEmpty() ? "no named bit" : mustBe0);
  }

  private void misc() {
    List<String> states = new ArrayList<>();
    String[] names = {"active", "HLT", "shutdown", "wait-for-SIPI"};
    for (int state = 0; state < names.length; state++) {
      if (capabilities.supportsActivityState(state)) {
        states.add(names[state]);
      }
    }
    line("  activity states: %s", String.join(", ", states));
    line(
        "  CR3 targets: %d; preemption timer: TSC / %d; MSR lists: up to %d entries",
        capabilities.cr3TargetCount(),
        1L << capabilities.preemptionTimerRate(),
        capabilities.recommendedMsrListSize());
  }

  private void eptAndVpid() {
    List<String> names = new ArrayList<>();
    for (EptVpidCapability capability : EptVpidCapability.values()) {
      if (capabilities.supports(capability)) {
        names.add(capability.name().toLowerCase(Locale.ROOT).replace('_', ' '));
      }
    }
    line("  EPT and VPID: %s", names.isEmpty() ? "none" : String.join(", ", names));
  }

  private void controls(ControlWord word) {
    line("  %s", word.field());
    group(word, "must be 1", control -> !capabilities.mayBeZero(control));
    group(word, "may be 1", capabilities::supports);
    group(word, "must be 0", control -> !capabilities.mayBeOne(control));
  }

  private void group(ControlWord word, String title, Predicate<Control> belongs) {
    List<String> names = new ArrayList<>();
    for (Control control : word.controls()) {
      boolean free = capabilities.mayBeZero(control) && capabilities.mayBeOne(control);
      if (belongs.test(control) && (free || !title.startsWith("may"))) {
        names.add(control.name());
      }
    }
    if (!names.isEmpty()) {
      line("    %s: %s", title, String.join(", ", names));
    }
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  private void line(String format, Object... arguments) {
    text.append(format.formatted(arguments)).append('\n');
  }
}
