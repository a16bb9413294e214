package io.vmxsim.cpu;

import io.vmxsim.ept.EptPointer;
import io.vmxsim.ept.PageModificationLog;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/**
 * What EPT violations and dirty flags for EPT lead to besides VM exits: "Virtualization Exceptions"
 * (25.5.6) and "Page-Modification Logging" (28.2.5).
 */
final class EptEvents implements PageModificationLog {
  /** Entries of the page-modification log. */
  private static final int LOG_ENTRIES = 512;

  private static final int VIRTUALIZATION_EXCEPTION = 20;

  /** Offsets in the virtualization-exception information area (Table 25-1). */
  private static final int VE_BUSY = 4;

  private static final int VE_QUALIFICATION = 8;
  private static final int VE_LINEAR_ADDRESS = 16;
  private static final int VE_PHYSICAL_ADDRESS = 24;
  private static final int VE_EPTP_INDEX = 32;

  private final Processor processor;

  EptEvents(Processor processor) {
    this.processor = processor;
  }

  /** VM entry with "enable EPT": whether there is a log, which needs dirty flags for EPT. */
  void enterGuest(Vmcs vmcs) {
    boolean logs =
        vmcs.enabled(SecondaryControl.ENABLE_PML)
            && EptPointer.accessedDirtyEnabled(vmcs.get(VmcsField.EPT_POINTER));
    processor.mmu().walker().setModificationLog(logs ? this : null);
  }

  @Override
  public boolean isFull() {
    return processor.controlling().get(VmcsField.PML_INDEX) >= LOG_ENTRIES;
  }

  @Override
  public void append(long guestPhysicalAddress) {
    Vmcs vmcs = processor.controlling();
    long index = vmcs.get(VmcsField.PML_INDEX);
    processor.memory().write64(vmcs.get(VmcsField.PML_ADDRESS) + 8 * index, guestPhysicalAddress);
    vmcs.set(VmcsField.PML_INDEX, index - 1 & 0xffff);
  }

  /** An EPT violation: a virtualization exception if it may be one, else a VM exit. */
  StepOutcome violation(WalkResult walk) {
    return becomesException(walk) ? raise(walk) : processor.vmExit().eptViolation(walk);
  }

  /** "Convertible EPT Violations" (25.5.6.1). */
  private boolean becomesException(WalkResult walk) {
    return processor.intercepts().on(SecondaryControl.EPT_VIOLATION_VE)
        && walk.convertibleToVirtualizationException()
        && (processor.state().cr0() & CpuState.CR0_PE) != 0
        && processor.events().delivering() == 0
        && processor.memory().read32(area() + VE_BUSY) == 0;
  }

  private long area() {
    return processor.controlling().get(VmcsField.VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS);
  }

  private StepOutcome raise(WalkResult walk) {
    PhysicalMemory memory = processor.memory();
    long area = area();
    memory.write32(area, ExitReason.EPT_VIOLATION.number());
    memory.write32(area + VE_BUSY, -1);
    memory.write64(area + VE_QUALIFICATION, processor.vmExit().qualification(walk));
    memory.write64(area + VE_LINEAR_ADDRESS, walk.linearAddress());
    memory.write64(area + VE_PHYSICAL_ADDRESS, walk.guestPhysicalAddress());
    long index = processor.controlling().get(VmcsField.EPTP_INDEX);
    memory.write16(area + VE_EPTP_INDEX, (int) index);
    return processor.raise(VIRTUALIZATION_EXCEPTION, 0, 0);
  }
}
