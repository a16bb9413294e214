package io.vmxsim.guests;

import io.vmxsim.vmcs.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * An executable in ELF for x86, 32-bit or 64-bit ("Tool Interface Standard: Executable and Linking
 * Format", 1.2, and its 64-bit form in the "System V Application Binary Interface").
 */
final class ElfFile {
  private static final int MAGIC = 0x464c457f;
  private static final int CLASS = 4;
  private static final int CLASS_32 = 1;
  private static final int CLASS_64 = 2;
  private static final int DATA = 5;
  private static final int LITTLE_ENDIAN = 1;
  private static final int MACHINE = 18;
  private static final int MACHINE_386 = 3;
  private static final int MACHINE_X86_64 = 62;
  private static final int ENTRY = 24;
  private static final int LOADED = 1;

  /** Bytes of the two file headers. */
  private static final int HEADER_32 = 52;

  private static final int HEADER_64 = 64;

  /**
   * A part of the file to be loaded.
   *
   * @param address physical
   * @param offset in the file
   * @param fileBytes bytes taken from the file
   * @param memoryBytes bytes in memory; those not in the file are 0
   */
  record Segment(long address, long offset, long fileBytes, long memoryBytes) {
    long end() {
      return address + memoryBytes;
    }
  }

  private final String source;
  private final ByteBuffer file;
  private final boolean is64Bit;
  private final List<Segment> segments = new ArrayList<>();

  /** Whether the bytes start as an ELF file does. */
  static boolean isElf(byte[] image) {
    return image.length >= Integer.BYTES
        && ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).getInt() == MAGIC;
  }

  /**
   * Reads the headers.
   *
   * @param source how errors name the file
   * @throws InputException if the file is not one that can be loaded
   */
  ElfFile(String source, byte[] image) {
    this.source = source;
    file = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    require(image.length >= HEADER_32, "an ELF header, but the file ends in it");
    int kind = image[CLASS];
    is64Bit = kind == CLASS_64;
    require(kind == CLASS_32 || is64Bit, "ELF class 1 or 2, not " + kind);
    require(!is64Bit || image.length >= HEADER_64, "an ELF header, but the file ends in it");
    require(image[DATA] == LITTLE_ENDIAN, "a little-endian ELF file");
    int machine = file.getShort(MACHINE);
    require(
        machine == MACHINE_386 || machine == MACHINE_X86_64,
        "an ELF file for x86 (machine 3 or 62), not " + machine);
    readSegments();
  }

  private void readSegments() {
    long table = is64Bit ? file.getLong(32) : unsigned(28);
    int entryBytes = file.getShort(is64Bit ? 54 : 42) & 0xffff;
    int count = file.getShort(is64Bit ? 56 : 44) & 0xffff;
    int least = is64Bit ? 56 : 32;
    require(
        count == 0 || (entryBytes >= least && fits(table, (long) entryBytes * count)),
        "a program header table inside the file");
    for (int i = 0; i < count; i++) {
      int at = (int) table + i * entryBytes;
      if (file.getInt(at) == LOADED) {
        Segment segment = segment(at);
        if (segment.memoryBytes > 0) {
          add(segment, i);
        }
      }
    }
    require(!segments.isEmpty(), "something to load: no program header says PT_LOAD");
  }

  private Segment segment(int at) {
    return is64Bit
        ? new Segment(
            file.getLong(at + 24),
            file.getLong(at + 8),
            file.getLong(at + 32),
            file.getLong(at + 40))
        : new Segment(unsigned(at + 12), unsigned(at + 4), unsigned(at + 16), unsigned(at + 20));
  }

  private void add(Segment segment, int number) {
    String name = "program header " + number;
    require(fits(segment.offset, segment.fileBytes), name + " inside the file, which is truncated");
    require(
        segment.fileBytes <= segment.memoryBytes, name + " no larger in the file than in memory");
    require(segment.address >= 0 && segment.end() > 0, name + " at a possible address");
    for (Segment other : segments) {
      require(
          segment.end() <= other.address || other.end() <= segment.address,
          name + " apart from the others, but it overlaps one");
    }
    segments.add(segment);
  }

  /** What is to be loaded, in the order of the file, without overlaps. */
  List<Segment> segments() {
    return segments;
  }

  /** Where execution starts. */
  long entry() {
    return is64Bit ? file.getLong(ENTRY) : unsigned(ENTRY);
  }

  /** Whether it is meant for 64-bit mode. */
  boolean is64Bit() {
    return is64Bit;
  }

  private long unsigned(int at) {
    return Integer.toUnsignedLong(file.getInt(at));
  }

  private boolean fits(long offset, long bytes) {
    return offset >= 0 && bytes >= 0 && offset <= file.limit() && bytes <= file.limit() - offset;
  }

  private void require(boolean condition, String expected) {
    if (!condition) {
      throw new InputException(source, "", "expected " + expected);
    }
  }
}
