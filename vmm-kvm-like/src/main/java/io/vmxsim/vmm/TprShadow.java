package io.vmxsim.vmm;

import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import org.jspecify.annotations.Nullable;

/**
 * CR8 of a guest without VM exits, where the processor has a TPR shadow: "Virtualizing CR8-Based
 * TPR Accesses" (29.3). While the guest runs, its task priority is in the virtual-APIC page, else
 * in its local APIC. An interrupt that the priority holds back sets the TPR threshold, so that the
 * VMM hears when it no longer does. Without a TPR shadow, MOV to and from CR8 exit.
 */
final class TprShadow {
  private static final int VTPR = 0x80;
  private static final int CLASS_SHIFT = 4;

  private final Vm vm;
  private final CurrentVmcs vmcs;
  private final boolean supported;
  private final @Nullable LocalApic apic;
  private long page;
  private boolean inUse;
  private int shown; // the task priority in the page
  private int threshold;

  /**
   * @param apic the guest's local APIC; null if its interrupts come from a trace
   */
  TprShadow(Vm vm, CurrentVmcs vmcs, VmxCapabilities capabilities, @Nullable LocalApic apic) {
    this.vm = vm;
    this.vmcs = vmcs;
    this.apic = apic;
    supported = capabilities.supports(PrimaryControl.USE_TPR_SHADOW);
  }

  /** Has the VMM own the guest's task priority from now on. */
  void begin() {
    if (supported) {
      page = vm.frames().allocate();
      shown = vm.memory().read8(page + VTPR);
      inUse = true;
      vmcs.set(PrimaryControl.USE_TPR_SHADOW, true);
      vmcs.write(VmcsField.VIRTUAL_APIC_ADDRESS, page);
      vmcs.write(VmcsField.TPR_THRESHOLD, 0);
    } else {
      vmcs.set(PrimaryControl.CR8_LOAD_EXITING, true);
      vmcs.set(PrimaryControl.CR8_STORE_EXITING, true);
    }
  }

  /** The guest has run: takes over the task priority that it has set. */
  void afterRun() {
    LocalApic guests = apic;
    if (inUse && guests != null) {
      int priority = vm.memory().read8(page + VTPR);
      if (priority != shown) {
        shown = priority;
        guests.setTaskPriority(priority);
      }
    }
  }

  /** Before an entry: the guest goes on with the task priority that its local APIC has. */
  void beforeEntry() {
    LocalApic guests = apic;
    if (inUse && guests != null) {
      if (guests.taskPriority() != shown) {
        shown = guests.taskPriority();
        vm.memory().write8(page + VTPR, shown);
      }
      int wanted = wantedThreshold(guests);
      if (wanted != threshold) {
        vmcs.write(VmcsField.TPR_THRESHOLD, wanted);
        threshold = wanted;
      }
    }
  }

  /** Whether an interrupt has come that the guest's task priority holds back. */
  boolean isStale() {
    LocalApic guests = apic;
    return inUse && guests != null && wantedThreshold(guests) != threshold;
  }

  /** The class of the most urgent request, unless the task priority lets it pass. */
  private static int wantedThreshold(LocalApic apic) {
    int requested = Math.max(apic.highestRequest(), 0) >>> CLASS_SHIFT;
    return apic.taskPriority() >>> CLASS_SHIFT < requested ? 0 : requested;
  }
}
