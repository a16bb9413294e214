package io.vmxsim.vmcs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The control vectors of a VMCS: the field that holds each, the control that activates it, and the
 * MSRs that report its allowed settings.
 *
 * <p>Source: SDM (June 2016) Appendix A.2 “Reserved Controls and Default Settings” to A.5 and A.11;
 * the tertiary and secondary VM-exit controls from later editions.
 */
public enum ControlWord {
  PIN_BASED(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS, 0x481, 0x48D),
  PRIMARY_PROCESSOR_BASED(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x482, 0x48E),
  SECONDARY_PROCESSOR_BASED(
      VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x48B, 0x48B),
  TERTIARY_PROCESSOR_BASED(VmcsField.TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x492, 0x492),
  VM_EXIT(VmcsField.VM_EXIT_CONTROLS, 0x483, 0x48F),
  SECONDARY_VM_EXIT(VmcsField.SECONDARY_VM_EXIT_CONTROLS, 0x493, 0x493),
  VM_ENTRY(VmcsField.VM_ENTRY_CONTROLS, 0x484, 0x490),
  VM_FUNCTION(VmcsField.VM_FUNCTION_CONTROLS, 0x491, 0x491);

  private final VmcsField field;
  private final int msr;
  private final int trueMsr;

  ControlWord(VmcsField field, int msr, int trueMsr) {
    this.field = field;
    this.msr = msr;
    this.trueMsr = trueMsr;
  }

  /** The VMCS field that holds this vector. */
  public VmcsField field() {
    return field;
  }

  /** The control without which this vector counts as all zero; null if it is always in force. */
  public @Nullable Control activatedBy() {
    return switch (this) {
      case SECONDARY_PROCESSOR_BASED -> PrimaryControl.ACTIVATE_SECONDARY_CONTROLS;
      case TERTIARY_PROCESSOR_BASED -> PrimaryControl.ACTIVATE_TERTIARY_CONTROLS;
      case SECONDARY_VM_EXIT -> ExitControl.ACTIVATE_SECONDARY_CONTROLS;
      case VM_FUNCTION -> SecondaryControl.ENABLE_VM_FUNCTIONS;
      case PIN_BASED, PRIMARY_PROCESSOR_BASED, VM_EXIT, VM_ENTRY -> null;
    };
  }

  /** The named controls of this vector, by bit. */
  public List<Control> controls() {
    return switch (this) {
      case PIN_BASED -> List.of(PinControl.values());
      case PRIMARY_PROCESSOR_BASED -> List.of(PrimaryControl.values());
      case SECONDARY_PROCESSOR_BASED -> List.of(SecondaryControl.values());
      case TERTIARY_PROCESSOR_BASED -> List.of(TertiaryControl.values());
      case VM_EXIT -> List.of(ExitControl.values());
      case SECONDARY_VM_EXIT -> List.of(SecondaryExitControl.values());
      case VM_ENTRY -> List.of(EntryControl.values());
      case VM_FUNCTION -> List.of(VmFunction.values());
    };
  }

  /** The MSR that reports the allowed settings. */
  public int capabilityMsr() {
    return msr;
  }

  /**
   * The MSR that takes the place of {@link #capabilityMsr()} where IA32_VMX_BASIC[55] is 1; the
   * same one for the vectors without default1 controls.
   */
  public int trueCapabilityMsr() {
    return trueMsr;
  }

  /**
   * Whether the MSR has allowed 0-settings in bits 31:0 and allowed 1-settings in bits 63:32; else
   * all its bits are allowed 1-settings, and every control may be 0.
   */
  public boolean hasAllowed0Settings() {
    return field.width() == VmcsField.Width.BITS_32;
  }
}
