package io.vmxsim.cpu.board;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The configuration space of one PCI function ("PCI Local Bus Specification" 3.0, chapter 6), with
 * the memory and ports that its base address registers place.
 */
public class PciFunction {
  private static final int BYTES = 256;
  private static final int VENDOR = 0;
  private static final int COMMAND = 4;
  private static final int CLASS = 8;
  private static final int FIRST_BAR = 0x10;
  private static final int HEADER_BYTES = 0x40;
  private static final int BAR_IS_IO = 1;
  private static final int IO_ENABLED = 1;
  private static final int MEMORY_ENABLED = 2;
  private static final int INTERRUPT_LINE = 0x3c;

  /** What software can change besides base addresses: commands, and where the interrupt goes. */
  private static final int COMMAND_WRITABLE = 0x0507;

  private record Bar(int register, int bytes, MemoryDevice device, boolean io) {}

  private final ByteBuffer space = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final List<Bar> bars = new ArrayList<>();

  /**
   * A function without memory or ports, switched off.
   *
   * @param classCode base class, sub-class and interface, 24 bits
   */
  public PciFunction(int vendor, int device, int classCode) {
    space.putInt(VENDOR, device << 16 | vendor);
    space.putInt(CLASS, classCode << 8);
  }

  /**
   * Adds memory, or ports, behind the next base address register, where firmware has put them.
   *
   * @param bytes a power of two
   */
  final void addBar(int address, int bytes, boolean io, MemoryDevice device) {
    int register = FIRST_BAR + bars.size() * Integer.BYTES;
    bars.add(new Bar(register, bytes, device, io));
    space.putInt(register, io ? address | BAR_IS_IO : address);
    int command = space.getInt(COMMAND) | (io ? IO_ENABLED : MEMORY_ENABLED);
    space.putInt(COMMAND, command);
  }

  final int readConfiguration(int register, int size) {
    int shift = (register & 3) * Byte.SIZE;
    return space.getInt(register & ~3) >>> shift & (int) (-1L >>> (Long.SIZE - size * Byte.SIZE));
  }

  final void writeConfiguration(int register, int size, int value) {
    int aligned = register & ~3;
    int shift = (register & 3) * Byte.SIZE;
    int written = (int) (-1L >>> (Long.SIZE - size * Byte.SIZE)) << shift;
    int mask = written & writable(aligned);
    space.putInt(aligned, (space.getInt(aligned) & ~mask) | (value << shift & mask));
  }

  private int writable(int register) {
    if (register == COMMAND) {
      return COMMAND_WRITABLE;
    }
    if (register == INTERRUPT_LINE) {
      return 0xff;
    }
    for (Bar bar : bars) {
      if (bar.register == register) {
        return -bar.bytes; // reads of ones written tell the size
      }
    }
    return register < HEADER_BYTES ? 0 : -1;
  }

  /** What answers at an address, or null. */
  final @Nullable Hit find(long address, boolean io) {
    boolean on = (space.getInt(COMMAND) & (io ? IO_ENABLED : MEMORY_ENABLED)) != 0;
    for (Bar bar : bars) {
      long base = Integer.toUnsignedLong(space.getInt(bar.register) & -bar.bytes);
      if (on && bar.io == io && address >= base && address < base + bar.bytes) {
        return new Hit(bar.device, address - base);
      }
    }
    return null;
  }

  /** A device, and the offset in it. */
  record Hit(MemoryDevice device, long offset) {}
}
