package io.vmxsim.cpu;

import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsRegion;
import io.vmxsim.vmcs.VmxAbort;

/**
 * VM exits: chapter 27, in its order. Record the exit information (27.2), save the guest state
 * (27.3), store guest MSRs (27.4), load the host state (27.5), load host MSRs (27.6); failures on
 * the way are VMX aborts (27.7).
 *
 * <p>Fields that the SDM leaves undefined for an exit keep what they held.
 */
final class VmExit {
  private static final long LOW_32 = 0xffffffffL;

  private final Processor processor;
  private final CpuState state;
  private final GuestStateArea guestState;
  private final HostStateArea hostState;
  private final MsrList msrLists;
  private final boolean storesIa32eMode;

  VmExit(Processor processor) {
    this.processor = processor;
    state = processor.state();
    guestState = new GuestStateArea(processor);
    hostState = new HostStateArea(processor);
    msrLists = new MsrList(processor);
    storesIa32eMode = processor.profile().vmxCapabilities().storesLmaOnExit();
  }

  /**
   * A fault-like exit caused by executing an instruction (27.2.4).
   *
   * @param length of the instruction in bytes, 1 to 15
   * @param information the instruction-information field, where the instruction has one, else 0
   */
  StepOutcome instruction(ExitReason reason, long qualification, int length, long information) {
    Vmcs vmcs = processor.controlling();
    vmcs.set(VmcsField.VM_EXIT_INSTRUCTION_LENGTH, length);
    vmcs.set(VmcsField.VM_EXIT_INSTRUCTION_INFORMATION, information & LOW_32);
    return exit(vmcs, reason, qualification, 0, state.rflags() & ~CpuState.RF);
  }

  /** An exit caused by an event that is not delivered through the IDT, or after an instruction. */
  StepOutcome event(ExitReason reason) {
    return event(reason, 0);
  }

  /** As {@link #event(ExitReason)}, for an event that has an exit qualification. */
  StepOutcome event(ExitReason reason, long qualification) {
    return exit(processor.controlling(), reason, qualification, 0, state.rflags());
  }

  /**
   * An exit caused directly by an exception, an NMI or an acknowledged external interrupt (27.2.2).
   *
   * @param information the interruption information with its valid bit
   * @param rflags RFLAGS as the event's delivery would have pushed it
   */
  StepOutcome vectored(
      ExitReason reason, long information, int errorCode, long qualification, long rflags) {
    Vmcs vmcs = processor.controlling();
    if (InterruptionInformation.hasErrorCode(information)) {
      vmcs.set(VmcsField.VM_EXIT_INTERRUPTION_ERROR_CODE, errorCode & LOW_32);
    }
    boolean faultOfIret =
        isUnblockedByIret()
            && InterruptionInformation.type(information) == EventType.HARDWARE_EXCEPTION
            && InterruptionInformation.vector(information) != EventDelivery.DOUBLE_FAULT;
    long reported =
        faultOfIret ? InterruptionInformation.withNmiUnblocking(information) : information;
    return exit(vmcs, reason, qualification, reported, rflags);
  }

  /** An EPT violation ("Exit Qualification for EPT Violations", Table 27-7). */
  StepOutcome eptViolation(WalkResult walk) {
    processor.controlling().set(VmcsField.GUEST_LINEAR_ADDRESS, in64BitMode(walk.linearAddress()));
    return translation(ExitReason.EPT_VIOLATION, walk, qualification(walk));
  }

  /** The exit qualification of an EPT violation (Table 27-7). */
  long qualification(WalkResult walk) {
    return walk.exitQualification() | nmiUnblocking();
  }

  /** A page-modification log-full event: of its qualification only bit 12 is defined (27.2.1). */
  StepOutcome modificationLogFull() {
    return exit(processor.controlling(), ExitReason.PML_FULL, nmiUnblocking(), 0, flagsOfAccess());
  }

  /** An SPP-related event (31.3.4.2, June 2026): bit 11 of the qualification says which. */
  StepOutcome subPageEvent(WalkResult walk, long qualification) {
    processor.controlling().set(VmcsField.GUEST_LINEAR_ADDRESS, in64BitMode(walk.linearAddress()));
    return translation(ExitReason.SPP_EVENT, walk, qualification | nmiUnblocking());
  }

  private long nmiUnblocking() {
    return isUnblockedByIret() ? ExitQualification.EptViolation.NMI_UNBLOCKING : 0;
  }

  /** RFLAGS as saved where an access exits: RF is 1 unless an event is being delivered (27.3.3). */
  private long flagsOfAccess() {
    boolean delivering = processor.events().delivering() != 0;
    return delivering ? state.rflags() : state.rflags() | CpuState.RF;
  }

  /** "NMI unblocking due to IRET": an IRET that ended blocking by NMI has met a fault. */
  private boolean isUnblockedByIret() {
    return processor.pending().unblockedByIret() && processor.events().delivering() == 0;
  }

  /** An APIC-access VM exit (Table 27-6). */
  StepOutcome apicAccess(long qualification) {
    return exit(processor.controlling(), ExitReason.APIC_ACCESS, qualification, 0, flagsOfAccess());
  }

  /** An EPT misconfiguration. */
  StepOutcome eptMisconfiguration(WalkResult walk) {
    return translation(ExitReason.EPT_MISCONFIG, walk, 0);
  }

  private StepOutcome translation(ExitReason reason, WalkResult walk, long qualification) {
    Vmcs vmcs = processor.controlling();
    vmcs.set(VmcsField.GUEST_PHYSICAL_ADDRESS, walk.guestPhysicalAddress());
    return exit(vmcs, reason, qualification, 0, flagsOfAccess());
  }

  /** Bits 63:32 of an address are recorded as 0 outside 64-bit mode. */
  private long in64BitMode(long address) {
    return state.in64BitMode() ? address : address & LOW_32;
  }

  private StepOutcome exit(
      Vmcs vmcs, ExitReason reason, long qualification, long interruption, long rflags) {
    record(vmcs, reason, qualification, interruption);
    if (!keepsPendingDebugExceptions(reason, interruption)) {
      state.pendingDebugExceptions = 0;
    }
    guestState.save(vmcs, rflags);
    boolean ia32eMode = state.inIa32eMode();
    long stored = vmcs.get(VmcsField.VM_EXIT_MSR_STORE_COUNT);
    if (msrLists.store(vmcs.get(VmcsField.VM_EXIT_MSR_STORE_ADDRESS), stored) != 0) {
      abort(VmxAbort.SAVING_GUEST_MSRS);
    } else if (ia32eMode && !vmcs.enabled(ExitControl.HOST_ADDRESS_SPACE_SIZE)) {
      abort(VmxAbort.LEAVING_IA32E_MODE);
    } else {
      boolean virtualNmis = processor.intercepts().on(PinControl.VIRTUAL_NMIS);
      boolean nmiBlocked =
          isNmi(interruption)
              || (!virtualNmis && (state.interruptibility & Interruptibility.NMI) != 0);
      loadHost(vmcs, nmiBlocked);
    }
    processor.cycles().exit += processor.costs().exit(reason.number());
    processor.transitions().exited(reason, vmcs);
    return StepOutcome.EXIT;
  }

  /** "Recording VM-Exit Information and Updating VM-Entry Control Fields" (27.2). */
  private void record(Vmcs vmcs, ExitReason reason, long qualification, long interruption) {
    long busLock = processor.pending().isBusLockPending() ? ExitReason.BUS_LOCK_ASSERTED : 0;
    vmcs.set(VmcsField.EXIT_REASON, reason.number() | busLock);
    vmcs.set(VmcsField.EXIT_QUALIFICATION, qualification);
    vmcs.set(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION, interruption);
    EventDelivery events = processor.events();
    long delivering = directly(reason, interruption) ? 0 : events.delivering();
    vmcs.set(VmcsField.IDT_VECTORING_INFORMATION, delivering);
    if (delivering != 0) {
      vmcs.set(VmcsField.IDT_VECTORING_ERROR_CODE, events.deliveringErrorCode() & LOW_32);
      if (state.usesFred()) {
        vmcs.set(VmcsField.ORIGINAL_EVENT_DATA, events.deliveringData());
      }
      vmcs.set(VmcsField.VM_EXIT_INSTRUCTION_LENGTH, events.deliveringLength());
    }
    events.deliveryEnded();
    long entryInformation = vmcs.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    vmcs.set(
        VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION,
        InterruptionInformation.invalidated(entryInformation));
    if (storesIa32eMode) {
      long controls = vmcs.get(VmcsField.VM_ENTRY_CONTROLS);
      long mask = EntryControl.IA_32E_MODE_GUEST.mask();
      vmcs.set(
          VmcsField.VM_ENTRY_CONTROLS, state.inIa32eMode() ? controls | mask : controls & ~mask);
    }
  }

  /**
   * Exits that are not considered to occur during event delivery (27.2.3): a double fault that
   * exits itself, and a triple fault.
   */
  private static boolean directly(ExitReason reason, long interruption) {
    return reason == ExitReason.TRIPLE_FAULT
        || isException(interruption, EventDelivery.DOUBLE_FAULT);
  }

  /** Exits that save pending debug exceptions rather than clearing them (27.3.4). */
  private boolean keepsPendingDebugExceptions(ExitReason reason, long interruption) {
    return switch (reason) {
      case INIT_SIGNAL, TPR_BELOW_THRESHOLD, EOI_INDUCED, APIC_WRITE, MONITOR_TRAP_FLAG -> true;
      case BUS_LOCK, NOTIFY -> true; // newer, and as much before debug traps as these
      default ->
          (state.interruptibility & Interruptibility.MOV_SS) != 0
              && !isException(interruption, EventDelivery.DEBUG);
    };
  }

  private static boolean isException(long interruption, int vector) {
    return InterruptionInformation.isValid(interruption)
        && InterruptionInformation.vector(interruption) == vector;
  }

  private static boolean isNmi(long interruption) {
    return InterruptionInformation.isValid(interruption)
        && InterruptionInformation.typeCode(interruption)
            == EventType.NON_MASKABLE_INTERRUPT.code();
  }

  /**
   * The end of a VM entry that failed during or after loading guest state (26.7): the exit reason
   * with bit 31, the qualification, and the host state; nothing else of an exit.
   */
  void entryFailure(Vmcs vmcs, ExitReason reason, long qualification) {
    vmcs.set(VmcsField.EXIT_REASON, (reason.number() | ExitReason.VM_ENTRY_FAILURE) & LOW_32);
    vmcs.set(VmcsField.EXIT_QUALIFICATION, qualification);
    loadHost(vmcs, (state.interruptibility & Interruptibility.NMI) != 0);
    processor.cycles().exit += processor.costs().exit(reason.number());
    processor.transitions().exited(reason, vmcs);
  }

  /** "Loading Host State" (27.5) and "Loading MSRs" (27.6). */
  private void loadHost(Vmcs vmcs, boolean nmiBlocked) {
    boolean vpid = Intercepts.vpidEnabled(vmcs);
    processor.mmu().beginTransition();
    if (!hostState.load(vmcs)) {
      abort(VmxAbort.HOST_PDPTES);
      return;
    }
    state.interruptibility = nmiBlocked ? Interruptibility.NMI : 0;
    processor.leaveNonRoot();
    Mmu mmu = processor.mmu();
    mmu.leaveGuest();
    if (!vpid) {
      mmu.cached().flushForVmTransition();
    }
    long count = vmcs.get(VmcsField.VM_EXIT_MSR_LOAD_COUNT);
    if (msrLists.load(vmcs.get(VmcsField.VM_EXIT_MSR_LOAD_ADDRESS), count) != 0) {
      abort(VmxAbort.LOADING_HOST_MSRS);
    }
  }

  /**
   * "VMX Aborts" (27.7): the indicator in the VMCS region, whose VMCS data stay as they are, and a
   * shutdown that ends with a RESET.
   */
  private void abort(VmxAbort abort) {
    long indicator = processor.vmx().currentPointer() + VmcsRegion.ABORT_INDICATOR_OFFSET;
    processor.memory().write32(indicator, abort.indicator());
    processor.abort(abort);
  }
}
