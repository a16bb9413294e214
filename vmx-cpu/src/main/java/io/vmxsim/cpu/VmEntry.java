package io.vmxsim.cpu;

import io.vmxsim.ept.EptFeatures;
import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.TranslationControls;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmInstructionError;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.rules.CpuFacts;
import io.vmxsim.vmcs.rules.EntryChecker;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntryRule;
import io.vmxsim.vmcs.rules.EptPointerRules;
import org.jspecify.annotations.Nullable;

/**
 * VM entries: chapter 26, in its order. Check controls and host state (26.2), check guest state
 * (26.3.1), load it (26.3.2), load MSRs (26.4), inject an event (26.5). The basic checks (26.1)
 * come before, in VMLAUNCH and VMRESUME.
 */
final class VmEntry {
  private static final VmcsField HLATP =
      VmcsField.HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER;

  private static final long OF_TRANSLATION =
      TertiaryControl.ENABLE_HLAT.mask()
          | TertiaryControl.EPT_PAGING_WRITE_CONTROL.mask()
          | TertiaryControl.GUEST_PAGING_VERIFICATION.mask();

  private final Processor processor;
  private final CpuState state;
  private final EntryContext context;
  private final EntryChecker checker;
  private final ModelledControls modelled;
  private final GuestStateArea guestState;
  private final MsrList msrList;
  private final EptFeatures eptFeatures;

  /** Whether the controls of the current VMCS are known to be modelled. */
  private boolean modelledControls;

  private @Nullable EntryRule broken;

  VmEntry(Processor processor) {
    this.processor = processor;
    state = processor.state();
    VmxCapabilities capabilities = processor.profile().vmxCapabilities();
    int width = processor.memory().addressBits();
    CpuFacts cpu = EntryCpuFacts.of(processor.profile().cpuid(), width);
    Vmcs none = new Vmcs(capabilities.revisionId());
    context = new EntryContext(capabilities, cpu, new EntrySurroundings(processor), none);
    checker = new EntryChecker(context);
    modelled = new ModelledControls(capabilities);
    guestState = new GuestStateArea(processor);
    msrList = new MsrList(processor);
    eptFeatures =
        new EptFeatures(capabilities.msr(VmxCapabilities.IA32_VMX_EPT_VPID_CAP), width, false);
  }

  /** Whether a VM entry with "enable EPT" would accept this EPTP, for INVEPT. */
  boolean isValidEptp(long eptp) {
    return EptPointerRules.accept(context, eptp);
  }

  /** A control was written, or another VMCS became current. */
  void forgetControls() {
    modelledControls = false;
  }

  /** The rule that the last VM entry broke; null if it broke none. */
  @Nullable EntryRule broken() {
    return broken;
  }

  /** What the last VM entry was checked against. */
  EntryContext context() {
    return context;
  }

  /**
   * "Checks on VMX Controls and Host-State Area" (26.2): the error number, or null. The checks on
   * guest state (26.3.1) are made at once with them; {@link #enter} reports what they found.
   */
  @Nullable VmInstructionError checkControlsAndHost(Vmcs vmcs) {
    broken = checker.firstBroken(vmcs);
    if (broken == null && !modelledControls) {
      modelled.requireControls(vmcs, state.rip);
    }
    if (broken == null) {
      return null;
    }
    processor.transitions().entryFailed(vmcs, broken, context);
    return broken.failure().error();
  }

  /**
   * The rest of a VM entry whose controls and host state have passed.
   *
   * @return false if it failed during or after loading guest state: host state is loaded
   */
  boolean enter(Vmcs vmcs, boolean launch) {
    long begin = processor.msrs().timeStampCounter();
    processor.cycles().exit += processor.costs().of(Cost.VM_ENTRY);
    if (broken != null) {
      return fail(vmcs, ExitReason.INVALID_STATE, broken.qualification());
    }
    processor.mmu().beginTransition();
    guestState.load(vmcs);
    boolean ept = vmcs.enabled(SecondaryControl.ENABLE_EPT);
    if (!ept && state.usesPaePaging()) {
      loadPdptes(vmcs);
    }
    enterGuestTranslation(vmcs, ept);
    long failed =
        msrList.load(
            vmcs.get(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS),
            vmcs.get(VmcsField.VM_ENTRY_MSR_LOAD_COUNT));
    if (failed != 0) {
      return fail(vmcs, ExitReason.MSR_LOAD_FAIL, failed);
    }
    if (launch) {
      vmcs.setLaunched(true);
    }
    modelledControls = true;
    processor.enterNonRoot(vmcs, begin);
    settleNonRegisterState(vmcs);
    return true;
  }

  private boolean fail(Vmcs vmcs, ExitReason reason, long qualification) {
    processor.vmExit().entryFailure(vmcs, reason, qualification);
    return false;
  }

  /** "Loading Page-Directory-Pointer-Table Entries" (26.3.2.4) from memory. */
  private void loadPdptes(Vmcs vmcs) {
    long table = vmcs.get(VmcsField.GUEST_CR3) & 0xffffffe0L;
    if (!PdpteRegisters.load(processor.memory(), state.paging(), table)) {
      throw new IllegalStateException("PDPTEs that passed the checks do not load: " + processor);
    }
  }

  private void enterGuestTranslation(Vmcs vmcs, boolean ept) {
    Mmu mmu = processor.mmu();
    boolean vpid = vmcs.enabled(SecondaryControl.ENABLE_VPID);
    if (ept) {
      mmu.setEptFeatures(
          eptFeatures
              .withModeBasedExecute(
                  vmcs.enabled(SecondaryControl.MODE_BASED_EXECUTE_CONTROL_FOR_EPT))
              .with(translationControls(vmcs)));
      processor.eptEvents().enterGuest(vmcs);
    }
    mmu.enterGuest(
        vpid ? (int) vmcs.get(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER) : 0,
        ept ? vmcs.get(VmcsField.EPT_POINTER) : 0);
    if (!vpid) {
      mmu.cached().flushForVmTransition();
    }
  }

  private static TranslationControls translationControls(Vmcs vmcs) {
    boolean subPages = vmcs.enabled(SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT);
    long tertiary = Intercepts.effectiveTertiary(vmcs) & OF_TRANSLATION;
    if (!subPages && tertiary == 0) {
      return TranslationControls.NONE;
    }
    boolean hlat = TertiaryControl.ENABLE_HLAT.in(tertiary);
    return new TranslationControls(
        TertiaryControl.EPT_PAGING_WRITE_CONTROL.in(tertiary),
        TertiaryControl.GUEST_PAGING_VERIFICATION.in(tertiary),
        subPages ? vmcs.get(VmcsField.SUB_PAGE_PERMISSION_TABLE_POINTER) : TranslationControls.OFF,
        hlat ? vmcs.get(HLATP) : TranslationControls.OFF,
        hlat ? (int) vmcs.get(VmcsField.HLAT_PREFIX_SIZE) : 0);
  }

  /** "Interruptibility State" (26.6.1), "Activity State" (26.6.2), and the event (26.5). */
  private void settleNonRegisterState(Vmcs vmcs) {
    long information = vmcs.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    boolean injects = InterruptionInformation.isValid(information);
    boolean vectoring = injects && !isMonitorTrap(information);
    int blocking = (int) vmcs.get(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
    state.activity = (int) vmcs.get(VmcsField.GUEST_ACTIVITY_STATE);
    state.interruptibility = vectoring ? blocking : blocking & ~Interruptibility.ENCLAVE;
    state.pendingDebugExceptions = 0;
    if (!(vectoring && state.usesFred()) && keepsPendingDebugExceptions(vmcs, vectoring)) {
      state.pendingDebugExceptions = vmcs.get(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS);
    }
    if (!vectoring) {
      if (injects) {
        processor.pending().pendMonitorTrap();
      }
      return;
    }
    state.activity = ActivityState.ACTIVE;
    state.interruptibility = blocking; // by STI or MOV SS until the delivery begins
    if (InterruptionInformation.type(information) == EventType.NON_MASKABLE_INTERRUPT) {
      state.interruptibility |= Interruptibility.NMI;
    }
    StepOutcome outcome =
        processor
            .events()
            .inject(
                information,
                (int) vmcs.get(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE),
                (int) vmcs.get(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH),
                vmcs.get(VmcsField.INJECTED_EVENT_DATA));
    if (outcome == StepOutcome.EXIT) {
      processor.exitedDuringEntry(); // which leaves enclave interruption as it was (27.3.4)
    } else {
      state.interruptibility &= ~Interruptibility.ENCLAVE;
    }
  }

  /**
   * "Injection of Pending MTF VM Exits" (26.5.2); other "other events" are SYSCALL and SYSENTER.
   */
  private static boolean isMonitorTrap(long information) {
    return InterruptionInformation.type(information) == EventType.OTHER_EVENT
        && InterruptionInformation.vector(information) == 0;
  }

  /** "Delivery of Pending Debug Exceptions after VM Entry" (26.6.3): whether there are any. */
  private static boolean keepsPendingDebugExceptions(Vmcs vmcs, boolean vectoring) {
    if (!DebugRegisters.isTrap(vmcs.get(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS))) {
      return false;
    }
    if (!vectoring) {
      long activity = vmcs.get(VmcsField.GUEST_ACTIVITY_STATE);
      return activity == ActivityState.ACTIVE || activity == ActivityState.HLT;
    }
    long information = vmcs.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    EventType type = InterruptionInformation.type(information);
    boolean blockedByMovSs =
        (vmcs.get(VmcsField.GUEST_INTERRUPTIBILITY_STATE) & Interruptibility.MOV_SS) != 0;
    return blockedByMovSs
        && (type == EventType.SOFTWARE_INTERRUPT || type == EventType.SOFTWARE_EXCEPTION);
  }
}
