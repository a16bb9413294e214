package io.vmxsim.ept;

/** Masks written as the SDM writes them: "bits 51:12" is {@code BitRange.bits(51, 12)}. */
final class BitRange {
  private BitRange() {}

  /**
   * Bits {@code high} down to {@code low}, both included; 0 when {@code high < low} (an empty
   * range).
   */
  static long bits(int high, int low) {
    return high < low ? 0 : (-1L >>> (63 - high)) & (-1L << low);
  }

  /** The single bit {@code n}. */
  static long bit(int n) {
    return 1L << n;
  }
}
