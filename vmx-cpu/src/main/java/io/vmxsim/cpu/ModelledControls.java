package io.vmxsim.cpu;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The controls that a processor may offer and this one does not carry out. A VM entry that asks for
 * one stops the run by name. Every row goes away with the feature's arrival.
 */
final class ModelledControls {
  private static final Set<PinControl> PIN = EnumSet.of(PinControl.PROCESS_POSTED_INTERRUPTS);

  private static final Set<PrimaryControl> PRIMARY =
      EnumSet.of(PrimaryControl.ACTIVATE_TERTIARY_CONTROLS);

  /** All secondary controls but those carried out. */
  private static final Set<SecondaryControl> SECONDARY =
      EnumSet.complementOf(
          EnumSet.of(
              SecondaryControl.ENABLE_EPT,
              SecondaryControl.DESCRIPTOR_TABLE_EXITING,
              SecondaryControl.ENABLE_RDTSCP,
              SecondaryControl.ENABLE_VPID,
              SecondaryControl.WBINVD_EXITING,
              SecondaryControl.UNRESTRICTED_GUEST,
              SecondaryControl.PAUSE_LOOP_EXITING,
              SecondaryControl.RDRAND_EXITING,
              SecondaryControl.ENABLE_INVPCID,
              SecondaryControl.ENABLE_VM_FUNCTIONS,
              SecondaryControl.VMCS_SHADOWING,
              SecondaryControl.RDSEED_EXITING,
              SecondaryControl.ENABLE_PML,
              SecondaryControl.EPT_VIOLATION_VE,
              SecondaryControl.CONCEAL_VMX_FROM_PT,
              SecondaryControl.ENABLE_XSAVES_XRSTORS,
              SecondaryControl.MODE_BASED_EXECUTE_CONTROL_FOR_EPT,
              SecondaryControl.USE_TSC_SCALING));

  private static final Set<ExitControl> EXIT =
      EnumSet.of(
          ExitControl.CLEAR_IA32_RTIT_CTL,
          ExitControl.CLEAR_IA32_LBR_CTL,
          ExitControl.CLEAR_UINV,
          ExitControl.LOAD_CET_STATE,
          ExitControl.LOAD_PKRS,
          ExitControl.ACTIVATE_SECONDARY_CONTROLS);

  private static final Set<EntryControl> ENTRY =
      EnumSet.of(
          EntryControl.ENTRY_TO_SMM,
          EntryControl.DEACTIVATE_DUAL_MONITOR_TREATMENT,
          EntryControl.LOAD_IA32_RTIT_CTL,
          EntryControl.LOAD_UINV,
          EntryControl.LOAD_CET_STATE,
          EntryControl.LOAD_GUEST_IA32_LBR_CTL,
          EntryControl.LOAD_PKRS,
          EntryControl.LOAD_FRED,
          EntryControl.LOAD_IA32_SPEC_CTRL,
          EntryControl.ALLOW_SEAM_GUEST_TELEMETRY);

  private final VmxCapabilities capabilities;

  ModelledControls(VmxCapabilities capabilities) {
    this.capabilities = capabilities;
  }

  /**
   * Stops the run if the controls need something that is not modelled.
   *
   * @throws NotModelledException naming the control
   */
  void requireControls(Vmcs vmcs, long rip) {
    require(PIN, vmcs.get(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS), rip);
    require(PRIMARY, vmcs.get(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS), rip);
    require(SECONDARY, Intercepts.effectiveSecondary(vmcs), rip);
    require(EXIT, vmcs.get(VmcsField.VM_EXIT_CONTROLS), rip);
    require(ENTRY, vmcs.get(VmcsField.VM_ENTRY_CONTROLS), rip);
  }

  /** A control that the processor does not support at all is for the entry checks to refuse. */
  private void require(Set<? extends Control> absent, long word, long rip) {
    for (Control control : absent) {
      if (control.in(word) && capabilities.supports(control)) {
        String name = control.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        throw new NotModelledException("VMX control \"" + name + "\"", rip);
      }
    }
  }
}
