package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.CpuidInstruction;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.MsrFile;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.cpu.apic.PendingVectors;
import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import org.jspecify.annotations.Nullable;

/**
 * A virtual processor: one VMCS on one logical processor, and the loop that enters the guest and
 * answers its exits. To see what happens at an exit, start at {@link #run}, then {@link
 * ExitHandlers}.
 */
public final class Vcpu {
  /** The host's interrupt by which one of its processors calls another out of its guest. */
  private static final int KICK = 0xfd;

  private final Processor processor;
  private final Charges charges;
  private final CurrentVmcs vmcs;
  private final GuestTlb tlb;
  private final @Nullable ShadowMmu shadowMmu;
  private final VcpuPaging paging;
  private final GuestControlRegisters control;
  private final GuestRegisters registers;
  private final EventInjection injection;
  private final PendingVectors hostInterrupts = new PendingVectors();
  private final @Nullable LocalApic apic;
  private final TscDeadline deadline = new TscDeadline();
  private final GuestTimer timer;
  private final GuestWait wait;
  private final PendingDebugExceptions pendingDebug;
  private final TprShadow taskPriority;
  private final @Nullable ParavirtualEoi paravirtualEoi;
  private final GuestMsrs guestMsrs;
  private final Emulation emulation;
  private final @Nullable InstructionEmulation instructions;
  private final ModeEmulation modeEmulation;
  private final DeviceModel devices;
  private final CpuProfile profile;
  private final GuestEntry entry;
  private final ExitHandlers handlers;
  private final GuestBoot boot;
  private final long hostRoot;
  private boolean started;
  private boolean stopped;
  private boolean paused;

  /** A virtual processor of {@code vm} without devices. */
  public Vcpu(Vm vm, Processor processor, VmOptions options) {
    this(vm, processor, options, DeviceModel.NONE);
  }

  /**
   * A virtual processor of {@code vm}, whose memory slots are complete, on a processor that is
   * outside VMX operation. What runs in it is the processor's guest side; its state before the
   * first instruction is set through {@link #initialState}.
   *
   * @throws io.vmxsim.vmcs.NotModelledException if the processor lacks what the options need
   */
  public Vcpu(Vm vm, Processor processor, VmOptions options, DeviceModel devices) {
    this(vm, processor, options, devices, null);
  }

  /**
   * As above; with a local APIC, for machine code, whose state before the first instruction is set
   * by {@link #startAsProcessor}.
   */
  Vcpu(
      Vm vm,
      Processor processor,
      VmOptions options,
      DeviceModel devices,
      @Nullable LocalApic apic) {
    this.processor = processor;
    this.devices = devices;
    this.apic = apic;
    VmxCapabilities capabilities = processor.profile().vmxCapabilities();
    profile = processor.profile().without(HiddenFeatures.of(processor.profile(), options.paging()));
    handlers = new ExitHandlers(new CpuidInstruction(profile, processor.xsaveLayout()));
    charges = new Charges(processor.costs(), processor.cycles());
    VmxOperation.enter(vm, processor);
    hostRoot = processor.state().cr3();
    vmcs = new CurrentVmcs(processor.vmx());
    tlb = new GuestTlb(processor.vmx(), capabilities, 1);
    PagingState paged = GuestControlRegisters.registersOf(processor);
    GuestTables guest = new GuestTables(vm, charges, paged);
    GuestWrites written;
    if (options.paging() == VmPaging.SHADOW) {
      shadowMmu = ShadowMmu.of(vm, options, charges, guest, processor.profile());
      paging = new ShadowPaging(shadowMmu, options.shadowPolicy(), capabilities, vmcs, tlb);
      written = shadowMmu::guestWrote;
    } else {
      shadowMmu = null;
      paging = new EptMmu(vm, options, charges, capabilities, tlb);
      written = (guestPhysical, size) -> {};
    }
    control =
        new GuestControlRegisters(
            vm,
            vmcs,
            paged,
            paging,
            GuestControlRegisters.switchOfEfer(vmcs, processor.msrs(), capabilities),
            shadowMmu == null,
            guestCr4(capabilities));
    registers = new GuestRegisters(vmcs, processor.state(), control, apic);
    GuestBus bus = new GuestBus(vm, devices, written);
    if (apic == null) {
      instructions = null;
      emulation = new MemoryEmulation(processor, guest, bus, charges);
      modeEmulation = new TracedEmulation(processor, bus, charges, vmcs, control);
    } else {
      instructions =
          new InstructionEmulation(vm, processor, profile, guest, bus, charges, vmcs, control);
      emulation = instructions;
      modeEmulation = instructions;
    }
    injection =
        new EventInjection(
            vmcs, control, processor.state(), apic == null ? hostInterrupts : apic, apic != null);
    timer = new GuestTimer(processor, vmcs, capabilities, deadline, apic);
    wait = new GuestWait(processor, vmcs, injection, timer, apic == null ? hostInterrupts : null);
    pendingDebug = new PendingDebugExceptions(vmcs, control, processor.state());
    paravirtualEoi = apic == null ? null : new ParavirtualEoi(vm, apic, this::memoryChanged);
    guestMsrs =
        new GuestMsrs(vmcs, processor.msrs(), control, deadline, profile, apic, paravirtualEoi);
    boot = new GuestBoot(vm, processor, vmcs, control, guestMsrs);
    paging.addHandlers(handlers);
    setUpVmcs(vm, capabilities);
    taskPriority = new TprShadow(vm, vmcs, capabilities, apic);
    if (apic != null) {
      taskPriority.begin();
    }
    entry =
        new GuestEntry(
            processor,
            vmcs,
            control,
            charges,
            timer,
            injection,
            taskPriority,
            paravirtualEoi,
            paging);
  }

  private void setUpVmcs(Vm vm, VmxCapabilities capabilities) {
    VmcsSetup setup = new VmcsSetup(capabilities, vmcs);
    setup.wantCommonControls();
    setup.wantInstructionsOf(apic == null ? processor.profile() : profile); // a trace has been run
    tlb.setUp(setup);
    setup.writeFields(vm, processor, paging);
    paging.setUp(setup);
    setup.writeControls();
  }

  /** The VMM has written to the guest's memory. */
  private void memoryChanged(long host) {
    machineCode().changed(host);
  }

  /** The bits of CR4 that the guest may set. */
  private long guestCr4(VmxCapabilities host) {
    long offered = apic == null ? host.cr4MayBe1() : profile.vmxCapabilities().cr4MayBe1();
    return offered & ~CpuState.CR4_VMXE;
  }

  /** Takes the state the guest starts in; to be complete before the first {@link #run}. */
  public InitialState initialState() {
    return boot;
  }

  /**
   * Has a trace say which interrupts come, also of the guest's timer. The guest's task priority is
   * the VMM's, as for machine code.
   */
  public void takeEventsFromTrace() {
    deadline.leaveToTrace();
    taskPriority.begin();
  }

  /**
   * Runs the guest until it has retired {@code budget} instructions, waits for an interrupt, or is
   * at its end; never EXIT.
   *
   * @param budget instructions, positive
   * @return HALTED: call again when time has passed ({@link Processor#passIdleTime})
   */
  public RunOutcome run(long budget) {
    long end = processor.instructions() + budget;
    paused = false;
    if (apic != null && processor.inNonRoot()) {
      timer.runForHost();
      if (entry.isDueAgain()) {
        processor.pending().requestInterrupt(KICK);
      }
    }
    while (processor.instructions() < end) {
      if (stopped) {
        return RunOutcome.FINISHED;
      }
      if (paused) {
        break;
      }
      if (!processor.inNonRoot()) {
        if (wait.goesOn()) {
          return RunOutcome.HALTED;
        }
        start();
        if (modeEmulation.isRequired()) {
          RunOutcome emulated = emulate(end - processor.instructions());
          if (apic == null && emulated == RunOutcome.BUDGET) {
            continue;
          }
          return emulated;
        }
        entry.enter();
      }
      RunOutcome outcome = processor.run(end - processor.instructions());
      taskPriority.afterRun();
      if (outcome != RunOutcome.EXIT) {
        return outcome;
      }
      if (!handleExit()) {
        return RunOutcome.FINISHED;
      }
      if (apic != null) {
        return stopped ? RunOutcome.FINISHED : RunOutcome.BUDGET; // time has passed: others first
      }
    }
    return RunOutcome.BUDGET;
  }

  /** In place of an entry that the processor would refuse. */
  private RunOutcome emulate(long budget) {
    timer.run();
    HandlerOutcome outcome = modeEmulation.goOn(this, injection, budget);
    return stopped || outcome == HandlerOutcome.STOP ? RunOutcome.FINISHED : RunOutcome.BUDGET;
  }

  private void start() {
    if (!started) {
      started = true;
      boot.apply();
    }
  }

  /** Answers the exit that has happened; whether the guest can go on. */
  private boolean handleExit() {
    long reason = vmcs.read(VmcsField.EXIT_REASON);
    injection.takeInterrupted();
    if (paravirtualEoi != null) {
      paravirtualEoi.afterExit();
    }
    charges.handler((int) reason & 0xffff);
    ExitReason basic = ExitReason.of(reason);
    if (basic == null) {
      throw new IllegalStateException("exit reason %#x".formatted(reason));
    }
    HandlerOutcome outcome = handlers.handle(basic, this);
    if (outcome == HandlerOutcome.TO_USERSPACE) {
      charges.once(Cost.USERSPACE);
    }
    if (outcome == HandlerOutcome.TO_USERSPACE || outcome == HandlerOutcome.SKIP_INSTRUCTION) {
      complete(vmcs.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
    }
    return outcome != HandlerOutcome.STOP;
  }

  /** Has an instruction that was met while emulating carried out as if it had exited. */
  HandlerOutcome handle(ExitReason reason, int length) {
    HandlerOutcome outcome = handlers.handle(reason, this);
    if (outcome == HandlerOutcome.SKIP_INSTRUCTION) {
      complete(length);
      return HandlerOutcome.RESUME;
    }
    return outcome;
  }

  /** The VMM has carried out an instruction of the guest. */
  private void complete(long length) {
    registers.skip(length);
    if (apic != null) { // a trace counts it itself
      processor.countUnpriced();
      pendingDebug.addSingleStep();
    }
  }

  /** The debug exceptions that an instruction leaves which the VMM carries out. */
  PendingDebugExceptions pendingDebug() {
    return pendingDebug;
  }

  // Halting

  /** The guest's wait for an interrupt. */
  GuestWait guestWait() {
    return wait;
  }

  /** Ends the guest's wait for an interrupt although none has come. */
  public void wakeUp() {
    wait.end();
  }

  /** The guest executes no further instruction. */
  void stop() {
    stopped = true;
  }

  /** Has {@link #run} return before the next entry. */
  void pause() {
    paused = true;
  }

  /** Whether neither of the two has been asked for. */
  boolean mayGoOn() {
    return !stopped && !paused;
  }

  // Starting

  /** Leaves the processor as a reset does, for a loader that sets the guest's first state in it. */
  void lendProcessor() {
    machineCode().resetTo(processor.state());
  }

  /** Has the guest start with the registers that the processor has, which then is the host's. */
  void startAsProcessor() {
    machineCode().copyFrom(processor.state());
    processor.state().startIn64BitMode(hostRoot);
    machineCode().start();
    started = true;
  }

  /** Brings the guest to where an INIT leaves it. */
  void init() {
    leaveGuest();
    injection.reset();
    if (paravirtualEoi != null) {
      paravirtualEoi.reset();
    }
    machineCode().init();
    started = true;
    wait.end();
  }

  /** Has the guest, after an INIT, go on in real mode at a physical address below 1 MByte. */
  void startAt(int address) {
    machineCode().startAt(address);
    started = true;
    stopped = false;
    wait.end();
  }

  /** Whether what runs is a trace, which holds what a VMM would have to emulate. */
  boolean isTraced() {
    return instructions == null;
  }

  /** What emulates machine code. */
  InstructionEmulation machineCode() {
    if (instructions == null) {
      throw new NotModelledException("emulation of what a trace does not hold");
    }
    return instructions;
  }

  /** Calls the processor out of the guest. */
  private void leaveGuest() {
    if (processor.inNonRoot()) {
      processor.pending().requestInterrupt(KICK);
      RunOutcome outcome = processor.run(1);
      taskPriority.afterRun();
      if (outcome != RunOutcome.EXIT || !handleExit()) {
        throw new IllegalStateException("an interrupt did not end the guest: " + processor);
      }
    }
  }

  // What handlers use

  /** The VMCS. */
  CurrentVmcs vmcs() {
    return vmcs;
  }

  /** The guest's registers, as this exit leaves them. */
  GuestRegisters registers() {
    return registers;
  }

  /** What waits to be delivered to the guest. */
  EventInjection injection() {
    return injection;
  }

  /** The registers that a VM exit leaves as the guest had them. */
  CpuState state() {
    return processor.state();
  }

  MsrFile msrs() {
    return processor.msrs();
  }

  /** The guest's local APIC; null where none is modelled. */
  @Nullable LocalApic apic() {
    return apic;
  }

  /** Whether XSETBV takes a value. */
  boolean permitsXcr0(long value) {
    return processor.xsaveLayout().permits(value);
  }

  GuestControlRegisters control() {
    return control;
  }

  GuestMsrs guestMsrs() {
    return guestMsrs;
  }

  GuestTimer timer() {
    return timer;
  }

  DeviceModel devices() {
    return devices;
  }

  Emulation emulation() {
    return emulation;
  }

  /** The time-stamp counter as the guest reads it; its offset is 0. */
  long timeStampCounter() {
    return processor.msrs().get(Msr.IA32_TIME_STAMP_COUNTER);
  }

  /** The guest is to take this external interrupt as soon as it can. */
  void requestInterrupt(int vector) {
    hostInterrupts.request(vector);
  }

  /** The shadow MMU; null under EPT. */
  public @Nullable ShadowMmu shadowMmu() {
    return shadowMmu;
  }
}
