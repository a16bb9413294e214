package io.vmxsim.traces;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmm.Vcpu;
import io.vmxsim.vmm.Vm;
import io.vmxsim.vmm.VmOptions;

/** The guest on a virtual processor under the VMM. */
final class VirtualMachine implements ReplayMachine {
  private final Processor processor;
  private final Vcpu vcpu;

  VirtualMachine(CpuProfile cpu, long guestBytes, VmOptions options) {
    PhysicalMemory memory = new PhysicalMemory(cpu.cpuid().maxPhyAddr());
    processor = new Processor(cpu, memory);
    vcpu = new Vcpu(Vm.of(memory, guestBytes), processor, options);
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
