package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.execute.EmulationPort;
import io.vmxsim.cpu.execute.Emulator;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;

/**
 * Carries out an instruction of machine code in the guest's place: an access to a device, a string
 * input or output, a write that the shadow MMU must see, or code that the processor cannot run as a
 * guest. Memory is reached by the guest's page tables, walked in software.
 */
final class InstructionEmulation implements Emulation, ModeEmulation, EmulationPort {
  private static final long VALID = 1L << 31;

  /** Instructions in a row that are emulated for want of an enterable state: KVM's number. */
  private static final int LONGEST_STRETCH = 130;

  private final Vm vm;
  private final Processor processor;
  private final GuestTables guest;
  private final GuestBus bus;
  private final Charges charges;
  private final GuestState registers;
  private final GuestControlRegisters control;
  private final Emulator emulator;
  private final boolean anySegments;

  /** Whether the processor can be entered with the segments that were stored last. */
  private boolean enterable = true;

  InstructionEmulation(
      Vm vm,
      Processor processor,
      CpuProfile profile,
      GuestTables guest,
      GuestBus bus,
      Charges charges,
      CurrentVmcs vmcs,
      GuestControlRegisters control) {
    this.vm = vm;
    this.processor = processor;
    this.guest = guest;
    this.bus = bus;
    this.charges = charges;
    this.control = control;
    anySegments =
        processor.profile().vmxCapabilities().supports(SecondaryControl.UNRESTRICTED_GUEST)
            && !control.isShadowed();
    emulator = new Emulator(processor, profile, this);
    registers = new GuestState(vmcs, control, processor.state(), emulator.state());
  }

  /** Gives a processor the registers of one that has just been reset. */
  void resetTo(CpuState state) {
    state.copyFrom(emulator.state());
  }

  /** Takes the registers that {@link #start} gives the guest. */
  void copyFrom(CpuState state) {
    emulator.state().copyFrom(state);
  }

  /** Gives the guest the registers that {@link #copyFrom} took. */
  void start() {
    storeAll();
  }

  private void store() {
    registers.store();
    lookAtSegments();
  }

  private void storeAll() {
    registers.storeAll();
    lookAtSegments();
  }

  /** Segments that were not taken out of the VMCS are as they were when the guest last ran. */
  private void lookAtSegments() {
    if (!registers.hasSystemState()) {
      return;
    }
    enterable = anySegments || !control.isProtected() || EnterableSegments.in(emulator.state());
  }

  @Override
  public boolean isRequired() {
    return !enterable || !control.isRunnable();
  }

  /** A processor that has the guest's registers; while the guest runs, the one that runs it. */
  Processor registers() {
    if (processor.inNonRoot()) {
      return processor;
    }
    registers.load();
    return emulator.model();
  }

  /** Gives the guest the registers that an INIT leaves. */
  void init() {
    emulator.init();
    storeAll();
  }

  /** Has the guest, after an INIT, go on in real mode at a physical address below 1 MByte. */
  void startAt(int address) {
    emulator.init();
    CpuState state = emulator.state();
    state.loadSegment(
        Segment.CS, address >>> 4, address & ~15, Segment.REAL_MODE_LIMIT, Segment.REAL_MODE_CODE);
    state.rip = address & 15;
    storeAll();
  }

  /** The VMM has written to memory of the guest, which may hold code. */
  void changed(long host) {
    ((Executor) processor.guest()).code().written(host);
  }

  @Override
  public HandlerOutcome emulate(Vcpu vcpu) {
    if ((vcpu.vmcs().read(VmcsField.IDT_VECTORING_INFORMATION) & VALID) != 0) {
      throw new NotModelledException(
          "emulation of an access by the delivery of an event",
          vcpu.vmcs().read(VmcsField.GUEST_RIP));
    }
    prepare(vcpu);
    registers.loadForFetch();
    Instruction instruction = emulator.fetch();
    if (instruction == null || GuestState.needsSystemState(instruction)) {
      registers.loadSystemState();
    }
    return end(vcpu, emulator.carryOut());
  }

  /** Delivers an event by the guest's interrupt table in the guest's place. */
  HandlerOutcome deliver(Vcpu vcpu, int vector, int errorCode, boolean hasErrorCode, long length) {
    begin(vcpu);
    emulator.state().rip += length;
    return end(vcpu, emulator.deliver(vector, errorCode, hasErrorCode));
  }

  /**
   * {@inheritDoc} KVM emulates an invalid guest state likewise. Its events go through its interrupt
   * table here, too.
   */
  @Override
  public HandlerOutcome goOn(Vcpu vcpu, EventInjection events, long longest) {
    begin(vcpu);
    Emulator.Outcome outcome = Emulator.Outcome.DONE;
    long left = Math.min(longest, LONGEST_STRETCH);
    for (; left > 0 && isRequired() && vcpu.mayGoOn(); left--) {
      outcome = deliverOrStep(events);
      if (emulator.isShutDown()) {
        store();
        return HandlerOutcome.STOP;
      }
      if (outcome != Emulator.Outcome.DONE) {
        break;
      }
      control.take(emulator.state());
      lookAtSegments();
      charges.once(Cost.VMM_EMULATE);
    }
    store();
    return conclude(vcpu, outcome);
  }

  private Emulator.Outcome deliverOrStep(EventInjection events) {
    CpuState state = emulator.state();
    long event = events.take((state.rflags() & CpuState.IF) != 0, state.interruptibility);
    if (event != 0) {
      Emulator.Outcome outcome =
          emulator.deliver(
              InterruptionInformation.vector(event),
              events.errorCode(),
              InterruptionInformation.hasErrorCode(event));
      if (InterruptionInformation.type(event) == EventType.NON_MASKABLE_INTERRUPT) {
        state.interruptibility |= Interruptibility.NMI;
      }
      return outcome;
    }
    Emulator.Outcome outcome = emulator.step();
    if (outcome != Emulator.Outcome.DONE) {
      return outcome;
    }
    processor.countUnpriced();
    return emulator.trap();
  }

  private void begin(Vcpu vcpu) {
    prepare(vcpu);
    registers.load();
  }

  private void prepare(Vcpu vcpu) {
    vcpu.control().refreshForWalk();
    charges.once(Cost.VMM_EMULATE);
    emulator.observe(((Executor) processor.guest()).accessObserver());
  }

  private HandlerOutcome end(Vcpu vcpu, Emulator.Outcome outcome) {
    long trap = outcome == Emulator.Outcome.DONE ? taskSwitchTrap() : 0;
    if (outcome != Emulator.Outcome.EXIT) {
      store();
    }
    if (outcome == Emulator.Outcome.DONE) {
      processor.countUnpriced();
    }
    HandlerOutcome end = conclude(vcpu, outcome);
    return trap == 0 ? end : DebugExceptionHandler.raise(vcpu, trap);
  }

  private HandlerOutcome conclude(Vcpu vcpu, Emulator.Outcome outcome) {
    if (bus.takeUserspaceLeg()) {
      charges.once(Cost.USERSPACE);
    }
    return switch (outcome) {
      case DONE -> HandlerOutcome.RESUME;
      case FAULT -> vcpu.injection().exception(emulator.vector(), emulator.errorCode());
      case EXIT -> vcpu.handle(emulator.exit(), emulator.exitLength());
    };
  }

  /**
   * What is pending where the task that was switched to has T = 1 in its TSS, taken away: no VM
   * entry has that pending ("Checks on Guest Non-Register State", 26.3.1.5).
   */
  private long taskSwitchTrap() {
    CpuState state = emulator.state();
    long pending = state.pendingDebugExceptions & DebugExceptionHandler.CONDITIONS;
    if ((pending & DebugExceptionHandler.TASK_SWITCH) == 0) {
      return 0;
    }
    state.pendingDebugExceptions = 0;
    return pending;
  }

  @Override
  public WalkResult.Status translate(long linear, int access) {
    WalkResult.Status status = guest.walk(linear, access);
    if (status == WalkResult.Status.EPT_VIOLATION) {
      if (guest.tableOutsideMemory()) {
        throw new NotModelledException("a guest's page table where there is no memory");
      }
      return WalkResult.Status.OK; // the access is a device's
    }
    return status;
  }

  @Override
  public long guestPhysical() {
    return guest.guestPhysical();
  }

  @Override
  public int errorCode() {
    return guest.errorCode();
  }

  @Override
  public long read(long guestPhysical, int size) {
    return bus.read(guestPhysical, size);
  }

  @Override
  public void write(long guestPhysical, int size, long value) {
    if (vm.hasMemory(guestPhysical)) {
      changed(vm.toHost(guestPhysical));
    }
    bus.write(guestPhysical, size, value);
  }

  @Override
  public int in(int port, int size) {
    return bus.in(port, size);
  }

  @Override
  public void out(int port, int size, int value) {
    bus.out(port, size, value);
  }
}
