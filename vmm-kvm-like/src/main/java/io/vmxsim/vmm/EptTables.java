package io.vmxsim.vmm;

import io.vmxsim.ept.EptPointer;
import io.vmxsim.ept.MemoryType;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PhysicalMemory;

/**
 * Extended page tables that back guest memory with write-back host memory, all rights granted: SDM
 * "EPT Translation Mechanism" (28.2.2).
 */
final class EptTables {
  private static final long RIGHTS = 7; // read, write, execute
  private static final long MAPS_PAGE = 1 << 7;

  /** Writable and not readable: a misconfiguration on every processor (28.2.3.1). */
  private static final long MISCONFIGURED = 6;

  private static final long ADDRESS = 0x000f_ffff_ffff_f000L;

  private final PhysicalMemory memory;
  private final HostFrames frames;
  private final long root;
  private final int levels;

  /** Tables that map nothing; {@code levels} is 4 or 5. */
  EptTables(Vm vm, int levels) {
    this.memory = vm.memory();
    this.frames = vm.frames();
    this.root = frames.allocate();
    this.levels = levels;
  }

  /** The EPTP that names these tables. */
  long pointer(boolean accessedDirty) {
    return EptPointer.of(root, levels, accessedDirty);
  }

  /**
   * Maps the page of that size around a guest-physical address to the one around a host's.
   *
   * @return how many entries were written
   */
  int map(long guestPhysical, long hostPhysical, PageSize size) {
    long page = (hostPhysical & -size.bytes()) | RIGHTS | MemoryType.WB << 3;
    return write(guestPhysical, size, size == PageSize.SIZE_4K ? page : page | MAPS_PAGE);
  }

  /**
   * Has accesses to the 4-KByte page around a guest-physical address exit as EPT misconfigurations.
   *
   * @return how many entries were written
   */
  int misconfigure(long guestPhysical) {
    long page = guestPhysical & -PageSize.SIZE_4K.bytes();
    return write(guestPhysical, PageSize.SIZE_4K, page | MISCONFIGURED);
  }

  private int write(long guestPhysical, PageSize size, long last) {
    long table = root;
    int level = levels;
    int written = 1;
    for (; shift(level) > size.shift(); level--) {
      long at = entryAddress(table, level, guestPhysical);
      long entry = memory.read64(at);
      if (entry == 0) {
        entry = frames.allocate() | RIGHTS;
        memory.write64(at, entry);
        written++;
      }
      table = entry & ADDRESS;
    }
    memory.write64(entryAddress(table, level, guestPhysical), last);
    return written;
  }

  private static long entryAddress(long table, int level, long guestPhysical) {
    return table + (guestPhysical >>> shift(level) & 511) * 8;
  }

  private static int shift(int level) {
    return 9 * level + 3;
  }
}
