package io.vmxsim.traces;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Cycles;
import io.vmxsim.cpu.ExitObserver;
import io.vmxsim.cpu.Processor;
import io.vmxsim.traces.ReplayResult.HotSpotKind;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Watches a processor's VM exits and hands each to {@link ExitStatistics} with its duration. The
 * time outside the guest between one exit and the next is the first one's, but for the second's own
 * transition.
 */
final class ExitRecorder implements ExitObserver {
  private static final int NONE = -1;
  private static final int PAGE_FAULT_EXCEPTION = 0x8000_0b0e;
  private static final long PAGE_MASK = -4096;

  private final Processor processor;
  private final int number;
  private final BooleanSupplier inModelledKernel;
  private final ExitStatistics statistics;
  private final @Nullable RunDetails details;
  private int open = NONE;
  private boolean openFromModel;
  private long openSince;
  private long openAt;

  /**
   * @param number the processor's, among the guest's
   * @param inModelledKernel whether what runs is the model of a guest kernel
   * @param details that keep each exit and its time, or null
   */
  ExitRecorder(
      Processor processor,
      int number,
      BooleanSupplier inModelledKernel,
      ExitStatistics statistics,
      @Nullable RunDetails details) {
    this.processor = processor;
    this.number = number;
    this.inModelledKernel = inModelledKernel;
    this.statistics = statistics;
    this.details = details;
  }

  @Override
  public void exited(ExitReason reason, Vmcs vmcs) {
    long transition = processor.costs().exit(reason.number());
    long start = outside() - transition;
    close(start);
    open = reason.number();
    openFromModel = inModelledKernel.getAsBoolean();
    openSince = start;
    openAt = details == null ? 0 : now() - transition;
    if (statistics.wantsPlaces()) {
      addPlaces(reason, vmcs);
    }
  }

  /** Ends the last exit's time: the run is over. */
  void close() {
    close(outside());
  }

  /** The warm-up is over: an exit under way then is not counted. */
  void restart() {
    open = NONE;
    statistics.reset();
    if (details != null) {
      details.restart(now());
    }
  }

  private void close(long end) {
    if (open != NONE) {
      statistics.add(open, end - openSince, openFromModel);
      if (details != null) {
        details.add(number, open, openAt, end - openSince);
      }
      open = NONE;
    }
  }

  /** Cycles spent outside the guest so far. */
  private long outside() {
    Cycles cycles = processor.cycles();
    return cycles.exit + cycles.vmm;
  }

  /** Cycles of all kinds so far. */
  private long now() {
    Cycles cycles = processor.cycles();
    return cycles.guest + cycles.exit + cycles.vmm + processor.mmu().translationCycles();
  }

  private void addPlaces(ExitReason reason, Vmcs vmcs) {
    int number = reason.number();
    long qualification = vmcs.get(VmcsField.EXIT_QUALIFICATION);
    statistics.addPlace(HotSpotKind.INSTRUCTION, number, vmcs.get(VmcsField.GUEST_RIP));
    switch (reason) {
      case EPT_VIOLATION, EPT_MISCONFIG ->
          statistics.addPlace(
              HotSpotKind.PAGE, number, vmcs.get(VmcsField.GUEST_LINEAR_ADDRESS) & PAGE_MASK);
      case INVLPG -> statistics.addPlace(HotSpotKind.PAGE, number, qualification & PAGE_MASK);
      case EXCEPTION_NMI -> {
        if ((int) vmcs.get(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION) == PAGE_FAULT_EXCEPTION) {
          statistics.addPlace(HotSpotKind.PAGE, number, qualification & PAGE_MASK);
        }
      }
      case IO_INSTRUCTION ->
          statistics.addPlace(HotSpotKind.PORT, number, (qualification >>> 16) & 0xffff);
      case MSR_READ, MSR_WRITE ->
          statistics.addPlace(
              HotSpotKind.MSR, number, processor.state().register(CpuState.RCX) & 0xffff_ffffL);
      default -> {}
    }
  }
}
