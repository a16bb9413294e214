package io.vmxsim.validation.host;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What an instruction starts from or leaves: the records of {@code instruction.c}, but for the
 * instruction's bytes in front and the signal.
 */
final class HostState {
  /** Bytes of memory that a case sees, at {@link HostCases#DATA}. */
  static final int WINDOW = 64;

  static final int BYTES = 128 + 8 + 64 + 512 + 8 + WINDOW;

  final long[] registers = new long[16];
  long rflags;
  final long[] mmx = new long[8];

  /** Sixteen vector registers of four longs. */
  final long[] vectors = new long[64];

  long mxcsr;
  final byte[] data = new byte[WINDOW];

  void write(ByteBuffer into) {
    into.asLongBuffer().put(registers).put(rflags).put(mmx).put(vectors).put(mxcsr);
    into.position(into.position() + BYTES - WINDOW);
    into.put(data);
  }

  void read(ByteBuffer from) {
    var longs = from.asLongBuffer();
    longs.get(registers);
    rflags = longs.get();
    longs.get(mmx).get(vectors);
    mxcsr = longs.get();
    from.position(from.position() + BYTES - WINDOW);
    from.get(data);
  }

  void copyFrom(HostState other) {
    System.arraycopy(other.registers, 0, registers, 0, registers.length);
    rflags = other.rflags;
    System.arraycopy(other.mmx, 0, mmx, 0, mmx.length);
    System.arraycopy(other.vectors, 0, vectors, 0, vectors.length);
    mxcsr = other.mxcsr;
    System.arraycopy(other.data, 0, data, 0, data.length);
  }

  /** What differs from {@code expected}, one line each; flags only where {@code flags} has ones. */
  String differences(HostState expected, long flags) {
    StringBuilder text = new StringBuilder();
    compare(text, "r", registers, expected.registers);
    if (((rflags ^ expected.rflags) & flags) != 0) {
      text.append(
          String.format(
              "  rflags %x, expected %x, of %x%n", rflags & flags, expected.rflags & flags, flags));
    }
    compare(text, "mm", mmx, expected.mmx);
    compare(text, "vector long ", vectors, expected.vectors);
    if (mxcsr != expected.mxcsr) {
      text.append(String.format("  mxcsr %x, expected %x%n", mxcsr, expected.mxcsr));
    }
    if (!Arrays.equals(data, expected.data)) {
      text.append(
          String.format(
              "  data %s%n  expected %s%n", Arrays.toString(data), Arrays.toString(expected.data)));
    }
    return text.toString();
  }

  private static void compare(StringBuilder text, String name, long[] have, long[] expected) {
    for (int i = 0; i < have.length; i++) {
      if (have[i] != expected[i]) {
        text.append(String.format("  %s%d %x, expected %x%n", name, i, have[i], expected[i]));
      }
    }
  }
}
