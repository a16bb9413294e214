package io.vmxsim.cpu;

import io.vmxsim.vmcs.NotModelledException;
import java.util.HashMap;
import java.util.Map;

/**
 * On which processor of a machine each VMCS is active ("Software Access to VMCS Structures",
 * 24.11.1). One that is active on two may become corrupted, so software that gets there is told.
 */
final class ActiveVmcss {
  private final Map<Long, VmxInstructions> owners = new HashMap<>();

  /**
   * A processor uses the VMCS at an address, which makes it active there.
   *
   * @throws NotModelledException if it is active on another one
   */
  void use(long address, VmxInstructions by, String instruction, long rip) {
    VmxInstructions owner = owners.putIfAbsent(address, by);
    if (owner != null && owner != by) {
      throw new NotModelledException(
          String.format(
              "%s of the VMCS at 0x%x, which is active on another processor: it needs a VMCLEAR"
                  + " there first",
              instruction, address),
          rip);
    }
  }

  /** The VMCS is active nowhere. */
  void release(long address) {
    owners.remove(address);
  }

  /** The processor has left VMX operation. */
  void releaseAllOf(VmxInstructions owner) {
    owners.values().removeIf(other -> other == owner);
  }
}
