package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryEnvironment;
import io.vmxsim.vmcs.rules.UnknownInput;

/**
 * What a dump in a log says of the processor at the VM entry: a VMM that writes a log is not in
 * SMM, and one whose code is above 4 GBytes runs in IA-32e mode.
 */
record LoggedSurroundings(VmcsDump dump) implements EntryEnvironment {

  @Override
  public boolean isInSmm() {
    return false;
  }

  @Override
  public boolean isLongModeActive() {
    if (dump.vmcs().get(VmcsField.HOST_RIP) >>> 32 != 0) {
      return true;
    }
    throw UnknownInput.SIGNAL;
  }
}
