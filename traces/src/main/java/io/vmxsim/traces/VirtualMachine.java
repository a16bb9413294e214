package io.vmxsim.traces;

import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.vmm.Vcpu;
import io.vmxsim.vmm.Vm;
import io.vmxsim.vmm.VmOptions;

/** The guest on a virtual processor under the VMM. */
final class VirtualMachine implements ReplayMachine {
  private final Processor processor;
  private final Vcpu vcpu;

  VirtualMachine(Vm vm, Processor processor, VmOptions options) {
    this.processor = processor;
    vcpu = new Vcpu(vm, processor, options);
  }

  @Override
  public Processor processor() {
    return processor;
  }

  @Override
  public InitialState initialState() {
    return vcpu.initialState();
  }

  @Override
  public void takeEventsFromTrace() {
    vcpu.takeEventsFromTrace();
  }

  @Override
  public RunOutcome run(long budget) {
    return vcpu.run(budget);
  }

  @Override
  public void wakeUp() {
    vcpu.wakeUp();
  }
}
