package io.vmxsim.cpu;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The controls that a processor may offer and this one does not carry out. A VM entry that asks for
 * one stops the run by name. Every row goes away with the feature's arrival.
 */
public final class ModelledControls {
  private static final Set<TertiaryControl> TERTIARY =
      EnumSet.of(TertiaryControl.SEAM_GUEST_PHYSICAL_ADDRESS_WIDTH);

  private final VmxCapabilities capabilities;

  ModelledControls(VmxCapabilities capabilities) {
    this.capabilities = capabilities;
  }

  /** Whether the processor carries the control out. */
  public static boolean models(Control control) {
    return !(control instanceof TertiaryControl tertiary && TERTIARY.contains(tertiary));
  }

  /**
   * Stops the run if the controls need something that is not modelled.
   *
   * @throws NotModelledException naming the control
   */
  void requireControls(Vmcs vmcs, long rip) {
    require(TERTIARY, Intercepts.effectiveTertiary(vmcs), rip);
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
