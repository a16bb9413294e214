package io.vmxsim.cpu;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmFunction;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/** VM functions: "General Operation of the VMFUNC Instruction" (25.5.5.2) and EPTP switching. */
final class VmFunctions {
  private static final int FUNCTIONS = 64;
  private static final int EPTP_LIST_ENTRIES = 512;

  private final Processor processor;
  private final CpuState state;
  private final VmEntry entry;

  VmFunctions(Processor processor, VmEntry entry) {
    this.processor = processor;
    state = processor.state();
    this.entry = entry;
  }

  /** VMFUNC: the function in EAX, which needs no privilege. */
  VmxOutcome vmfunc(int length) {
    long function = state.register(CpuState.RAX) & 0xffffffffL;
    if (!processor.intercepts().on(SecondaryControl.ENABLE_VM_FUNCTIONS) || function >= FUNCTIONS) {
      return VmxOutcome.INVALID_OPCODE;
    }
    long enabled = processor.controlling().get(VmcsField.VM_FUNCTION_CONTROLS);
    boolean switched =
        function == VmFunction.EPTP_SWITCHING.bit()
            && VmFunction.EPTP_SWITCHING.in(enabled)
            && switchEptp(state.register(CpuState.RCX) & 0xffffffffL);
    if (!switched) {
      processor.vmExit().instruction(ExitReason.VMFUNC, 0, length, 0);
      return VmxOutcome.VM_EXIT;
    }
    processor.cycles().guest += processor.costs().of(Cost.VMFUNC);
    return VmxOutcome.SUCCEED;
  }

  /**
   * "EPTP Switching" (25.5.5.3): the EPTP at that index of the list comes into force. It
   * invalidates nothing, for mappings are tagged with the EPTP they were made under.
   *
   * @return false if there is no such entry or VM entry would refuse the EPTP
   */
  private boolean switchEptp(long index) {
    if (index >= EPTP_LIST_ENTRIES) {
      return false;
    }
    Vmcs vmcs = processor.controlling();
    long eptp = processor.memory().read64(vmcs.get(VmcsField.EPTP_LIST_ADDRESS) + 8 * index);
    if (!entry.isValidEptp(eptp)) {
      return false;
    }
    vmcs.set(VmcsField.EPT_POINTER, eptp);
    vmcs.set(VmcsField.EPTP_INDEX, index);
    processor.eptEvents().enterGuest(vmcs);
    boolean vpid = processor.intercepts().on(SecondaryControl.ENABLE_VPID);
    processor
        .mmu()
        .enterGuest(vpid ? (int) vmcs.get(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER) : 0, eptp);
    return true;
  }
}
