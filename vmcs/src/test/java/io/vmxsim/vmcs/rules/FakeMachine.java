package io.vmxsim.vmcs.rules;

import java.util.Map;
import java.util.TreeMap;

/** Surroundings of a VM entry that a test writes down: a few register bits and sparse memory. */
public final class FakeMachine implements EntryEnvironment {

  /** WRMSR refuses this index, and any value with bit 63. */
  static final int REFUSED_MSR = 0xDEAD;

  long currentVmcs = 0x1000;
  long executiveVmcs = 0x2000;
  boolean movSs;
  boolean launch;
  boolean longMode;
  boolean smm;
  boolean tracing;
  final Map<Long, Long> memory = new TreeMap<>(); // quadwords by address, 0 elsewhere

  FakeMachine copy() {
    FakeMachine copy = new FakeMachine();
    copy.currentVmcs = currentVmcs;
    copy.executiveVmcs = executiveVmcs;
    copy.movSs = movSs;
    copy.launch = launch;
    copy.longMode = longMode;
    copy.smm = smm;
    copy.tracing = tracing;
    copy.memory.putAll(memory);
    return copy;
  }

  @Override
  public long currentVmcsPointer() {
    return currentVmcs;
  }

  @Override
  public long executiveVmcsPointer() {
    return executiveVmcs;
  }

  @Override
  public boolean isBlockedByMovSs() {
    return movSs;
  }

  @Override
  public boolean isLaunch() {
    return launch;
  }

  @Override
  public boolean isLongModeActive() {
    return longMode;
  }

  @Override
  public boolean isInSmm() {
    return smm;
  }

  @Override
  public boolean isTracing() {
    return tracing;
  }

  @Override
  public int read32(long address) {
    return (int) (read64(address & ~7L) >>> ((address & 4) * 8));
  }

  @Override
  public long read64(long address) {
    return memory.getOrDefault(address, 0L);
  }

  @Override
  public boolean refusesWrmsr(int index, long value) {
    return index == REFUSED_MSR || value < 0;
  }
}
