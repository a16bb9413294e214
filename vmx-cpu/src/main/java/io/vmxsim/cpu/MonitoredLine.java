package io.vmxsim.cpu;

import io.vmxsim.ept.PhysicalMemory;

/**
 * The line of memory that MONITOR has armed ("MONITOR/MWAIT Instruction", 8.10.4). What triggers it
 * is found by looking at what the line holds, whenever its processor could go on: a store that
 * changes nothing does not trigger it.
 */
final class MonitoredLine {
  /** The smallest and the largest monitor line that the CPU profiles' CPUID leaf 5 reports. */
  private static final int BYTES = 64;

  private final PhysicalMemory memory;
  private final long[] then = new long[BYTES / Long.BYTES];
  private long line;
  private boolean armed;
  private boolean byUser;

  MonitoredLine(PhysicalMemory memory) {
    this.memory = memory;
  }

  /** MONITOR, or UMONITOR if {@code forUser}, of the line around a physical address. */
  void arm(long address, boolean forUser) {
    line = address & -BYTES;
    armed = true;
    byUser = forUser;
    for (int i = 0; i < then.length; i++) {
      then[i] = held(i);
    }
  }

  void disarm() {
    armed = false;
  }

  /** Whether it is armed by MONITOR, or by UMONITOR: neither works for the wait of the other. */
  boolean isArmed(boolean forUser) {
    return armed && byUser == forUser;
  }

  /** Whether somebody has stored something else in the line since it was armed. */
  boolean isTriggered() {
    for (int i = 0; i < then.length; i++) {
      if (held(i) != then[i]) {
        return true;
      }
    }
    return false;
  }

  private long held(int i) {
    return memory.read64(line + (long) i * Long.BYTES);
  }
}
