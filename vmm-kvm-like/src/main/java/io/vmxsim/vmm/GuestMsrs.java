package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.Cpuid;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.MsrFile;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The guest's model-specific registers, where RDMSR and WRMSR exit. Some are in the VMCS, some
 * belong to the virtual local APIC; of the rest the processor holds the guest's values while it
 * runs (they are swapped with the host's, and charged). What the guest's processor does not have
 * gets #GP(0), and so does VMX.
 */
final class GuestMsrs {
  private static final int LVT_TIMER = 0x832;
  private static final int FIRST_X2APIC = 0x800;
  private static final int LAST_X2APIC = 0xbff;
  private static final int FIRST_VMX = 0x480;
  private static final int LAST_VMX = 0x493;

  private final CurrentVmcs vmcs;
  private final MsrFile msrs;
  private final GuestControlRegisters control;
  private final TscDeadline deadline;
  private final Cpuid cpuid;
  private final boolean switchesPat;
  private final @Nullable LocalApic apic;
  private final @Nullable ParavirtualEoi paravirtualEoi;
  private long value;

  /**
   * @param profile the guest's processor
   * @param apic the guest's local APIC; null if only its timer's deadline is modelled
   * @param paravirtualEoi its ends of interrupts without exits; null where there is no APIC
   */
  GuestMsrs(
      CurrentVmcs vmcs,
      MsrFile msrs,
      GuestControlRegisters control,
      TscDeadline deadline,
      CpuProfile profile,
      @Nullable LocalApic apic,
      @Nullable ParavirtualEoi paravirtualEoi) {
    this.vmcs = vmcs;
    this.msrs = msrs;
    this.control = control;
    this.deadline = deadline;
    this.cpuid = profile.cpuid();
    this.switchesPat = profile.vmxCapabilities().supports(EntryControl.LOAD_IA32_PAT);
    this.apic = apic;
    this.paravirtualEoi = paravirtualEoi;
  }

  /** RDMSR: false where the guest gets #GP(0), else {@link #value} is the MSR's. */
  boolean read(int number) {
    VmcsField field = fieldOf(number);
    if (apic != null && belongsToApic(number)) {
      return readApic(apic, number);
    }
    if (number == ParavirtualEoi.MSR) {
      value = paravirtualEoi == null ? 0 : paravirtualEoi.register();
      return true;
    }
    if (number == Msr.IA32_EFER.address()) {
      value = control.state().efer();
    } else if (field != null) {
      value = vmcs.read(field);
    } else if (number == LVT_TIMER) {
      value = deadline.lvtTimer();
    } else if (isHidden(number) || !msrs.read(number)) {
      return false;
    } else {
      value = msrs.value();
    }
    return true;
  }

  /** What the last successful {@link #read} read. */
  long value() {
    return value;
  }

  /** WRMSR: false where the guest gets #GP(0), and nothing changed. */
  boolean write(int number, long newValue) {
    if (apic != null && belongsToApic(number)) {
      return writeApic(apic, number, newValue);
    }
    if (number == ParavirtualEoi.MSR) { // a trace says itself how its interrupts end
      return paravirtualEoi == null || paravirtualEoi.write(newValue);
    }
    if (number == Msr.IA32_EFER.address()) {
      return control.writeEfer(newValue);
    }
    if (number == LVT_TIMER) {
      deadline.setLvtTimer(newValue);
      return true;
    }
    if (isHidden(number)) {
      return false;
    }
    Msr inVmcs = fieldOf(number) == null ? null : Msr.ofAddress(number);
    long host = inVmcs == null ? 0 : msrs.get(inVmcs);
    if (!msrs.write(number, newValue)) {
      return false;
    }
    if (inVmcs != null) { // switched by VM entry and VM exit
      vmcs.write(Objects.requireNonNull(fieldOf(number)), msrs.get(inVmcs));
      msrs.set(inVmcs, host);
    } else if (number == Msr.IA32_TSC_DEADLINE.address()) {
      deadline.set(newValue);
    } else if (apic != null && isTimeStamp(number)) {
      apic.timeStampChanged();
    }
    return true;
  }

  /** Where the VMCS keeps an MSR that VM entries and VM exits switch. */
  private @Nullable VmcsField fieldOf(int number) {
    if (number == Msr.IA32_PAT.address() && switchesPat) {
      return VmcsField.GUEST_IA32_PAT;
    }
    return number == Msr.IA32_DEBUGCTL.address() ? VmcsField.GUEST_IA32_DEBUGCTL : null;
  }

  private static boolean isTimeStamp(int number) {
    return number == Msr.IA32_TIME_STAMP_COUNTER.address()
        || number == Msr.IA32_TSC_ADJUST.address();
  }

  // ---- The local APIC -------------------------------------------------------------------------

  private boolean belongsToApic(int number) {
    return (number >= FIRST_X2APIC && number <= LAST_X2APIC)
        || number == Msr.IA32_APIC_BASE.address()
        || number == Msr.IA32_TSC_DEADLINE.address();
  }

  private boolean readApic(LocalApic local, int number) {
    if (number == Msr.IA32_APIC_BASE.address()) {
      value = local.apicBase();
    } else if (number == Msr.IA32_TSC_DEADLINE.address()) {
      value = local.tscDeadline();
      return cpuid.has(CpuidFeature.TSC_DEADLINE);
    } else {
      boolean readable = local.registers().readMsr(number - FIRST_X2APIC);
      value = local.registers().value();
      return readable;
    }
    return true;
  }

  private boolean writeApic(LocalApic local, int number, long newValue) {
    if (number == Msr.IA32_APIC_BASE.address()) {
      return local.writeApicBase(newValue);
    }
    if (number != Msr.IA32_TSC_DEADLINE.address()) {
      return local.registers().writeMsr(number - FIRST_X2APIC, newValue);
    }
    local.setTscDeadline(newValue);
    return cpuid.has(CpuidFeature.TSC_DEADLINE);
  }

  private boolean isHidden(int number) {
    Msr msr = Msr.ofAddress(number);
    return (number >= FIRST_VMX && number <= LAST_VMX)
        || msr == Msr.IA32_FEATURE_CONTROL
        || (msr != null && !msr.existsOn(cpuid));
  }
}
