package io.vmxsim.vmm;

import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitQualification.TaskSwitch;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsField;

/**
 * Exit reason 9: VMX non-root operation knows no task switches ("Treatment of Task Switches",
 * 25.4.2). The VMM emulates what led to it: the instruction, or the event whose gate is a task
 * gate.
 */
final class TaskSwitchHandler implements ExitHandler {
  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    if (vcpu.isTraced()) {
      return HandlerOutcome.RESUME; // the trace has what is done
    }
    InstructionEmulation emulation = vcpu.machineCode();
    long qualification = vcpu.vmcs().read(VmcsField.EXIT_QUALIFICATION);
    if (TaskSwitch.source(qualification) != TaskSwitch.Source.TASK_GATE_IN_IDT) {
      return emulation.emulate(vcpu);
    }
    long event = vcpu.vmcs().read(VmcsField.IDT_VECTORING_INFORMATION);
    if (!InterruptionInformation.isValid(event)) {
      throw new NotModelledException("a task switch by an event that is not known");
    }
    vcpu.injection().dropInterrupted();
    EventType type = InterruptionInformation.type(event);
    boolean software = type.isSoftware();
    return emulation.deliver(
        vcpu,
        InterruptionInformation.vector(event),
        (int) vcpu.vmcs().read(VmcsField.IDT_VECTORING_ERROR_CODE),
        InterruptionInformation.hasErrorCode(event),
        software ? vcpu.vmcs().read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH) : 0);
  }
}
