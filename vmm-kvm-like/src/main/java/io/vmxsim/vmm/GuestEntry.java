package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * The way into the guest: what is brought up to date before each VM entry, and the entry (KVM's
 * vcpu_enter_guest).
 */
final class GuestEntry {
  private final Processor processor;
  private final CurrentVmcs vmcs;
  private final GuestControlRegisters control;
  private final Charges charges;
  private final GuestTimer timer;
  private final EventInjection injection;
  private final TprShadow taskPriority;
  private final @Nullable ParavirtualEoi paravirtualEoi;
  private final VcpuPaging paging;
  private boolean launched;

  GuestEntry(
      Processor processor,
      CurrentVmcs vmcs,
      GuestControlRegisters control,
      Charges charges,
      GuestTimer timer,
      EventInjection injection,
      TprShadow taskPriority,
      @Nullable ParavirtualEoi paravirtualEoi,
      VcpuPaging paging) {
    this.processor = processor;
    this.vmcs = vmcs;
    this.control = control;
    this.charges = charges;
    this.timer = timer;
    this.injection = injection;
    this.taskPriority = taskPriority;
    this.paravirtualEoi = paravirtualEoi;
    this.paging = paging;
  }

  /** Whether a guest that runs has to be entered anew, for something that came up meanwhile. */
  boolean isDueAgain() {
    return injection.isUrgent()
        || paging.isStale()
        || taskPriority.isStale()
        || (paravirtualEoi != null && paravirtualEoi.mustSee());
  }

  /** Enters the guest. */
  void enter() {
    timer.run();
    injection.beforeEntry();
    timer.beforeEntry();
    taskPriority.beforeEntry();
    if (paravirtualEoi != null) {
      paravirtualEoi.beforeEntry();
    }
    paging.beforeEntry();
    charges.once(Cost.VMM_STATE_SWAP);
    VmxOutcome outcome = launched ? processor.vmx().vmresume() : processor.vmx().vmlaunch();
    if (outcome != VmxOutcome.SUCCEED) {
      throw failed(outcome);
    }
    launched = true;
  }

  private IllegalStateException failed(VmxOutcome outcome) {
    long why =
        vmcs.read(
            outcome == VmxOutcome.FAIL_VALID
                ? VmcsField.VM_INSTRUCTION_ERROR
                : VmcsField.EXIT_REASON);
    return new IllegalStateException(
        "VM entry: %s %#x, %s, guest RIP %#x RFLAGS %#x CR0 %#x CR4 %#x EFER %#x, injected %#x"
            .formatted(
                outcome,
                why,
                processor,
                vmcs.read(VmcsField.GUEST_RIP),
                vmcs.read(VmcsField.GUEST_RFLAGS),
                vmcs.read(VmcsField.GUEST_CR0),
                vmcs.read(VmcsField.GUEST_CR4),
                control.state().efer(),
                vmcs.read(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION)));
  }
}
