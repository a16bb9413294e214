package io.vmxsim.ept;

/** The page-modification log as a walk needs it: SDM "Page-Modification Logging" (28.2.5). */
public interface PageModificationLog {

  /** Whether the index is outside the log: then no accessed or dirty flag for EPT is set. */
  boolean isFull();

  /**
   * Adds an entry; the log is not full.
   *
   * @param guestPhysicalAddress bits 11:0 are 0
   */
  void append(long guestPhysicalAddress);
}
