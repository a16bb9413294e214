package io.vmxsim.guests;

import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.InputException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Puts what a loader loads into a machine's RAM, and refuses what does not fit. */
final class BootMemory {
  private static final long PAGE = PhysicalMemory.PAGE_BYTES;

  private final String source;
  private final Bus bus;
  private final PhysicalMemory memory;
  private final List<long[]> taken = new ArrayList<>();
  private long end;

  /**
   * @param source how errors name the image
   */
  BootMemory(String source, Machine machine) {
    this.source = source;
    bus = machine.bus();
    memory = machine.memory();
  }

  /** Loads the segments of an ELF file. */
  void place(ElfFile elf, byte[] image) {
    for (ElfFile.Segment segment : elf.segments()) {
      requireRam(segment.address(), segment.memoryBytes());
      memory.writeBytes(
          segment.address(), image, (int) segment.offset(), (int) segment.fileBytes());
    }
  }

  /** Loads {@code length} bytes of {@code bytes}. */
  void place(long address, byte[] bytes, int from, int length) {
    requireRam(address, length);
    memory.writeBytes(address, bytes, from, length);
  }

  /** Loads all of {@code bytes} behind what was loaded so far, in pages of its own. */
  long placeBehind(byte[] bytes) {
    long address = (end + PAGE - 1) & -PAGE;
    place(address, bytes, 0, bytes.length);
    return address;
  }

  /**
   * Loads a text in UTF-8 with the 0 that ends it.
   *
   * @return the address behind it
   */
  long placeText(long address, String text) {
    byte[] bytes = (text + '\0').getBytes(StandardCharsets.UTF_8);
    place(address, bytes, 0, bytes.length);
    return address + bytes.length;
  }

  /** Writes 32 bits. */
  void write32(long address, long value) {
    memory.write32(address, (int) value);
  }

  /** Writes 64 bits. */
  void write64(long address, long value) {
    memory.write64(address, value);
  }

  /** Whether anything was placed between two addresses. */
  boolean isTaken(long from, long to) {
    return taken.stream().anyMatch(range -> range[0] < to && from < range[1]);
  }

  private void requireRam(long address, long bytes) {
    boolean fits = bytes == 0 || (bus.isRam(address) && bus.isRam(address + bytes - 1));
    boolean below = address < bus.ramBelowEnd();
    if (!fits || below != address + bytes <= bus.ramBelowEnd()) {
      throw new InputException(
          source,
          "",
          String.format(
              "expected more RAM: it has to be loaded at %#x to %#x, and RAM below 4 GBytes ends at"
                  + " %#x",
              address, address + bytes, bus.ramBelowEnd()));
    }
    end = Math.max(end, address + bytes);
    taken.add(new long[] {address, address + bytes});
  }
}
