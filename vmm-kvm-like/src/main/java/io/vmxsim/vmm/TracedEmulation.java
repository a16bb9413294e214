package io.vmxsim.vmm;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.board.Bus;
import org.jspecify.annotations.Nullable;

/**
 * Carries out the instructions of a trace while the processor cannot be entered with its guest as
 * it stands, as {@link InstructionEmulation} does those of machine code: on a processor of its own,
 * outside VMX operation, where nothing exits.
 */
final class TracedEmulation implements ModeEmulation {
  private static final int ALL_PORTS = 1 << 16;

  private final Processor processor;
  private final GuestBus guest;
  private final Charges charges;
  private final CurrentVmcs vmcs;
  private final GuestControlRegisters control;

  /** Few traces need it, and it is large. */
  private @Nullable Model model;

  /** The processor of its own, and the way of the guest's registers there and back. */
  private record Model(Processor processor, GuestState registers) {}

  TracedEmulation(
      Processor processor,
      GuestBus guest,
      Charges charges,
      CurrentVmcs vmcs,
      GuestControlRegisters control) {
    this.processor = processor;
    this.guest = guest;
    this.charges = charges;
    this.vmcs = vmcs;
    this.control = control;
  }

  @Override
  public boolean isRequired() {
    return !control.isRunnable();
  }

  /** {@inheritDoc} A trace holds the events that are delivered meanwhile. */
  @Override
  public HandlerOutcome goOn(Vcpu vcpu, EventInjection events, long longest) {
    Model used = model();
    used.registers.load();
    RunOutcome outcome = advance(used.processor, longest);
    used.registers.store();
    if (guest.takeUserspaceLeg()) {
      charges.once(Cost.USERSPACE);
    }
    return outcome == RunOutcome.FINISHED ? HandlerOutcome.STOP : HandlerOutcome.RESUME;
  }

  private RunOutcome advance(Processor own, long longest) {
    RunOutcome outcome = RunOutcome.BUDGET;
    long end = own.instructions() + longest;
    while (isRequired() && outcome != RunOutcome.FINISHED && own.instructions() < end) {
      long before = own.instructions();
      outcome = own.run(1);
      own.state().activity = ActivityState.ACTIVE; // what has ended a wait comes next
      control.take(own.state());
      for (; before < own.instructions(); before++) {
        processor.countUnpriced();
        charges.once(Cost.VMM_EMULATE);
      }
    }
    return outcome;
  }

  private Model model() {
    Model made = model;
    if (made == null) {
      Bus bus = Bus.withRam(0);
      bus.attachMemory(0, Long.MAX_VALUE, guest);
      bus.attachPorts(0, ALL_PORTS, guest);
      Processor own = Processor.sharingRegisters(processor, processor.profile(), bus);
      own.setGuest(processor.guest());
      made = new Model(own, new GuestState(vmcs, control, processor.state(), own.state()));
      model = made;
    }
    return made;
  }
}
