package io.vmxsim.vmm;

import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.LogicalProcessor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.Platform;
import org.jspecify.annotations.Nullable;

/**
 * The VMM as what runs a machine's software: its processors are virtual, each on a physical one of
 * its own, and its RAM and devices those of one virtual machine.
 *
 * <p>The guest's RAM lies in host memory at the addresses that the guest knows, so that loaders
 * need no VMM. What the VMM keeps for itself lies where the guest has no RAM.
 */
public final class Hypervisor implements Platform {
  private static final long FOUR_GIB = 1L << 32;

  private final VmOptions options;
  private @Nullable Vm vm;

  /** A VMM for one machine. */
  public Hypervisor(VmOptions options) {
    this.options = options;
  }

  /** Physical memory is all RAM to the VMM. */
  @Override
  public Bus reach(Bus board) {
    return Bus.none();
  }

  @Override
  public LogicalProcessor processor(Machine machine, ApicNetwork apics, int number) {
    if (vm == null) {
      vm = virtualMachine(machine);
    }
    return new VirtualProcessor(
        vm, machine.processor(number), options, machine.bus(), apics, number);
  }

  private static Vm virtualMachine(Machine machine) {
    Bus bus = machine.bus();
    HostFrames frames = new HostFrames(machine.memory(), Bus.DEVICE_HOLE, FOUR_GIB);
    Vm vm = new Vm(machine.memory(), frames);
    vm.addSlot(new MemorySlot(0, bus.ramBelowEnd(), 0));
    if (bus.ramAboveEnd() > FOUR_GIB) {
      vm.addSlot(new MemorySlot(FOUR_GIB, bus.ramAboveEnd() - FOUR_GIB, FOUR_GIB));
    }
    return vm;
  }
}
