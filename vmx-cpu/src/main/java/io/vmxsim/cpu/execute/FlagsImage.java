package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;

/**
 * RFLAGS as PUSHF, POPF, IRET and event delivery store and load it (volume 2, “POPF”, “IRET”):
 * which bits a program of some privilege may change.
 */
final class FlagsImage {
  static final long DF = 1 << 10;
  static final long IOPL = 3 << 12;
  static final long NT = 1 << 14;
  static final long VIF = 1 << 19;
  static final long VIP = 1 << 20;
  static final long ID = 1 << 21;

  /** Every flag there is, and bit 1. */
  static final long DEFINED = 0x3f7fd7;

  private static final long ANYBODY =
      CpuState.CF
          | CpuState.PF
          | CpuState.AF
          | CpuState.ZF
          | CpuState.SF
          | CpuState.TF
          | DF
          | CpuState.OF
          | NT
          | CpuState.AC
          | ID;

  private final CpuState state;
  private final Segmentation segments;
  private final Faults faults;

  FlagsImage(CpuState state, Segmentation segments, Faults faults) {
    this.state = state;
    this.segments = segments;
    this.faults = faults;
  }

  /** What PUSHF pushes: RF and VM are clear in it. */
  long pushed() {
    requireAccess();
    return state.rflags() & ~(CpuState.RF | CpuState.VM);
  }

  /** PUSHF, POPF and IRET need IOPL 3 in virtual-8086 mode. */
  void requireAccess() {
    if (segments.virtual8086()) {
      segments.requireVirtual8086Iopl();
    }
  }

  /** POPF of {@code size} bytes; RF, VIF and VIP become 0, the last two not of 2 bytes. */
  void pop(long value, int size) {
    long mask = writable(size);
    long cleared = size == 2 || segments.virtual8086() ? CpuState.RF : CpuState.RF | VIF | VIP;
    state.setRflags((state.rflags() & ~(mask | cleared)) | (value & mask));
  }

  /** IRET of {@code size} bytes to the same or an outer level, executed at the present one. */
  long returned(long value, int size) {
    boolean privileged = size != 2 && segments.protectedMode() && state.cpl() == 0;
    long mask = writable(size) | (size == 2 ? 0 : CpuState.RF) | (privileged ? VIF | VIP : 0);
    return (state.rflags() & ~mask) | (value & mask);
  }

  private long writable(int size) {
    int cpl = segments.protectedMode() ? state.cpl() : 0;
    long iopl = (state.controlFlags() & IOPL) >>> 12;
    long mask = ANYBODY | (cpl == 0 ? IOPL : 0) | (cpl <= iopl ? CpuState.IF : 0);
    return size == 2 ? mask & 0xffff : mask;
  }

  /** CLI and STI need CPL at most IOPL. */
  void requireInterruptFlagAccess() {
    requireAccess();
    long iopl = (state.controlFlags() & IOPL) >>> 12;
    if (segments.protectedMode() && state.cpl() > iopl) {
      if (state.cpl() == 3 && (state.cr4() & CpuState.CR4_PVI) != 0) {
        throw faults.notModelled("protected-mode virtual interrupts (CR4.PVI)");
      }
      throw faults.generalProtection(0);
    }
  }
}
