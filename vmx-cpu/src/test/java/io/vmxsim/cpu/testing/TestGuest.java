package io.vmxsim.cpu.testing;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A processor in VMX root operation whose current VMCS describes a guest that is ready to be
 * entered. Everything goes through the VMX instructions, as a hypervisor's own code does.
 *
 * <p>The first 8 MBytes are mapped to themselves, for the guest and for the host. The guest begins
 * in 64-bit mode at {@link #CODE}; there is free memory at {@link #DATA}, and its stack grows down
 * from {@link #STACK}.
 */
public final class TestGuest {
  public static final long CODE = 0x10_0000;
  public static final long DATA = 0x20_0000;
  public static final long STACK = 0x30_0000;

  private static final long VMXON_REGION = 0x1000;
  private static final long VMCS_REGION = 0x2000;
  private static final long PML4 = 0x8000;
  private static final long BUDGET = 1_000_000;

  private final CpuProfile profile;
  private final Processor processor;
  private boolean launched;

  private TestGuest(String cpu) {
    profile = CpuProfile.named(cpu);
    PhysicalMemory memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
    processor = new Processor(profile, memory);
    Executor.on(processor);
    memory.write64(PML4, PML4 + 0x1000 | 7);
    memory.write64(PML4 + 0x1000, PML4 + 0x2000 | 7);
    for (int i = 0; i < 4; i++) {
      memory.write64(PML4 + 0x2000 + 8L * i, (long) i << 21 | 0x87);
    }
    processor.state().startIn64BitMode(PML4);
    memory.write32(VMXON_REGION, profile.vmxCapabilities().revisionId());
    memory.write32(VMCS_REGION, profile.vmxCapabilities().revisionId());
    require(processor.vmx().vmxon(VMXON_REGION));
    require(processor.vmx().vmclear(VMCS_REGION));
    require(processor.vmx().vmptrld(VMCS_REGION));
  }

  /**
   * A guest on a processor of that profile ({@code "skylake-sp"}), in 64-bit mode at CPL 0.
   *
   * @throws io.vmxsim.vmcs.InputException if there is no such profile
   */
  public static TestGuest on(String cpu) {
    TestGuest guest = new TestGuest(cpu);
    HealthyVmcs.fill(guest);
    return guest;
  }

  /** The guest with these bytes (hexadecimal, blanks between as you like) at {@link #CODE}. */
  public TestGuest running(String hex) {
    byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
    processor.memory().writeBytes(CODE, code, 0, code.length);
    return this;
  }

  /** The guest with {@code value} in a field, which VMWRITE must accept. */
  public TestGuest with(VmcsField field, long value) {
    require(processor.vmx().vmwrite(field.encoding(), value));
    return this;
  }

  /** The guest with a control at 1, and the control that activates its word. */
  public TestGuest with(Control control) {
    Control activating = control.word().activatedBy();
    if (activating != null) {
      with(activating);
    }
    VmcsField field = control.word().field();
    return with(field, get(field) | control.mask());
  }

  /** The guest with a VMX-preemption timer that has run out when it is entered. */
  public TestGuest leavingAtOnce() {
    return with(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER)
        .with(VmcsField.VMX_PREEMPTION_TIMER_VALUE, 0);
  }

  /** VMREAD of a field. */
  public long get(VmcsField field) {
    require(processor.vmx().vmread(field.encoding()));
    return processor.vmx().value();
  }

  /**
   * Enters the guest, with VMLAUNCH the first time and then VMRESUME, and lets it run until a VM
   * exit.
   *
   * @throws AssertionError if the VM entry fails, naming the rule it breaks, or nothing ends it
   */
  public ExitReason enter() {
    require(launched ? processor.vmx().vmresume() : processor.vmx().vmlaunch());
    launched = true;
    RunOutcome outcome = processor.run(BUDGET);
    if (outcome != RunOutcome.EXIT) {
      throw new AssertionError(outcome + " instead of a VM exit: " + processor);
    }
    ExitReason reason = ExitReason.of(get(VmcsField.EXIT_REASON));
    if (reason == null) {
      throw new AssertionError("undefined exit reason: " + processor);
    }
    return reason;
  }

  /** The fields of the current VMCS that the processor has, as VMREAD shows them. */
  public Map<VmcsField, Long> fields() {
    Map<VmcsField, Long> fields = new EnumMap<>(VmcsField.class);
    for (VmcsField field : VmcsField.values()) {
      if (field.existsOn(profile.vmxCapabilities())) {
        fields.put(field, get(field));
      }
    }
    return fields;
  }

  /** The fields that differ from {@code before}, those of VM-exit information aside. */
  public Set<VmcsField> changedSince(Map<VmcsField, Long> before) {
    Set<VmcsField> changed = new TreeSet<>();
    fields()
        .forEach(
            (field, value) -> {
              if (field.type() != VmcsField.Type.READ_ONLY_DATA
                  && !value.equals(before.get(field))) {
                changed.add(field);
              }
            });
    return changed;
  }

  /** The processor, for your hypervisor to work on. */
  public Processor processor() {
    return processor;
  }

  /** The registers that a VMCS does not hold, and the others as they are in root operation. */
  public CpuState registers() {
    return processor.state();
  }

  CpuProfile profile() {
    return profile;
  }

  /** The VMCS as an object. */
  Vmcs copy() {
    Vmcs copy = new Vmcs(profile.vmxCapabilities().revisionId());
    fields().forEach(copy::set);
    return copy;
  }

  private void require(VmxOutcome outcome) {
    if (outcome != VmxOutcome.SUCCEED) {
      throw new AssertionError(outcome + ", broken: " + processor.vmx().brokenEntryRule());
    }
  }

  /** The fields, for a failed property to show. */
  @Override
  public String toString() {
    if (processor.inNonRoot()) {
      return processor.toString();
    }
    StringBuilder text = new StringBuilder(profile.name());
    fields().forEach((field, value) -> text.append("%n%s 0x%x".formatted(field, value)));
    return text.toString();
  }
}
