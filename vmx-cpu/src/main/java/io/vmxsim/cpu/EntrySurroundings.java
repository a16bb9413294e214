package io.vmxsim.cpu;

import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.rules.EntryEnvironment;

/**
 * The processor and its memory as the checks of VM entry see them. There is no SMM and no Intel PT,
 * and what WRMSR accepts shows when the MSR-load area is loaded.
 */
final class EntrySurroundings implements EntryEnvironment {
  private final Processor processor;
  private final PhysicalMemory memory;

  EntrySurroundings(Processor processor) {
    this.processor = processor;
    memory = processor.memory();
  }

  @Override
  public long currentVmcsPointer() {
    return processor.vmx().currentPointer();
  }

  @Override
  public boolean isBlockedByMovSs() {
    return (processor.state().interruptibility & Interruptibility.MOV_SS) != 0;
  }

  @Override
  public boolean isLongModeActive() {
    return (processor.state().efer() & CpuState.EFER_LMA) != 0;
  }

  @Override
  public boolean isInSmm() {
    return false;
  }

  @Override
  public boolean isTracing() {
    return false;
  }

  @Override
  public int read32(long address) {
    return memory.read32(address);
  }

  @Override
  public long read64(long address) {
    return memory.read64(address);
  }
}
