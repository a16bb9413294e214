package io.vmxsim.ept;

/** How a TLB picks the set of a page number. */
public enum IndexHash {
  /** The page number modulo the number of sets; any number of sets. */
  MODULO,
  /**
   * The exclusive-or of the two lowest fields of the page number, each as wide as the set index:
   * published for the second-level TLBs of Broadwell (8 bits) and Skylake (7 bits). The number of
   * sets must be a power of two.
   */
  XOR_FOLD
}
