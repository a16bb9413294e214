package io.vmxsim.cpu.board;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * QEMU's pci-testdev ("PCI test device", QEMU specifications): software chooses a test, reads where
 * and in which width to write which data, and the device counts the writes that fit. One header in
 * memory, one in ports.
 */
public final class PciTestDevice extends PciFunction {
  private static final int VENDOR = 0x1b36;
  private static final int DEVICE = 0x0005;
  private static final int OTHER_CLASS = 0xff0000;
  private static final int MEMORY_BYTES = 0x1000;
  private static final int IO_BYTES = 0x100;

  /** A test device with its memory and ports where the bus's windows begin. */
  public PciTestDevice() {
    super(VENDOR, DEVICE, OTHER_CLASS);
    addBar((int) PciBus.MEMORY, MEMORY_BYTES, false, new Header());
    addBar(PciBus.IO, IO_BYTES, true, new Header());
  }

  /** Test number, width, where to write what, the count, and the test's name ended by a 0. */
  private static final class Header implements MemoryDevice {
    private static final int TEST = 0;
    private static final int WIDTH = 1;
    private static final int OFFSET = 4;
    private static final int DATA = 8;
    private static final int COUNT = 12;
    private static final int NAME = 16;
    private static final int TARGET = 0x40;
    private static final int EXPECTED = 0xfa;
    private static final int BYTES = 0x80;

    private static final List<String> TESTS =
        List.of("no-eventfd", "wildcard-eventfd", "datamatch-eventfd");

    private final ByteBuffer header =
        ByteBuffer.allocate(BYTES + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    @Override
    public long read(long offset, int size) {
      return offset < BYTES ? header.getLong((int) offset) : 0;
    }

    @Override
    public void write(long offset, int size, long value) {
      if (offset == TEST) {
        choose((int) value & 0xff);
      } else if (offset == TARGET && size == header.get(WIDTH) && value == header.getInt(DATA)) {
        header.putInt(COUNT, header.getInt(COUNT) + 1);
      }
    }

    /** Without a test of that number the width is 0. */
    private void choose(int test) {
      for (int i = 0; i < BYTES; i++) {
        header.put(i, (byte) 0);
      }
      if (test < TESTS.size()) {
        header.put(TEST, (byte) test).put(WIDTH, (byte) 1);
        header.putInt(OFFSET, TARGET).putInt(DATA, EXPECTED);
        header.put(NAME, TESTS.get(test).getBytes(StandardCharsets.US_ASCII));
      }
    }
  }
}
