package io.vmxsim.cpu;

import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/**
 * The time-stamp counter as software on the processor sees it (25.3, RDTSC), and PAUSE-loop exiting
 * (25.1.3, PAUSE), which measures with it.
 */
final class TimeStamp {
  private static final int MULTIPLIER_FRACTION = 48;

  private final Processor processor;
  private long firstPause;
  private long lastPause;
  private long entryOfLastPause = -1;

  TimeStamp(Processor processor) {
    this.processor = processor;
  }

  /** The counter, with TSC scaling and offset in VMX non-root operation. */
  long read() {
    long counter = processor.msrs().timeStampCounter();
    Intercepts intercepts = processor.intercepts();
    if (!intercepts.on(PrimaryControl.USE_TSC_OFFSETTING)) {
      return counter;
    }
    Vmcs vmcs = processor.controlling();
    if (intercepts.on(SecondaryControl.USE_TSC_SCALING)) {
      counter = scale(counter, vmcs.get(VmcsField.TSC_MULTIPLIER));
    }
    return counter + vmcs.get(VmcsField.TSC_OFFSET);
  }

  /**
   * The value of the counter itself at which software sees it reach {@code virtual}: that less the
   * offset, times 2 to the 48th, by the multiplier; the greatest there is if it does not fit.
   */
  long unscaled(long virtual) {
    Intercepts intercepts = processor.intercepts();
    if (!intercepts.on(PrimaryControl.USE_TSC_OFFSETTING)) {
      return virtual;
    }
    Vmcs vmcs = processor.controlling();
    long difference = virtual - vmcs.get(VmcsField.TSC_OFFSET);
    if (!intercepts.on(SecondaryControl.USE_TSC_SCALING)) {
      return difference;
    }
    long multiplier = vmcs.get(VmcsField.TSC_MULTIPLIER);
    long high = difference >>> (Long.SIZE - MULTIPLIER_FRACTION);
    if (Long.compareUnsigned(high, multiplier) >= 0) {
      return -1;
    }
    return divide(high, difference << MULTIPLIER_FRACTION, multiplier);
  }

  /** The unsigned quotient of 128 bits, whose upper half is below the divisor. */
  private static long divide(long high, long low, long divisor) {
    long rest = high;
    long quotient = 0;
    for (int bit = Long.SIZE - 1; bit >= 0; bit--) {
      boolean carry = rest < 0;
      rest = rest << 1 | (low >>> bit & 1);
      if (carry || Long.compareUnsigned(rest, divisor) >= 0) {
        rest -= divisor;
        quotient |= 1L << bit;
      }
    }
    return quotient;
  }

  /** Bits 111:48 of the unsigned 128-bit product. */
  private static long scale(long counter, long multiplier) {
    long high =
        Math.multiplyHigh(counter, multiplier)
            + (counter >> 63 & multiplier)
            + (multiplier >> 63 & counter);
    return high << (Long.SIZE - MULTIPLIER_FRACTION)
        | (counter * multiplier) >>> MULTIPLIER_FRACTION;
  }

  /**
   * A PAUSE at CPL 0 under "PAUSE-loop exiting": whether the loop it belongs to has lasted longer
   * than PLE_Window. A gap longer than PLE_Gap, or a VM entry, starts a new loop.
   */
  boolean pauseLoopTooLong() {
    if (!processor.intercepts().on(SecondaryControl.PAUSE_LOOP_EXITING)) {
      return false;
    }
    Vmcs vmcs = processor.controlling();
    long now = processor.msrs().timeStampCounter();
    boolean firstAfterEntry = entryOfLastPause != processor.transitions().entries();
    boolean starts = firstAfterEntry || now - lastPause > vmcs.get(VmcsField.PLE_GAP);
    lastPause = now;
    entryOfLastPause = processor.transitions().entries();
    if (starts) {
      firstPause = now;
      return false;
    }
    return now - firstPause > vmcs.get(VmcsField.PLE_WINDOW);
  }
}
