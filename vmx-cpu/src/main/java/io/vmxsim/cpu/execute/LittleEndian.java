package io.vmxsim.cpu.execute;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Values in the bytes of a page, little-endian at any alignment. */
final class LittleEndian {
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  /** The value of {@code size} bytes (1, 2, 4 or 8), zero-extended. */
  static long get(byte[] page, int offset, int size) {
    return switch (size) {
      case 8 -> (long) LONGS.get(page, offset);
      case 4 -> (int) INTS.get(page, offset) & 0xffffffffL;
      case 2 -> (short) SHORTS.get(page, offset) & 0xffff;
      default -> page[offset] & 0xff;
    };
  }

  /** Sets {@code size} bytes (1, 2, 4 or 8). */
  static void set(byte[] page, int offset, int size, long value) {
    switch (size) {
      case 8 -> LONGS.set(page, offset, value);
      case 4 -> INTS.set(page, offset, (int) value);
      case 2 -> SHORTS.set(page, offset, (short) value);
      default -> page[offset] = (byte) value;
    }
  }
}
