package io.vmxsim.guests;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.vmcs.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Loads kernels with a multiboot header ("Multiboot Specification version 0.6.96"), ELF files and
 * those that carry their load addresses in the header, with modules, command line and memory map.
 */
final class MultibootLoader {
  private static final int HEADER_MAGIC = 0x1badb002;
  private static final int LOADED_MAGIC = 0x2badb002;

  /** The header lies in the first so many bytes, 32-bit aligned (3.1). */
  private static final int SEARCHED = 8192;

  /** Header flags: align modules, tell memory; and that the header has the load addresses. */
  private static final int KNOWN_REQUIREMENTS = 0b11;

  private static final int REQUIREMENTS = 0xffff;
  private static final int HAS_ADDRESSES = 1 << 16;

  /** Flags of the information structure (3.3): which of its fields are there. */
  private static final int HAS_MEMORY = 1;

  private static final int HAS_COMMAND_LINE = 1 << 2;
  private static final int HAS_MODULES = 1 << 3;
  private static final int HAS_MEMORY_MAP = 1 << 6;
  private static final int HAS_LOADER_NAME = 1 << 9;

  /**
   * Where the information structure lies, what it points to behind it: seldom in a kernel's way.
   */
  private static final long INFORMATION = 0x9_0000;

  private static final long LOADER_NAME = INFORMATION + 0x80;
  private static final long MEMORY_MAP = INFORMATION + 0x100;
  private static final long MODULES = INFORMATION + 0x200;
  private static final long MODULE_BYTES = 16;
  private static final int MOST_MODULES = 64;
  private static final long STRINGS = MODULES + MOST_MODULES * MODULE_BYTES;

  private static final int MAP_ENTRY_BYTES = 24;
  private static final int AVAILABLE = 1;
  private static final int RESERVED = 2;

  /** The end of the RAM that IBM's PC had below its adapters, and where RAM goes on. */
  private static final long LOWER_MEMORY = 640 << 10;

  private static final long UPPER_MEMORY = 1 << 20;
  private static final long FOUR_GIB = 1L << 32;

  private final BootRequest request;
  private final ByteBuffer image;
  private final int header;
  private final Machine machine;
  private final BootMemory memory;
  private long strings = STRINGS;

  private MultibootLoader(BootRequest request, Machine machine) {
    this.request = request;
    this.machine = machine;
    image = ByteBuffer.wrap(request.image()).order(ByteOrder.LITTLE_ENDIAN);
    header = findHeader(request.image());
    memory = new BootMemory(request.source(), machine);
  }

  /** Whether the image has a multiboot header. */
  static boolean accepts(byte[] image) {
    return findHeader(image) >= 0;
  }

  /**
   * Loads an image that {@link #accepts} accepts, and leaves the first processor about to run it.
   *
   * @throws InputException if it cannot be loaded
   */
  static void load(BootRequest request, Machine machine) {
    new MultibootLoader(request, machine).load();
  }

  /** The offset of the header, -1 if there is none: its three words add up to 0. */
  private static int findHeader(byte[] bytes) {
    ByteBuffer image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int end = Math.min(SEARCHED, bytes.length);
    for (int at = 0; at + 12 <= end; at += 4) {
      if (image.getInt(at) == HEADER_MAGIC
          && image.getInt(at) + image.getInt(at + 4) + image.getInt(at + 8) == 0) {
        return at;
      }
    }
    return -1;
  }

  private void load() {
    int flags = image.getInt(header + 4);
    int unknown = flags & REQUIREMENTS & ~KNOWN_REQUIREMENTS;
    if (unknown != 0) {
      throw bad(String.format("no multiboot requirement but 0 and 1; it has flags %#x", unknown));
    }
    long entry = (flags & HAS_ADDRESSES) != 0 ? loadByHeader() : loadElf();
    describe();
    enter(machine.processor(0).state(), entry);
  }

  private long loadElf() {
    ElfFile elf = new ElfFile(request.source(), request.image());
    memory.place(elf, request.image());
    return elf.entry();
  }

  /** The header's address fields (3.1.3): header, load start, load end, bss end, entry. */
  private long loadByHeader() {
    if (header + 32 > image.limit()) {
      throw bad("the multiboot header's address fields, but the file ends in them");
    }
    long start = address(16);
    long offset = header - (address(12) - start);
    long loadEnd = address(20) == 0 ? start + image.limit() - offset : address(20);
    if (offset < 0 || loadEnd < start || loadEnd - start > image.limit() - offset) {
      throw bad("the multiboot header's load addresses inside the file, which may be truncated");
    }
    memory.place(start, request.image(), (int) offset, (int) (loadEnd - start));
    return address(28);
  }

  private long address(int field) {
    return Integer.toUnsignedLong(image.getInt(header + field));
  }

  /** Writes the information structure and what it points to. */
  private void describe() {
    if (memory.isTaken(INFORMATION, LOWER_MEMORY)) {
      throw bad(String.format("the RAM at %#x to %#x free", INFORMATION, LOWER_MEMORY));
    }
    Bus bus = machine.bus();
    int flags = HAS_MEMORY | HAS_COMMAND_LINE | HAS_MODULES | HAS_MEMORY_MAP | HAS_LOADER_NAME;
    memory.write32(INFORMATION, flags);
    memory.write32(INFORMATION + 4, LOWER_MEMORY >> 10);
    memory.write32(INFORMATION + 8, (bus.ramBelowEnd() - UPPER_MEMORY) >> 10);
    memory.write32(INFORMATION + 20, request.modules().size());
    memory.write32(INFORMATION + 24, MODULES);
    describeModules(request.modules());
    memory.write32(INFORMATION + 16, text(request.fullCommandLine()));
    memory.write32(INFORMATION + 44, describeMemory(bus));
    memory.write32(INFORMATION + 48, MEMORY_MAP);
    memory.write32(INFORMATION + 64, LOADER_NAME);
    memory.placeText(LOADER_NAME, "vmxsim");
  }

  private void describeModules(List<BootRequest.Module> modules) {
    if (modules.size() > MOST_MODULES) {
      throw bad("at most " + MOST_MODULES + " modules");
    }
    long at = MODULES;
    for (BootRequest.Module module : modules) {
      long start = memory.placeBehind(module.bytes());
      memory.write32(at, start);
      memory.write32(at + 4, start + module.bytes().length);
      memory.write32(at + 8, text(module.name()));
      at += MODULE_BYTES;
    }
  }

  private long text(String text) {
    long address = strings;
    strings = memory.placeText(address, text);
    if (strings >= LOWER_MEMORY) {
      throw bad("shorter command lines");
    }
    return address;
  }

  /**
   * @return the bytes of the map
   */
  private int describeMemory(Bus bus) {
    int bytes = mapEntry(0, 0, LOWER_MEMORY, AVAILABLE);
    bytes = mapEntry(bytes, LOWER_MEMORY, UPPER_MEMORY, RESERVED);
    bytes = mapEntry(bytes, UPPER_MEMORY, bus.ramBelowEnd(), AVAILABLE);
    return bus.ramAboveEnd() > FOUR_GIB
        ? mapEntry(bytes, FOUR_GIB, bus.ramAboveEnd(), AVAILABLE)
        : bytes;
  }

  private int mapEntry(int at, long from, long to, int kind) {
    long address = MEMORY_MAP + at;
    memory.write32(address, MAP_ENTRY_BYTES - Integer.BYTES);
    memory.write64(address + 4, from);
    memory.write64(address + 12, to - from);
    memory.write32(address + 20, kind);
    return at + MAP_ENTRY_BYTES;
  }

  /** The machine state of 3.2: flat 32-bit protected mode, paging and interrupts off. */
  private static void enter(CpuState state, long entry) {
    ProtectedMode.enter(state, entry);
    state.setRegister(RAX, LOADED_MAGIC);
    state.setRegister(RBX, INFORMATION);
  }

  private InputException bad(String expected) {
    return new InputException(request.source(), "", "expected " + expected);
  }
}
