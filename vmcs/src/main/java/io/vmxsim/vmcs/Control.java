package io.vmxsim.vmcs;

/**
 * One named bit of a control vector of the VMCS.
 *
 * <p>The constants carry the names of the SDM's control tables. Whether a processor allows a
 * control to be 1 is {@link VmxCapabilities#supports}; whether a VMCS has it at 1 is {@link
 * #in(long)} on the vector's value.
 */
public sealed interface Control
    permits PinControl,
        PrimaryControl,
        SecondaryControl,
        TertiaryControl,
        ExitControl,
        SecondaryExitControl,
        EntryControl,
        VmFunction {

  /** The control's bit position in its vector, 0 to 63. */
  int bit();

  /** The vector this control is a bit of. */
  ControlWord word();

  /** The constant's name: the SDM's name of the control in upper case. */
  String name();

  /** A value with only this control's bit set. */
  default long mask() {
    return 1L << bit();
  }

  /** Whether this control is 1 in {@code vector}, the value of its control field. */
  default boolean in(long vector) {
    return (vector & mask()) != 0;
  }
}
