package io.vmxsim.vmm;

import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * The translations that the processor may hold for one virtual processor. With VPIDs they outlive
 * VM exits, and the VMM invalidates them: SDM "Operations that Invalidate Cached Mappings"
 * (28.3.3.1). Without, every VM entry and exit does.
 */
final class GuestTlb {
  private static final int INDIVIDUAL_ADDRESS = 0;
  private static final int SINGLE_CONTEXT = 1;
  private static final int RETAINING_GLOBALS = 3;

  private final VmxInstructions vmx;
  private final VmxCapabilities capabilities;
  private final int vpid;
  private boolean tagged;

  /**
   * @param vpid the virtual-processor identifier, 1 to 65535
   */
  GuestTlb(VmxInstructions vmx, VmxCapabilities capabilities, int vpid) {
    this.vmx = vmx;
    this.capabilities = capabilities;
    this.vpid = vpid;
  }

  /** Uses a VPID if the processor has them and can invalidate by them. */
  void setUp(VmcsSetup setup) {
    tagged =
        capabilities.supports(EptVpidCapability.INVVPID_SINGLE_CONTEXT)
            && setup.want(SecondaryControl.ENABLE_VPID);
    if (tagged) {
      setup.vmcs().write(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER, vpid);
    }
  }

  /** All translations, or all but the global ones where the processor can tell them apart. */
  void invalidateAll(boolean keepGlobal) {
    boolean keeps =
        keepGlobal
            && capabilities.supports(EptVpidCapability.INVVPID_SINGLE_CONTEXT_RETAINING_GLOBALS);
    invvpid(keeps ? RETAINING_GLOBALS : SINGLE_CONTEXT, 0);
  }

  /** The translations of one linear address. */
  void invalidate(long linear) {
    if (capabilities.supports(EptVpidCapability.INVVPID_INDIVIDUAL_ADDRESS)) {
      invvpid(INDIVIDUAL_ADDRESS, linear);
    } else {
      invvpid(SINGLE_CONTEXT, 0);
    }
  }

  private void invvpid(int type, long linear) {
    if (tagged && vmx.invvpid(type, vpid, linear) != VmxOutcome.SUCCEED) {
      throw new IllegalStateException("INVVPID type " + type + " failed");
    }
  }
}
