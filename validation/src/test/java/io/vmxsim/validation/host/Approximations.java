package io.vmxsim.validation.host;

import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * Results that the SDM bounds and does not define: transcendental functions to one unit in the last
 * place ("Transcendental Instruction Accuracy", volume 1, 8.3.10), reciprocals to 1.5·2^-12 of
 * their size (volume 2, "RCPPS" and "RSQRTPS"), and which of several NaNs a dot product is (volume
 * 2, "DPPS").
 */
final class Approximations {
  private static final double RECIPROCAL_ERROR = 1.5 / 4096;
  private static final long C1 = 1L << (16 + 9);

  private Approximations() {}

  /**
   * Whether two faults are the same as far as is defined: of the elements of a masked store it is
   * not which of several in a page is reported (volume 2, "VMASKMOV").
   */
  static boolean areAlike(Instruction in, HostFault here, HostFault there) {
    return switch (in.op) {
      case VMASKMOVPS_M_V, VMASKMOVPD_M_V, VPMASKMOVD_M_V, VPMASKMOVQ_M_V ->
          here.code() == there.code() && (here.address() ^ there.address()) < OperandPlaces.PAGE;
      default -> here.equals(there);
    };
  }

  /**
   * Whether a fault may leave some of the registers loaded: XRSTOR's of a reserved bit of MXCSR,
   * which processors find after the registers that they load first, here before all.
   */
  static boolean isPartlyDone(Instruction in, HostFault fault) {
    return in.op == Op.XRSTOR && fault.isGeneralProtection();
  }

  /** Makes {@code here} equal to {@code there} where both are within the bounds. */
  static void settle(Instruction in, HostState here, HostState there) {
    switch (in.op) {
      case FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1 -> transcendental(here, there);
      case RCPPS, RCPSS, RSQRTPS, RSQRTSS -> reciprocals(here.vectors, there.vectors);
      case DPPS -> dotProducts(here.vectors, there.vectors, 1, 0x7f800000L);
      case DPPD -> dotProducts(here.vectors, there.vectors, 2, 0x7ff0000000000000L);
      default -> {}
    }
  }

  private static void transcendental(HostState here, HostState there) {
    for (int i = 0; i < here.stack.length; i += 2) {
      if (isLastPlace(here.stack, there.stack, i)) {
        here.stack[i] = there.stack[i];
        here.stack[i + 1] = there.stack[i + 1];
      }
    }
    here.x87 = (here.x87 & ~C1) | (there.x87 & C1); // which way it was rounded
  }

  /** Whether the registers at {@code i} are neighbours or equal. */
  private static boolean isLastPlace(long[] a, long[] b, int i) {
    long distance = a[i] - b[i];
    if (a[i + 1] == b[i + 1]) {
      return Math.abs(distance) <= 1;
    }
    boolean up = a[i + 1] + 1 == b[i + 1] && a[i] == -1 && b[i] == Long.MIN_VALUE;
    boolean down = b[i + 1] + 1 == a[i + 1] && b[i] == -1 && a[i] == Long.MIN_VALUE;
    return up || down;
  }

  private static void reciprocals(long[] here, long[] there) {
    for (int i = 0; i < here.length; i++) {
      long low = near((int) here[i], (int) there[i]) & 0xffffffffL;
      long high = near((int) (here[i] >>> 32), (int) (there[i] >>> 32));
      here[i] = low | high << 32;
    }
  }

  private static int near(int here, int there) {
    double mine = Float.intBitsToFloat(here);
    double other = Float.intBitsToFloat(there);
    return Math.abs(mine - other) <= RECIPROCAL_ERROR * Math.abs(mine) ? there : here;
  }

  /** Elements of 4 or 8 bytes that are NaNs on both sides become the same. */
  private static void dotProducts(long[] here, long[] there, int doublewords, long infinity) {
    int bits = Integer.SIZE * doublewords;
    for (int i = 0; i < here.length; i++) {
      for (int at = 0; at < Long.SIZE; at += bits) {
        long mask = -1L >>> (Long.SIZE + 1 - bits); // all but the sign
        if ((here[i] >>> at & mask) > infinity && (there[i] >>> at & mask) > infinity) {
          long element = (bits == Long.SIZE ? -1 : 0xffffffffL) << at;
          here[i] = (here[i] & ~element) | (there[i] & element);
        }
      }
    }
  }
}
