package io.vmxsim.cpu;

/**
 * "VMX-Preemption Timer" (25.5.1): counts down with the changes of bit X of the time-stamp counter,
 * where X is the rate that IA32_VMX_MISC tells.
 */
final class VmxPreemptionTimer {
  private final Processor processor;
  private final int rate;

  /** The changes of that bit at which it will be 0. */
  private long end;

  VmxPreemptionTimer(Processor processor) {
    this.processor = processor;
    rate = processor.profile().vmxCapabilities().preemptionTimerRate();
  }

  /**
   * VM entry starts it as it begins (26.6.4).
   *
   * @param begin the time-stamp counter then
   */
  void start(long count, long begin) {
    end = (begin >>> rate) + count;
  }

  /** What it has left. */
  long value() {
    return Math.max(0, end - (timeStampCounter() >>> rate));
  }

  /** Cycles until it is 0. */
  long cyclesLeft() {
    return Math.max(0, (end << rate) - timeStampCounter());
  }

  private long timeStampCounter() {
    return processor.msrs().timeStampCounter();
  }
}
