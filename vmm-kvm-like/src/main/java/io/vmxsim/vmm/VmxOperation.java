package io.vmxsim.vmm;

import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.VmxOutcome;

/**
 * How a host gets to a current VMCS: SDM "Enabling and Entering VMX Operation" (23.7) and
 * "Preparation and Launching a Virtual Machine" (31.6), up to the VMPTRLD.
 */
final class VmxOperation {
  private VmxOperation() {}

  /** Puts the processor, just out of reset, under a 64-bit host that has a fresh current VMCS. */
  static void enter(Vm vm, Processor processor) {
    processor.state().startIn64BitMode(vm.frames().allocate());
    VmxInstructions vmx = processor.vmx();
    check(vmx.vmxon(region(vm, processor)), "VMXON");
    long vmcs = region(vm, processor);
    check(vmx.vmclear(vmcs), "VMCLEAR");
    check(vmx.vmptrld(vmcs), "VMPTRLD");
  }

  /** A region that begins with the VMCS revision identifier. */
  private static long region(Vm vm, Processor processor) {
    long region = vm.frames().allocate();
    vm.memory().write32(region, processor.profile().vmxCapabilities().revisionId());
    return region;
  }

  private static void check(VmxOutcome outcome, String instruction) {
    if (outcome != VmxOutcome.SUCCEED) {
      throw new IllegalStateException(instruction + ": " + outcome);
    }
  }
}
