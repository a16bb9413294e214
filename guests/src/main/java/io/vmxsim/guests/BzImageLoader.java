package io.vmxsim.guests;

import static io.vmxsim.cpu.CpuState.RSI;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.vmcs.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Loads Linux kernels ("The Linux/x86 Boot Protocol", with its 32-bit entry), with an initial RAM
 * disk, which is the first module, and a command line.
 */
final class BzImageLoader {
  private static final int SECTOR = 512;

  /** The setup header: where it is in the file and in the boot parameters alike. */
  private static final int HEADER = 0x1f1;

  private static final int JUMP_DISPLACEMENT = 0x201;
  private static final int MAGIC_AT = 0x202;
  private static final int MAGIC = 0x53726448; // HdrS
  private static final int VERSION = 0x206;
  private static final int OLDEST_VERSION = 0x0206;
  private static final int LOADER_TYPE = 0x210;
  private static final int UNKNOWN_LOADER = 0xff;
  private static final int LOAD_FLAGS = 0x211;
  private static final int LOADED_HIGH = 1;
  private static final int CODE_START = 0x214;
  private static final int RAM_DISK = 0x218;
  private static final int RAM_DISK_BYTES = 0x21c;
  private static final int COMMAND_LINE = 0x228;
  private static final int HIGHEST_RAM_DISK = 0x22c;
  private static final int COMMAND_LINE_BYTES = 0x238;

  /** The memory map in the boot parameters: 20 bytes each. */
  private static final int MAP_ENTRIES = 0x1e8;

  private static final int MAP = 0x2d0;
  private static final int AVAILABLE = 1;
  private static final int RESERVED = 2;

  private static final int PARAMETERS_BYTES = 4096;
  private static final long PARAMETERS = 0x9_0000;
  private static final long COMMAND_LINE_ADDRESS = 0x9_2000;
  private static final long GDT = 0x9_1000;
  private static final int GDT_LIMIT = 0x1f;
  private static final long CODE_DESCRIPTOR = 0x00cf_9b00_0000_ffffL;
  private static final long DATA_DESCRIPTOR = 0x00cf_9300_0000_ffffL;

  private static final long LOWER_MEMORY = 0x9_fc00;
  private static final long UPPER_MEMORY = 1 << 20;
  private static final long FOUR_GIB = 1L << 32;
  private static final long PAGE = 4096;

  private final BootRequest request;
  private final Machine machine;
  private final BootMemory memory;
  private final ByteBuffer image;
  private final ByteBuffer parameters =
      ByteBuffer.wrap(new byte[PARAMETERS_BYTES]).order(ByteOrder.LITTLE_ENDIAN);

  private BzImageLoader(BootRequest request, Machine machine) {
    this.request = request;
    this.machine = machine;
    memory = new BootMemory(request.source(), machine);
    image = ByteBuffer.wrap(request.image()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether the image has the header of a Linux kernel. */
  static boolean accepts(byte[] image) {
    return image.length >= MAGIC_AT + Integer.BYTES
        && ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).getInt(MAGIC_AT) == MAGIC;
  }

  /**
   * Loads an image that {@link #accepts} accepts, and leaves the first processor about to run it.
   *
   * @throws InputException if it cannot be loaded
   */
  static void load(BootRequest request, Machine machine) {
    new BzImageLoader(request, machine).load();
  }

  private void load() {
    require(image.limit() > LOAD_FLAGS, "all of the setup header");
    int version = image.getShort(VERSION) & 0xffff;
    boolean high = (image.get(LOAD_FLAGS) & LOADED_HIGH) != 0;
    require(
        version >= OLDEST_VERSION && high,
        String.format("a bzImage with boot protocol 2.06 or later, not %#x", version));
    int setupSectors = image.get(HEADER) == 0 ? 4 : image.get(HEADER) & 0xff;
    int setupBytes = (setupSectors + 1) * SECTOR;
    require(setupBytes < image.limit(), "all of the file, which is truncated");
    copyHeader();
    long entry = Integer.toUnsignedLong(image.getInt(CODE_START));
    memory.place(entry, request.image(), setupBytes, image.limit() - setupBytes);
    placeCommandLine();
    placeRamDisk();
    describeMemory(machine.bus());
    byte[] bytes = new byte[PARAMETERS_BYTES];
    parameters.get(0, bytes);
    memory.place(PARAMETERS, bytes, 0, bytes.length);
    enter(entry);
  }

  /** The header ends where the jump at its start leads to. */
  private void copyHeader() {
    int end = MAGIC_AT + (image.get(JUMP_DISPLACEMENT) & 0xff);
    require(end <= image.limit() && end <= MAP, "a setup header of possible length");
    parameters.put(HEADER, request.image(), HEADER, end - HEADER);
    parameters.put(LOADER_TYPE, (byte) UNKNOWN_LOADER);
  }

  private void placeCommandLine() {
    int most = image.getInt(COMMAND_LINE_BYTES);
    int length = request.commandLine().length();
    require(length <= most, "a command line of at most " + most + " bytes");
    long end = memory.placeText(COMMAND_LINE_ADDRESS, request.commandLine());
    require(end <= LOWER_MEMORY, "a command line that fits below 640 KBytes");
    parameters.putInt(COMMAND_LINE, (int) COMMAND_LINE_ADDRESS);
  }

  /** The RAM disk lies as high as the kernel and the RAM below 4 GBytes allow. */
  private void placeRamDisk() {
    if (request.modules().isEmpty()) {
      return;
    }
    require(request.modules().size() == 1, "one initial RAM disk");
    byte[] disk = request.modules().get(0).bytes();
    long highest = Integer.toUnsignedLong(image.getInt(HIGHEST_RAM_DISK)) + 1;
    long end = Math.min(highest, machine.bus().ramBelowEnd());
    long address = (end - disk.length) & -PAGE;
    require(address > UPPER_MEMORY, "more RAM for the initial RAM disk");
    memory.place(address, disk, 0, disk.length);
    parameters.putInt(RAM_DISK, (int) address);
    parameters.putInt(RAM_DISK_BYTES, disk.length);
  }

  private void describeMemory(Bus bus) {
    mapEntry(0, LOWER_MEMORY, AVAILABLE);
    mapEntry(LOWER_MEMORY, UPPER_MEMORY, RESERVED);
    mapEntry(UPPER_MEMORY, bus.ramBelowEnd(), AVAILABLE);
    if (bus.ramAboveEnd() > FOUR_GIB) {
      mapEntry(FOUR_GIB, bus.ramAboveEnd(), AVAILABLE);
    }
  }

  private void mapEntry(long from, long to, int kind) {
    int count = parameters.get(MAP_ENTRIES);
    parameters.position(MAP + 20 * count);
    parameters.putLong(from).putLong(to - from).putInt(kind);
    parameters.put(MAP_ENTRIES, (byte) (count + 1));
  }

  /** "32-bit Boot Protocol": flat segments 10H and 18H in a GDT, ESI at the boot parameters. */
  private void enter(long entry) {
    memory.write64(GDT + 0x10, CODE_DESCRIPTOR);
    memory.write64(GDT + 0x18, DATA_DESCRIPTOR);
    CpuState state = machine.processor(0).state();
    ProtectedMode.enter(state, entry);
    state.gdtrBase = GDT;
    state.gdtrLimit = GDT_LIMIT;
    state.setRegister(RSI, PARAMETERS);
  }

  private void require(boolean condition, String expected) {
    if (!condition) {
      throw new InputException(request.source(), "", "expected " + expected);
    }
  }
}
