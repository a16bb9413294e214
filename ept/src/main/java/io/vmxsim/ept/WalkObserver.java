package io.vmxsim.ept;

/** Told of every paging-structure entry a walk reads from memory, in order. */
@FunctionalInterface
public interface WalkObserver {
  /** The two dimensions of a walk. */
  enum Dimension {
    /** Paging structures referenced by CR3 (by the guest's CR3 while EPT is in use). */
    GUEST,
    /** EPT paging structures. */
    EPT
  }

  /**
   * An entry was read.
   *
   * @param level 1 (page table) to 5 (PML5 table)
   * @param entryAddress physical address of the entry
   * @param entry its contents (32-bit entries zero-extended)
   */
  void entryRead(Dimension dimension, int level, long entryAddress, long entry);

  /** A walk has ended, however it did. */
  default void walkEnded() {}
}
