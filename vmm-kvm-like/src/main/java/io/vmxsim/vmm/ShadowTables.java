package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.NotModelledException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The shadow paging structures in memory. Every entry is written here, so that what it points to
 * knows about it: a shadow page its parents, a host frame the entries that map it.
 *
 * <p>Writing an entry never invalidates a TLB; {@link #losses} says when one must be.
 */
final class ShadowTables {
  static final int ENTRIES = 512;
  private static final int LARGEST_LEVEL = 3;

  private final Vm vm;
  private final PhysicalMemory memory;
  private final ShadowPool pool;

  /** What an entry holds when the VMM must see the next access through it. */
  private final long unknown;

  /** Mappings by host frame; index 1 for 4-KByte, 2 for 2-MByte, 3 for 1-GByte mappings. */
  private final ReverseMap[] mappings = {
    new ReverseMap(), new ReverseMap(), new ReverseMap(), new ReverseMap()
  };

  /** Told of a shadow page that is about to go, so that no root keeps it. */
  private final Consumer<ShadowPage> rootsForget;

  /** Whose processor does the work, and is charged for it. */
  private Charges charges;

  private long losses;

  ShadowTables(Vm vm, Charges charges, boolean trapUnknown, Consumer<ShadowPage> rootsForget) {
    this.vm = vm;
    this.memory = vm.memory();
    this.charges = charges;
    this.pool = new ShadowPool(vm.frames());
    this.unknown = trapUnknown ? ShadowEntry.TRAP : ShadowEntry.ABSENT;
    this.rootsForget = rootsForget;
  }

  ShadowPool pool() {
    return pool;
  }

  /**
   * The shadow page of that frame and role. A new one has unknown entries and, unless it is direct,
   * write-protects the guest frame wherever it is mapped.
   */
  ShadowPage page(long guestFrame, int role) {
    ShadowPage page = pool.find(guestFrame, role);
    if (page != null) {
      return page;
    }
    page = pool.create(guestFrame, role);
    if (unknown != ShadowEntry.ABSENT) {
      fillUnknown(page);
    }
    if (!page.direct()) {
      writeProtect(guestFrame);
    }
    return page;
  }

  /** Of a new last-level shadow, it is at once made known which guest entries are not present. */
  private void fillUnknown(ShadowPage page) {
    boolean known = page.level() == 1 && !page.direct();
    for (int i = 0; i < ENTRIES; i++) {
      boolean notPresent = known && (guestEntry(page, i) & ShadowEntry.PRESENT) == 0;
      memory.write64(page.table + i * 8L, notPresent ? ShadowEntry.ABSENT : unknown);
    }
  }

  /** The guest entry, zero-extended, that entry {@code index} of a shadow stands for. */
  long guestEntry(ShadowPage page, int index) {
    charges.once(Cost.VMM_TABLE_READ);
    long at = vm.toHost(page.guestFrame << 12) + ShadowRole.guestOffset(page.role, index);
    return ShadowRole.guestEntrySize(page.role) == 8
        ? memory.read64(at)
        : memory.read32(at) & 0xffff_ffffL;
  }

  /** Entry {@code index} of {@code page}. */
  long entry(ShadowPage page, int index) {
    return memory.read64(page.table + index * 8L);
  }

  /** The shadow page that entry {@code index} of {@code page} names; null if it names none. */
  @Nullable ShadowPage child(ShadowPage page, int index) {
    long entry = entry(page, index);
    return ShadowEntry.isPresent(entry) && !ShadowEntry.isLeaf(entry, page.level())
        ? pool.at(entry & ShadowEntry.FRAME)
        : null;
  }

  /** Makes entry {@code index} of {@code page} name {@code child}. */
  void link(ShadowPage page, int index, ShadowPage child) {
    if (child(page, index) == child) {
      return;
    }
    drop(page, index);
    write(page, index, ShadowEntry.table(child.table));
    child.parents.add(page.entry(index));
  }

  /**
   * Makes entry {@code index} of {@code page} map a page: {@code entry} as ShadowEntry builds it.
   *
   * @return whether it was another before
   */
  boolean map(ShadowPage page, int index, long entry) {
    long old = entry(page, index);
    if (old == entry) {
      return false;
    }
    long lost = old & ~entry & (ShadowEntry.WRITE | ShadowEntry.USER | ShadowEntry.GLOBAL);
    long gained = entry & ~old & ShadowEntry.NO_EXECUTE;
    boolean sameFrame = ((old ^ entry) & ShadowEntry.FRAME) == 0;
    if (!ShadowEntry.isPresent(old) || !ShadowEntry.isLeaf(old, page.level()) || !sameFrame) {
      drop(page, index);
      mappings[page.level()].add(frame(entry, page.level()), page.entry(index));
    } else if ((lost | gained) != 0) {
      losses++;
    }
    write(page, index, entry);
    return true;
  }

  /** Empties entry {@code index} of {@code page}: the VMM must see the next access through it. */
  void drop(ShadowPage page, int index) {
    drop(page, index, unknown);
  }

  /** Empties an entry of which it is known that the guest's own is not present. */
  void dropNotPresent(ShadowPage page, int index) {
    drop(page, index, ShadowEntry.ABSENT);
  }

  private void drop(ShadowPage page, int index, long emptied) {
    long old = entry(page, index);
    if (ShadowEntry.isPresent(old)) {
      if (ShadowEntry.isLeaf(old, page.level())) {
        mappings[page.level()].remove(frame(old, page.level()), page.entry(index));
      } else {
        pool.at(old & ShadowEntry.FRAME).parents.rem(page.entry(index));
      }
      losses++;
    }
    if (old != emptied) {
      write(page, index, emptied);
    }
  }

  /** Takes write permission from every mapping of a guest frame; large ones go altogether. */
  void writeProtect(long guestFrame) {
    if (!vm.hasMemory(guestFrame << 12)) {
      throw new NotModelledException("a guest paging structure outside the guest's memory");
    }
    long host = vm.toHost(guestFrame << 12);
    mappings[1].forEach(
        host >>> 12,
        number -> {
          ShadowPage page = pool.holder(number);
          int index = number & (ENTRIES - 1);
          long entry = entry(page, index);
          if ((entry & ShadowEntry.WRITE) != 0) {
            write(page, index, entry & ~ShadowEntry.WRITE);
            losses++;
          }
        });
    for (int level = 2; level <= LARGEST_LEVEL; level++) {
      mappings[level].forEach(
          host >>> (9 * level + 3), number -> drop(pool.holder(number), number & (ENTRIES - 1)));
    }
  }

  /**
   * Does away with a shadow page: nothing points to it any more, and what it mapped is unmapped.
   */
  void zap(ShadowPage page) {
    if (page.roots > 0) {
      rootsForget.accept(page);
    }
    for (int i = 0; i < ENTRIES; i++) {
      if (ShadowEntry.isPresent(entry(page, i))) {
        drop(page, i);
      }
    }
    for (int number : page.parents.toIntArray()) {
      drop(pool.holder(number), number & (ENTRIES - 1));
    }
    pool.remove(page);
    losses++;
  }

  /** Zaps every shadow of a guest frame, which is then no longer write-protected. */
  void zapShadowsOf(long guestFrame) {
    for (ShadowPage page = pool.shadowsOf(guestFrame);
        page != null;
        page = pool.shadowsOf(guestFrame)) {
      zap(page);
    }
  }

  /** Zaps the oldest pages until {@code room} more can be made without exceeding {@code most}. */
  void makeRoom(int room, int most) {
    ShadowPage page = pool.oldest();
    while (page != null && pool.size() + room > most) {
      ShadowPage next = page.newer;
      if (page.roots == 0) {
        zap(page);
      }
      page = next;
    }
  }

  /**
   * How often something was taken away that a TLB or a paging-structure cache may still hold: a
   * processor that was flushed at an earlier count must be flushed before its guest goes on.
   */
  long losses() {
    return losses;
  }

  /** Another processor does the work from now on. */
  void workFor(Charges worker) {
    charges = worker;
  }

  private void write(ShadowPage page, int index, long entry) {
    memory.write64(page.table + index * 8L, entry);
    charges.once(Cost.VMM_TABLE_WRITE);
  }

  /** The number of the host page that a leaf entry maps, in units of its own size. */
  private static long frame(long entry, int level) {
    return (entry & ShadowEntry.FRAME) >>> (9 * level + 3);
  }
}
