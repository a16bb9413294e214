package io.vmxsim.cpu;

/**
 * The status flags of RFLAGS (CF, PF, AF, ZF, SF, OF), kept as what the last operation left and
 * computed when somebody asks ("Status Flags", volume 1, 3.4.3.1).
 *
 * <p>{@code result} is the sign-extended result. {@code carries} holds the carry out of bit 3 (AF)
 * in bit 3, the carry out of the result's top bit (CF) in bit 63 and the carry into it in bit 62,
 * so that OF is the exclusive or of the two. Flags that no result shows, such as ZF and SF both
 * set, are expressed by corrections: bit 0 inverts SF, bits 15:8 are combined with the byte whose
 * parity is PF.
 */
public final class StatusFlags {
  /** All six. */
  public static final long MASK =
      CpuState.CF | CpuState.PF | CpuState.AF | CpuState.ZF | CpuState.SF | CpuState.OF;

  private static final long CARRY_OUT = 1L << 63;
  private static final long CARRIES = 3L << 62;
  private static final long HALF_CARRY = 1 << 3;

  private long result = 1;
  private long carries = 1 << 8;

  /** Leaves what a sum, difference or comparison of {@code size} bytes sets. */
  public void setArithmetic(long signExtendedResult, long carryVector, int size) {
    result = signExtendedResult;
    carries =
        (carryVector << (Long.SIZE - Byte.SIZE * size) & CARRIES) | (carryVector & HALF_CARRY);
  }

  /** As {@link #setArithmetic} with CF left as it is, for INC and DEC. */
  public void setArithmeticKeepingCf(long signExtendedResult, long carryVector, int size) {
    long before = carries;
    setArithmetic(signExtendedResult, carryVector, size);
    carries ^= (before ^ carries) >> 63 & CARRIES; // both, so that OF stays
  }

  /** Leaves what a bitwise operation sets: CF and OF clear; AF, undefined there, clear. */
  public void setLogic(long signExtendedResult) {
    result = signExtendedResult;
    carries = 0;
  }

  /** Leaves SF, ZF and PF of a result with given CF and OF, AF clear. */
  public void setShifted(long signExtendedResult, boolean cf, boolean of) {
    result = signExtendedResult;
    carries = carries(cf, of);
  }

  /** Sets CF and leaves the others. */
  public void setCf(boolean cf) {
    if (cf != cf()) {
      carries ^= CARRIES; // both, so that OF stays
    }
  }

  /** Sets OF and leaves the others. */
  public void setOf(boolean of) {
    if (of != of()) {
      carries ^= 1L << 62;
    }
  }

  /** Sets ZF and leaves the others. */
  public void setZf(boolean zf) {
    long bits = bits();
    set(zf ? bits | CpuState.ZF : bits & ~CpuState.ZF);
  }

  public boolean cf() {
    return carries < 0;
  }

  public boolean pf() {
    return (Integer.bitCount((int) (result ^ carries >>> 8) & 0xff) & 1) == 0;
  }

  public boolean af() {
    return (carries & HALF_CARRY) != 0;
  }

  public boolean zf() {
    return result == 0;
  }

  public boolean sf() {
    return (result ^ carries << 63) < 0;
  }

  public boolean of() {
    return (carries ^ carries << 1) < 0;
  }

  /**
   * Whether a condition holds ("EFLAGS Condition Codes", volume 1, appendix B).
   *
   * @param code 0 (overflow) to 15 (greater), as Jcc encodes it
   */
  public boolean condition(int code) {
    boolean holds =
        switch (code >> 1) {
          case 0 -> of();
          case 1 -> cf();
          case 2 -> zf();
          case 3 -> cf() || zf();
          case 4 -> sf();
          case 5 -> pf();
          case 6 -> sf() != of();
          default -> zf() || sf() != of();
        };
    return holds != ((code & 1) != 0);
  }

  /** The flags at their places in RFLAGS. */
  public long bits() {
    return (cf() ? CpuState.CF : 0)
        | (pf() ? CpuState.PF : 0)
        | (af() ? CpuState.AF : 0)
        | (zf() ? CpuState.ZF : 0)
        | (sf() ? CpuState.SF : 0)
        | (of() ? CpuState.OF : 0);
  }

  /** Sets the flags from their places in RFLAGS. */
  public void set(long rflags) {
    result = (rflags & CpuState.ZF) != 0 ? 0 : 1 << 8;
    carries =
        carries((rflags & CpuState.CF) != 0, (rflags & CpuState.OF) != 0)
            | ((rflags & CpuState.SF) != 0 ? 1 : 0)
            | ((rflags & CpuState.PF) != 0 ? 0 : 1 << 8)
            | ((rflags & CpuState.AF) != 0 ? HALF_CARRY : 0);
  }

  private static long carries(boolean cf, boolean of) {
    return (cf ? CARRY_OUT : 0) | (cf != of ? 1L << 62 : 0);
  }
}
