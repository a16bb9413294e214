package io.vmxsim.cpu.board;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * QEMU's firmware configuration device, its port interface ("QEMU Firmware Configuration (fw_cfg)
 * Device"): a 16-bit selector at 510H, and the bytes of the item selected at 511H, one after the
 * other. What is past an item's end, or was never put there, reads as 0.
 */
public final class FirmwareConfiguration implements PortDevice {
  /** The ports of the selector and of the data. */
  public static final int SELECTOR_PORT = 0x510;

  public static final int PORTS = 2;

  /** Items by their selectors. */
  public static final int SIGNATURE = 0;

  public static final int INTERFACE_VERSION = 1;
  public static final int RAM_BYTES = 3;
  public static final int PROCESSORS = 5;
  public static final int MOST_PROCESSORS = 15;

  private static final byte[] NO_ITEM = new byte[0];

  private final Map<Integer, byte[]> items = new HashMap<>();
  private byte[] selected = NO_ITEM;
  private int position;

  /** The items every machine has. */
  public FirmwareConfiguration(long ramBytes, int processors) {
    put(SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
    put(INTERFACE_VERSION, littleEndian(1, Integer.BYTES));
    put(RAM_BYTES, littleEndian(ramBytes, Long.BYTES));
    put(PROCESSORS, littleEndian(processors, Short.BYTES));
    put(MOST_PROCESSORS, littleEndian(processors, Short.BYTES));
  }

  /** Adds or replaces an item. */
  public void put(int selector, byte[] item) {
    items.put(selector, item.clone());
  }

  /** The lowest {@code bytes} bytes of a number, as items hold numbers. */
  public static byte[] littleEndian(long value, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return Arrays.copyOf(buffer.putLong(value).array(), bytes);
  }

  @Override
  public int in(int port, int size) {
    if (port == SELECTOR_PORT) {
      return 0;
    }
    return position < selected.length ? selected[position++] & 0xff : 0;
  }

  @Override
  public void out(int port, int size, int value) {
    if (port == SELECTOR_PORT) {
      selected = items.getOrDefault(value, NO_ITEM);
      position = 0;
    }
  }

  /** The selector takes 16 bits; a wide access to the data port is one byte and ones above. */
  @Override
  public int widest() {
    return 2;
  }
}
