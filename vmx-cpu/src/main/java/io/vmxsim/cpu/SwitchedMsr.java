package io.vmxsim.cpu;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.SecondaryExitControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The MSRs that controls switch at VM transitions: "Loading Guest Control Registers, Debug
 * Registers, and MSRs" (26.3.2.1), "Saving Control Registers, Debug Registers, and MSRs" (27.3.1),
 * "Loading Host Control Registers, Debug Registers, MSRs" (27.5.1); what is newer from the edition
 * of June 2026.
 *
 * <p>A row: the guest's field and the control that loads it at VM entry; the control that saves it
 * at VM exit, where null stands for always if the processor has the field; the host's field and the
 * control that loads it at VM exit; the control that clears the MSR instead.
 */
enum SwitchedMsr {
  PAT(
      Msr.IA32_PAT,
      VmcsField.GUEST_IA32_PAT,
      EntryControl.LOAD_IA32_PAT,
      ExitControl.SAVE_IA32_PAT,
      VmcsField.HOST_IA32_PAT,
      ExitControl.LOAD_IA32_PAT),
  PERF_GLOBAL_CTRL(
      Msr.IA32_PERF_GLOBAL_CTRL,
      VmcsField.GUEST_IA32_PERF_GLOBAL_CTRL,
      EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL,
      ExitControl.SAVE_IA32_PERF_GLOBAL_CTRL,
      VmcsField.HOST_IA32_PERF_GLOBAL_CTRL,
      ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL),
  BNDCFGS(
      Msr.IA32_BNDCFGS,
      VmcsField.GUEST_IA32_BNDCFGS,
      EntryControl.LOAD_IA32_BNDCFGS,
      ExitControl.CLEAR_IA32_BNDCFGS),
  RTIT_CTL(
      Msr.IA32_RTIT_CTL,
      VmcsField.GUEST_IA32_RTIT_CTL,
      EntryControl.LOAD_IA32_RTIT_CTL,
      ExitControl.CLEAR_IA32_RTIT_CTL),
  LBR_CTL(
      Msr.IA32_LBR_CTL,
      VmcsField.GUEST_IA32_LBR_CTL,
      EntryControl.LOAD_GUEST_IA32_LBR_CTL,
      ExitControl.CLEAR_IA32_LBR_CTL),
  PKRS(
      Msr.IA32_PKRS,
      VmcsField.GUEST_IA32_PKRS,
      EntryControl.LOAD_PKRS,
      null,
      VmcsField.HOST_IA32_PKRS,
      ExitControl.LOAD_PKRS),
  S_CET(
      Msr.IA32_S_CET,
      VmcsField.GUEST_IA32_S_CET,
      EntryControl.LOAD_CET_STATE,
      null,
      VmcsField.HOST_IA32_S_CET,
      ExitControl.LOAD_CET_STATE),
  INTERRUPT_SSP_TABLE_ADDR(
      Msr.IA32_INTERRUPT_SSP_TABLE_ADDR,
      VmcsField.GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR,
      EntryControl.LOAD_CET_STATE,
      null,
      VmcsField.HOST_IA32_INTERRUPT_SSP_TABLE_ADDR,
      ExitControl.LOAD_CET_STATE),
  SPEC_CTRL(
      Msr.IA32_SPEC_CTRL,
      VmcsField.GUEST_IA32_SPEC_CTRL,
      EntryControl.LOAD_IA32_SPEC_CTRL,
      null,
      VmcsField.HOST_IA32_SPEC_CTRL,
      SecondaryExitControl.LOAD_IA32_SPEC_CTRL),
  FRED_CONFIG(
      Msr.IA32_FRED_CONFIG, VmcsField.GUEST_IA32_FRED_CONFIG, VmcsField.HOST_IA32_FRED_CONFIG),
  FRED_RSP1(Msr.IA32_FRED_RSP1, VmcsField.GUEST_IA32_FRED_RSP1, VmcsField.HOST_IA32_FRED_RSP1),
  FRED_RSP2(Msr.IA32_FRED_RSP2, VmcsField.GUEST_IA32_FRED_RSP2, VmcsField.HOST_IA32_FRED_RSP2),
  FRED_RSP3(Msr.IA32_FRED_RSP3, VmcsField.GUEST_IA32_FRED_RSP3, VmcsField.HOST_IA32_FRED_RSP3),
  FRED_STKLVLS(
      Msr.IA32_FRED_STKLVLS, VmcsField.GUEST_IA32_FRED_STKLVLS, VmcsField.HOST_IA32_FRED_STKLVLS),
  FRED_SSP1(Msr.IA32_FRED_SSP1, VmcsField.GUEST_IA32_FRED_SSP1, VmcsField.HOST_IA32_FRED_SSP1),
  FRED_SSP2(Msr.IA32_FRED_SSP2, VmcsField.GUEST_IA32_FRED_SSP2, VmcsField.HOST_IA32_FRED_SSP2),
  FRED_SSP3(Msr.IA32_FRED_SSP3, VmcsField.GUEST_IA32_FRED_SSP3, VmcsField.HOST_IA32_FRED_SSP3);

  private final Msr msr;
  private final VmcsField guestField;
  private final long loadedAtEntry;

  /** Of {@link #exitControls}; all ones for always. */
  private final long savedAtExit;

  private final @Nullable VmcsField hostField;
  private final long loadedAtExit;
  private final long clearedAtExit;

  /** Saved always, cleared or left at VM exit. */
  SwitchedMsr(Msr msr, VmcsField guestField, EntryControl load, ExitControl clear) {
    this(msr, guestField, load, -1, null, 0, clear.mask());
  }

  /** FRED state has its own controls. */
  SwitchedMsr(Msr msr, VmcsField guestField, VmcsField hostField) {
    this(
        msr,
        guestField,
        EntryControl.LOAD_FRED,
        mask(SecondaryExitControl.SAVE_FRED),
        hostField,
        mask(SecondaryExitControl.LOAD_FRED),
        0);
  }

  SwitchedMsr(
      Msr msr,
      VmcsField guestField,
      EntryControl load,
      @Nullable ExitControl save,
      VmcsField hostField,
      Control loadHost) {
    this(msr, guestField, load, save == null ? -1 : save.mask(), hostField, mask(loadHost), 0);
  }

  SwitchedMsr(
      Msr msr,
      VmcsField guestField,
      EntryControl load,
      long savedAtExit,
      @Nullable VmcsField hostField,
      long loadedAtExit,
      long clearedAtExit) {
    this.msr = msr;
    this.guestField = guestField;
    this.loadedAtEntry = load.mask();
    this.savedAtExit = savedAtExit;
    this.hostField = hostField;
    this.loadedAtExit = loadedAtExit;
    this.clearedAtExit = clearedAtExit;
  }

  private static long mask(Control control) {
    return control instanceof SecondaryExitControl ? control.mask() << 32 : control.mask();
  }

  /** The primary VM-exit controls in bits 31:0, the secondary ones in force in bits 63:32. */
  static long exitControls(Vmcs vmcs) {
    long primary = vmcs.get(VmcsField.VM_EXIT_CONTROLS);
    return ExitControl.ACTIVATE_SECONDARY_CONTROLS.in(primary)
        ? primary | vmcs.get(VmcsField.SECONDARY_VM_EXIT_CONTROLS) << 32
        : primary;
  }

  /** The rows of a processor. */
  static SwitchedMsr[] on(VmxCapabilities capabilities) {
    return Arrays.stream(values())
        .filter(row -> row.guestField.existsOn(capabilities))
        .toArray(SwitchedMsr[]::new);
  }

  /** VM entry. */
  void load(Vmcs vmcs, long entryControls, MsrFile msrs) {
    if ((entryControls & loadedAtEntry) != 0) {
      msrs.set(msr, vmcs.get(guestField));
    }
  }

  /** VM exit, the guest's part. */
  void save(Vmcs vmcs, long exitControls, MsrFile msrs) {
    if ((exitControls & savedAtExit) != 0) {
      vmcs.set(guestField, msrs.get(msr));
    }
  }

  /** VM exit, the host's part. */
  void loadHost(Vmcs vmcs, long exitControls, MsrFile msrs) {
    if (hostField != null && (exitControls & loadedAtExit) != 0) {
      msrs.set(msr, vmcs.get(hostField));
    } else if ((exitControls & clearedAtExit) != 0) {
      msrs.set(msr, 0);
    }
  }
}
