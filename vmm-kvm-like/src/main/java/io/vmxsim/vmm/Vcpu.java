package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Cpuid;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.MsrFile;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import org.jspecify.annotations.Nullable;

/**
 * A virtual processor: one VMCS on one logical processor, and the loop that enters the guest and
 * answers its exits. To see what happens at an exit, start at {@link #run}, then {@link
 * ExitHandlers}.
 */
public final class Vcpu {
  private static final int PAGE_FAULT = 14;

  private final Processor processor;
  private final Charges charges;
  private final CurrentVmcs vmcs;
  private final GuestTlb tlb;
  private final @Nullable ShadowMmu shadowMmu;
  private final VcpuPaging paging;
  private final GuestControlRegisters control;
  private final EventInjection injection;
  private final TscDeadline deadline;
  private final GuestMsrs guestMsrs;
  private final MemoryEmulation emulation;
  private final DeviceModel devices;
  private final ExitHandlers handlers = new ExitHandlers();
  private final GuestBoot boot;
  private boolean started;
  private boolean launched;
  private boolean halted;

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
    this.processor = processor;
    this.devices = devices;
    VmxCapabilities capabilities = processor.profile().vmxCapabilities();
    charges = new Charges(processor.costs(), processor.cycles());
    VmxOperation.enter(vm, processor);
    vmcs = new CurrentVmcs(processor.vmx());
    tlb = new GuestTlb(processor.vmx(), capabilities, 1);
    PagingState registers = GuestControlRegisters.registersOf(processor);
    GuestTables guest = new GuestTables(vm, charges, registers);
    if (options.paging() == VmPaging.SHADOW) {
      shadowMmu = ShadowMmu.of(vm, options, charges, guest, processor.profile());
      paging = new ShadowPaging(shadowMmu, options.shadowPolicy(), capabilities, vmcs, tlb);
      emulation =
          new MemoryEmulation(vm, processor, guest, devices, charges, shadowMmu::guestWrote);
    } else {
      shadowMmu = null;
      paging = new EptMmu(vm, options, charges, capabilities, tlb);
      emulation =
          new MemoryEmulation(vm, processor, guest, devices, charges, (guestPhysical, size) -> {});
    }
    control = new GuestControlRegisters(vm, vmcs, registers, paging, shadowMmu == null);
    injection = new EventInjection(vmcs);
    deadline = new TscDeadline(vmcs, capabilities);
    guestMsrs = new GuestMsrs(vmcs, processor.msrs(), control, deadline);
    boot = new GuestBoot(vm, processor, vmcs, control, guestMsrs);
    paging.addHandlers(handlers);
    VmcsSetup setup = new VmcsSetup(capabilities, vmcs);
    setup.wantCommonControls();
    tlb.setUp(setup);
    setup.writeFields(vm, processor, paging);
    paging.setUp(setup);
    setup.writeControls();
  }

  /** Takes the state the guest starts in; to be complete before the first {@link #run}. */
  public InitialState initialState() {
    return boot;
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
    while (processor.instructions() < end) {
      if (!processor.inNonRoot()) {
        if (halted && !wake()) {
          return RunOutcome.HALTED;
        }
        enter();
      }
      RunOutcome outcome = processor.run(end - processor.instructions());
      if (outcome != RunOutcome.EXIT) {
        return outcome;
      }
      if (!handleExit()) {
        return RunOutcome.FINISHED;
      }
    }
    return RunOutcome.BUDGET;
  }

  private void enter() {
    if (!started) {
      started = true;
      boot.apply();
    }
    injection.beforeEntry();
    deadline.beforeEntry(timeStampCounter());
    paging.beforeEntry();
    charges.once(Cost.VMM_STATE_SWAP);
    VmxOutcome outcome = launched ? processor.vmx().vmresume() : processor.vmx().vmlaunch();
    if (outcome != VmxOutcome.SUCCEED) {
      throw entryFailed(outcome);
    }
    launched = true;
  }

  /** Answers the exit that has happened; whether the guest can go on. */
  private boolean handleExit() {
    long reason = vmcs.read(VmcsField.EXIT_REASON);
    injection.takeInterrupted();
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
      skip(vmcs.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
    }
    return outcome != HandlerOutcome.STOP;
  }

  private IllegalStateException entryFailed(VmxOutcome outcome) {
    long why =
        vmcs.read(
            outcome == VmxOutcome.FAIL_VALID
                ? VmcsField.VM_INSTRUCTION_ERROR
                : VmcsField.EXIT_REASON);
    return new IllegalStateException("VM entry: %s %#x, %s".formatted(outcome, why, processor));
  }

  // Halting

  void halt() {
    halted = true;
  }

  /** Ends the guest's wait for an interrupt although none has come. */
  public void wakeUp() {
    halted = false;
  }

  /** The host's interrupts go to the guest: one that is due ends the guest's wait. */
  private boolean wake() {
    processor.pollEvents();
    int vector = processor.acknowledgeInterrupt();
    if (vector >= 0) {
      injection.interrupt(vector);
    }
    halted = !injection.interruptPending();
    return !halted;
  }

  // What handlers use

  long read(VmcsField field) {
    return vmcs.read(field);
  }

  void write(VmcsField field, long value) {
    vmcs.write(field, value);
  }

  /** The registers that a VM exit leaves as the guest had them. */
  CpuState state() {
    return processor.state();
  }

  MsrFile msrs() {
    return processor.msrs();
  }

  Cpuid cpuid() {
    return processor.profile().cpuid();
  }

  GuestControlRegisters control() {
    return control;
  }

  GuestMsrs guestMsrs() {
    return guestMsrs;
  }

  TscDeadline deadline() {
    return deadline;
  }

  DeviceModel devices() {
    return devices;
  }

  MemoryEmulation emulation() {
    return emulation;
  }

  /** The time-stamp counter as the guest reads it; its offset is 0. */
  long timeStampCounter() {
    return processor.msrs().get(Msr.IA32_TIME_STAMP_COUNTER);
  }

  /** The guest is to take this external interrupt as soon as it can. */
  void requestInterrupt(int vector) {
    injection.interrupt(vector);
  }

  /** The guest gets an exception at the instruction that exited. */
  HandlerOutcome inject(int vector, int errorCode) {
    injection.exception(vector, errorCode);
    return HandlerOutcome.RESUME;
  }

  /** The guest gets a page fault; CR2, which the VMCS does not hold, is set here. */
  HandlerOutcome injectPageFault(long linear, int errorCode) {
    state().cr2 = linear;
    return inject(PAGE_FAULT, errorCode);
  }

  /** Moves RIP past an instruction, which also ends blocking by STI and MOV SS. */
  void skip(long length) {
    vmcs.write(VmcsField.GUEST_RIP, vmcs.read(VmcsField.GUEST_RIP) + length);
    long blocking = vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
    if ((blocking & EventInjection.BLOCKED_BY_STI_OR_MOV_SS) != 0) {
      vmcs.write(
          VmcsField.GUEST_INTERRUPTIBILITY_STATE,
          blocking & ~EventInjection.BLOCKED_BY_STI_OR_MOV_SS);
    }
  }

  /** Brings in what a software walk depends on and the guest changes without an exit. */
  void refreshForWalk() {
    control.refreshCr3();
    PagingState registers = control.state();
    if ((registers.cr4() & PagingState.CR4_SMAP) != 0) {
      registers.setRflagsAc((vmcs.read(VmcsField.GUEST_RFLAGS) & CpuState.AC) != 0);
    }
  }

  /** The shadow MMU; null under EPT. */
  public @Nullable ShadowMmu shadowMmu() {
    return shadowMmu;
  }
}
