package io.vmxsim.cpu.apic;

import java.util.Arrays;

/** A set of interrupt vectors, 0 to 255, as IRR, ISR and TMR hold them: one bit for each. */
public final class VectorSet {
  private final long[] bits = new long[4];

  /** Puts a vector into the set. */
  public void add(int vector) {
    bits[vector >>> 6] |= 1L << vector;
  }

  /** Takes a vector out of the set. */
  public void remove(int vector) {
    bits[vector >>> 6] &= ~(1L << vector);
  }

  /** Whether a vector is in the set. */
  public boolean contains(int vector) {
    return (bits[vector >>> 6] >>> vector & 1) != 0;
  }

  /** Whether no vector is in the set. */
  public boolean isEmpty() {
    return (bits[0] | bits[1] | bits[2] | bits[3]) == 0;
  }

  /** The highest vector of the set, or -1 if it is empty. */
  public int highest() {
    for (int i = bits.length - 1; i >= 0; i--) {
      if (bits[i] != 0) {
        return i << 6 | (Long.SIZE - 1 - Long.numberOfLeadingZeros(bits[i]));
      }
    }
    return -1;
  }

  /** The 32-bit register number {@code index}, 0 to 7, that shows vectors from 32 times it on. */
  public int register(int index) {
    return (int) (bits[index >>> 1] >>> ((index & 1) * Integer.SIZE));
  }

  /** Empties the set. */
  public void clear() {
    Arrays.fill(bits, 0);
  }
}
