package io.vmxsim.guests;

import static io.vmxsim.guests.KernelLayout.direct;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;

/**
 * Writes the modelled kernel's actions into a handler batch: one method per thing a kernel does.
 */
final class KernelCode {
  private static final int MSR_X2APIC_EOI = 0x80b;
  private static final int MSR_TSC_DEADLINE = 0x6e0;
  private static final int MSR_FS_BASE = 0xc000_0100;

  /**
   * CR3 bit 63: keep the translations of the PCID that is loaded (SDM, MOV to control registers).
   */
  private static final long CR3_NO_FLUSH = 1L << 63;

  private final GuestOsOptions options;
  private ActionBatch out = new ActionBatch(0);

  KernelCode(GuestOsOptions options) {
    this.options = options;
  }

  /** Where the actions go from now on. */
  void writeTo(ActionBatch handler) {
    out = handler;
  }

  /** Straight-line code. */
  void run(KernelPath path) {
    out.add(ActionKind.WORK, 0, path.address(), path.instructions());
  }

  /** The way in: with isolation, the kernel's own tables first. */
  void enter(AddressSpace space, int pcid) {
    if (space.isolated()) {
      loadCr3(space.top(), pcid);
    }
    run(KernelPath.ENTRY);
  }

  /** The way back to user level. */
  void leave(AddressSpace space, int pcid) {
    run(KernelPath.RETURN);
    if (space.isolated()) {
      loadCr3(space.userTop(), pcid + GuestOsModel.USER_PCID);
    }
    out.add(ActionKind.IRET, 0, 0, 0);
  }

  /** MOV to CR3, as Linux does it: with PCIDs the translations stay. */
  void loadCr3(long top, int pcid) {
    out.add(ActionKind.MOV_TO_CR, 3, 0, options.pcid() ? top | pcid | CR3_NO_FLUSH : top);
  }

  /** Reads 8 bytes of physical memory through the direct map. */
  void load(long physical) {
    out.add(ActionKind.LOAD, 8, direct(physical), 0);
  }

  /** Writes a paging-structure entry through the direct map. */
  void storeEntry(long physical, long value) {
    out.add(ActionKind.STORE_VALUE, 8, direct(physical), value);
  }

  /**
   * Zeroes memory through the direct map: one access to each 4-KByte frame, and the time of the
   * rest.
   */
  void zero(long physical, int shift) {
    if (!options.zeroing()) {
      return;
    }
    for (long frame = physical; frame < physical + (1L << shift); frame += 1 << 12) {
      out.add(ActionKind.STORE, 64, direct(frame), 0);
      run(KernelPath.ZERO_FRAME);
    }
  }

  /** Acknowledges a local-APIC interrupt (x2APIC). */
  void endOfInterrupt() {
    out.add(ActionKind.WRMSR, 0, MSR_X2APIC_EOI, 0);
  }

  /** Arms the next tick in TSC-deadline mode. */
  void armTimer() {
    out.add(ActionKind.RDTSC, 0, 0, 0);
    out.add(ActionKind.WRMSR, 0, MSR_TSC_DEADLINE, Long.MAX_VALUE);
  }

  /** Loads the thread pointer of the process switched to. */
  void loadThreadPointer(long value) {
    out.add(ActionKind.WRMSR, 0, MSR_FS_BASE & 0xffff_ffffL, value);
  }
}
