package io.vmxsim.cpu;

/**
 * Where the processor's time went, in core cycles. Translation is counted apart, by the MMU ({@link
 * io.vmxsim.ept.Mmu#translationCycles}); {@link Processor#now} adds everything up.
 */
public final class Cycles {
  /** Guest software's own instructions and the delivery of its events. */
  public long guest;

  /** VM exits and VM entries: the transitions themselves, with their MSR lists. */
  public long exit;

  /** Root software: VMX instructions other than VM entries, handlers, its user-space leg. */
  public long vmm;

  /** Time spent halted, with nothing to do. It passes, but it is not work. */
  public long idle;

  /** The work counted here: guest, exits and VMM, without translation and without idle time. */
  public long total() {
    return guest + exit + vmm;
  }
}
