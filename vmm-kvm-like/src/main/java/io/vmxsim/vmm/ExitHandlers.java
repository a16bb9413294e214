package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuidInstruction;
import io.vmxsim.cpu.EventDelivery;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsField;
import org.jspecify.annotations.Nullable;

/**
 * The handlers by exit reason, and by vector for exceptions. A reason without a handler is one that
 * this VMM's controls do not let happen, or that it does not model: it stops the run by name.
 */
final class ExitHandlers {
  private static final int VECTORS = 32;

  private final @Nullable ExitHandler[] byReason = new ExitHandler[ExitReason.values().length];
  private final @Nullable ExitHandler[] byVector = new ExitHandler[VECTORS];

  /** The handlers that EPT and shadow paging share. */
  ExitHandlers(CpuidInstruction cpuid) {
    on(ExitReason.EXCEPTION_NMI, new ExceptionHandler(byVector));
    on(ExitReason.EXTERNAL_INTERRUPT, new ExternalInterruptHandler());
    on(ExitReason.TRIPLE_FAULT, vcpu -> HandlerOutcome.STOP);
    on(ExitReason.TASK_SWITCH, new TaskSwitchHandler());
    on(ExitReason.INTERRUPT_WINDOW, vcpu -> HandlerOutcome.RESUME);
    on(ExitReason.CPUID, new CpuidHandler(cpuid));
    on(ExitReason.HLT, new HltHandler());
    on(ExitReason.RDPMC, new RdpmcHandler());
    on(ExitReason.RDTSC, new RdtscHandler());
    on(ExitReason.RDTSCP, new RdtscHandler());
    on(ExitReason.VMCALL, new VmcallHandler());
    on(ExitReason.CR_ACCESS, new CrAccessHandler());
    on(ExitReason.DR_ACCESS, new DrAccessHandler());
    on(ExitReason.IO_INSTRUCTION, new IoHandler());
    on(ExitReason.MSR_READ, new MsrReadHandler());
    on(ExitReason.MSR_WRITE, new MsrWriteHandler());
    on(ExitReason.XSETBV, new XsetbvHandler());
    on(ExitReason.PREEMPTION_TIMER, new PreemptionTimerHandler());
    onException(EventDelivery.DEBUG, new DebugExceptionHandler());
    on(ExitReason.NMI_WINDOW, vcpu -> HandlerOutcome.RESUME);
    on(ExitReason.TPR_BELOW_THRESHOLD, vcpu -> HandlerOutcome.RESUME);
    onNothingToDo();
    onVmxInstructions();
  }

  /** Instructions that this VMM intercepts as KVM does, and that need nothing done. */
  private void onNothingToDo() {
    ExitHandler nothing = vcpu -> HandlerOutcome.SKIP_INSTRUCTION;
    on(ExitReason.PAUSE_INSTRUCTION, nothing);
    on(ExitReason.MONITOR_INSTRUCTION, nothing);
    on(ExitReason.MWAIT_INSTRUCTION, nothing);
    on(ExitReason.INVD, nothing);
    on(ExitReason.WBINVD, nothing);
  }

  /** The guest has no VMX: each of its instructions is an invalid opcode. */
  private void onVmxInstructions() {
    ExitHandler undefined = vcpu -> vcpu.injection().exception(ExceptionHandler.INVALID_OPCODE, 0);
    for (ExitReason reason : ExitReason.ROOT_INSTRUCTIONS) {
      on(reason, undefined);
    }
    on(ExitReason.VMFUNC, undefined);
  }

  /** Adds a handler of a reason. */
  @SuppressWarnings("EnumOrdinal") // an array by declaration order, never stored
  void on(ExitReason reason, ExitHandler handler) {
    byReason[reason.ordinal()] = handler;
  }

  /** Adds a handler of an exception that would otherwise be the guest's own. */
  void onException(int vector, ExitHandler handler) {
    byVector[vector] = handler;
  }

  /** Calls the handler of a reason. */
  @SuppressWarnings("EnumOrdinal") // an array by declaration order, never stored
  HandlerOutcome handle(ExitReason reason, Vcpu vcpu) {
    ExitHandler handler = byReason[reason.ordinal()];
    if (handler == null) {
      throw new NotModelledException(
          "a VMM's answer to the VM exit " + reason.traceName(),
          vcpu.vmcs().read(VmcsField.GUEST_RIP));
    }
    return handler.handle(vcpu);
  }
}
