package io.vmxsim.validation;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.EptBuilder;
import io.vmxsim.ept.EptFeatures;
import io.vmxsim.ept.EptRights;
import io.vmxsim.ept.GuestTableBuilder;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.TableArea;
import io.vmxsim.ept.TableMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One linear address with random structures behind it: first a mapping that works, of random mode,
 * depths and page sizes; then random permissions, memory types, accessed and dirty flags; then, in
 * most cases, a few bits of the entries flipped anywhere, reserved bits included.
 *
 * <p>Each guest structure and the page have a GiB of guest-physical addresses of their own, backed
 * by a GiB of physical addresses of their own, so that each can have its own EPT page size.
 */
final class RandomTranslation {
  private static final List<PagingMode> MODES = List.of(PagingMode.values());
  private static final int[] WIDTHS = {36, 39, 40, 43, 46, 48, 52};
  private static final int[] EPT_SHIFTS = {12, 21, 30};
  private static final int[] MEMORY_TYPES = {6, 6, 6, 0, 1, 4, 5};
  private static final long EPT_TABLES = 1L << 20;

  final PhysicalMemory memory = new PhysicalMemory(52);
  final PagingState state;
  final long linearAddress;
  final int access;
  final long eptp;
  final @Nullable EptFeatures eptFeatures;

  private final Random random;
  private final boolean nested;
  private final PagingMode mode;
  private final EptBuilder ept;
  private final List<Long> guestStructures = new ArrayList<>();
  private final TableArea eptTables;

  RandomTranslation(long seed) {
    random = new Random(seed);
    nested = random.nextInt(4) != 0;
    mode = MODES.get(random.nextInt(MODES.size()));
    int width = WIDTHS[random.nextInt(WIDTHS.length)];
    state = new PagingState(width);
    eptTables = new TableArea(memory, 0, EPT_TABLES);
    ept = new EptBuilder(4 + random.nextInt(2), eptTables);

    linearAddress = random.nextLong() & ((1L << mode.linearAddressBits()) - 1);
    int pageShift = randomGuestPageShift();
    setRegisters();
    long frame = randomFrame(pageShift);
    if (mode != PagingMode.NONE) {
      mapGuestPage(frame, pageShift);
    }
    if (nested) {
      long pageMask = (1L << pageShift) - 1;
      back(mode == PagingMode.NONE ? linearAddress : frame | (linearAddress & pageMask));
    }
    access = randomAccess();
    eptp = ept.eptp(random.nextBoolean());
    eptFeatures = nested ? randomEptFeatures(width) : null;
    roughen();
  }

  private int randomGuestPageShift() {
    return switch (mode) {
      case NONE -> 12;
      case BITS32 -> random.nextBoolean() ? 12 : 22;
      case PAE -> random.nextBoolean() ? 12 : 21;
      case FOUR_LEVEL, FIVE_LEVEL -> EPT_SHIFTS[random.nextInt(3)];
    };
  }

  private void setRegisters() {
    long cr4 = mode == PagingMode.BITS32 || mode == PagingMode.NONE ? 0 : PagingState.CR4_PAE;
    cr4 |= mode == PagingMode.FIVE_LEVEL ? PagingState.CR4_LA57 : 0;
    cr4 |= mostly() ? PagingState.CR4_PSE : 0;
    cr4 |= maybe() ? PagingState.CR4_PGE : 0;
    cr4 |= maybe() ? PagingState.CR4_SMEP : 0;
    cr4 |= maybe() ? PagingState.CR4_SMAP : 0;
    cr4 |= maybe() ? PagingState.CR4_PKE : 0;
    cr4 |= maybe() ? PagingState.CR4_PKS : 0;
    long cr0 = mode == PagingMode.NONE ? 0 : PagingState.CR0_PG;
    cr0 |= maybe() ? PagingState.CR0_WP : 0;
    cr0 |= random.nextInt(8) == 0 ? PagingState.CR0_CD : 0;
    boolean ia32e = mode == PagingMode.FOUR_LEVEL || mode == PagingMode.FIVE_LEVEL;
    long efer = (ia32e ? PagingState.EFER_LME : 0) | (mostly() ? PagingState.EFER_NXE : 0);
    state.setControlRegisters(cr0, 0, cr4, efer);
    state.setRflagsAc(maybe());
    state.setPkru(random.nextInt());
    state.setPkrs(random.nextInt());
    state.setPage1GSupported(mostly());
    state.setPse36Supported(maybe());
    long pat = 0;
    for (int i = 0; i < 8; i++) {
      int type = random.nextInt(6);
      pat |= (type < 2 ? type : type + 2L) << (8 * i);
    }
    state.setPat(pat);
  }

  /** GiB 0 to 3 of guest-physical addresses in the modes that reach no more; else anywhere. */
  private long gibOf(int use) {
    boolean low = mode.entryBytes() != 8 || maybe();
    long limit = 1L << (Math.min(state.maxPhyAddr(), mostly() ? 47 : 52) - 30);
    long gib = low ? use & 3 : (random.nextLong() & (limit - 1) & ~7L) | use;
    return gib << 30;
  }

  private long randomFrame(int pageShift) {
    return (gibOf(3) | (random.nextLong() & ((1L << 30) - 1))) & (-1L << pageShift);
  }

  private void mapGuestPage(long frame, int pageShift) {
    GuestTableBuilder tables = new GuestTableBuilder(mode, new GuestMemory());
    long flags = random.nextInt(64) << 3 & ~(1L << 7); // PWT, PCD, A, D, G
    flags |= often() ? 1 << 1 : 0;
    flags |= often() ? 1 << 2 : 0;
    if (mode == PagingMode.FOUR_LEVEL || mode == PagingMode.FIVE_LEVEL) {
      flags |= (long) random.nextInt(16) << 59;
    }
    if (mode != PagingMode.BITS32 && (state.efer() & PagingState.EFER_NXE) != 0) {
      flags |= random.nextInt(4) == 0 ? 1L << 63 : 0;
    }
    flags |= random.nextInt(4) == 0 ? 1L << (pageShift == 12 ? 7 : 12) : 0; // PAT
    tables.map(linearAddress, frame, pageShift, flags);
    state.setCr3(tables.root() | (random.nextInt(32) << 3 & 0x18));
    if (mode == PagingMode.PAE) {
      for (int i = 0; i < 4; i++) {
        long pdpte = memory.read64(backing(tables.root() + 8L * i));
        state.setPdpte(i, random.nextInt(16) == 0 ? pdpte & ~1L : pdpte);
      }
    }
    for (int level = 1; level <= mode.topLevel(); level++) {
      long entryAddress = tables.entryAddress(linearAddress, level);
      if (entryAddress >= 0) {
        long entry = tables.entry(entryAddress);
        entry &= often() ? -1 : ~(1L << 1);
        entry &= often() ? -1 : ~(1L << 2);
        entry |= random.nextInt(4) << 5 & (random.nextInt(4) == 0 ? 0 : 3 << 5);
        tables.setEntry(entryAddress, corrupt(entry, mode.entryBytes() * 8));
      }
    }
  }

  /** Backs a guest-physical address, by a page of random size. */
  private void back(long guestPhysical) {
    int shift = EPT_SHIFTS[random.nextInt(3)];
    long masked = guestPhysical & ((1L << 57) - 1);
    int rights = randomEptRights();
    long flags = rights | ((long) MEMORY_TYPES[random.nextInt(MEMORY_TYPES.length)] << 3);
    flags |= (long) random.nextInt(16) << 8 & (3 << 8); // A, D
    flags |= random.nextInt(4) == 0 ? 1 << 6 : 0; // ignore PAT
    if (ept.entryAddress(masked, (shift - 12) / 9 + 1) < 0 || shift == 12) {
      try {
        ept.mapWith(masked, backing(masked), shift, flags);
      } catch (IllegalStateException mappedByLargerPage) {
        return; // two uses share a GiB; the first decided
      }
    }
  }

  private int randomEptRights() {
    int rights = EptRights.ALL;
    if (random.nextInt(4) == 0) {
      rights = random.nextInt(8) | (maybe() ? EptRights.USER_EXECUTE : 0);
    }
    return rights;
  }

  private EptFeatures randomEptFeatures(int width) {
    long capabilities = EptFeatures.WALK_LENGTH_4 | EptFeatures.WALK_LENGTH_5;
    capabilities |= maybe() ? EptFeatures.EXECUTE_ONLY : 0;
    capabilities |= often() ? EptFeatures.PAGE_2M : 0;
    capabilities |= often() ? EptFeatures.PAGE_1G : 0;
    capabilities |= maybe() ? EptFeatures.ADVANCED_EXIT_INFORMATION : 0;
    return new EptFeatures(capabilities, width, maybe());
  }

  /** Weakens and corrupts EPT entries on the way to the structures and the page. */
  private void roughen() {
    if (!nested) {
      return;
    }
    for (long table = EPT_TABLES; table < eptTables.next(); table += 4096) {
      for (long at = table; at < table + 4096; at += 8) {
        long entry = memory.read64(at);
        if (entry != 0) {
          entry &= random.nextInt(12) == 0 ? ~(long) random.nextInt(8) : -1;
          entry |= maybe() ? 1 << 8 : 0;
          memory.write64(at, corrupt(entry, 64));
        }
      }
    }
  }

  /** Flips a bit of about one entry in twelve. */
  private long corrupt(long entry, int bits) {
    return random.nextInt(12) == 0 ? entry ^ (1L << random.nextInt(bits)) : entry;
  }

  private int randomAccess() {
    return switch (random.nextInt(3)) {
          case 0 -> Access.READ;
          case 1 -> Access.WRITE;
          default -> Access.FETCH;
        }
        | (maybe() ? Access.USER : 0)
        | (random.nextInt(4) == 0 ? Access.IMPLICIT : 0);
  }

  private boolean maybe() {
    return random.nextBoolean();
  }

  private boolean mostly() {
    return random.nextInt(4) != 0;
  }

  private boolean often() {
    return random.nextInt(8) != 0;
  }

  /** Where a guest-physical address lies: each GiB within the low 32 GiB, whatever its number. */
  private long backing(long guestPhysical) {
    return nested ? (8L << 30) + (guestPhysical & ((8L << 30) - 1)) : guestPhysical;
  }

  private final class GuestMemory implements TableMemory {
    @Override
    public long read64(long address) {
      return memory.read64(backing(address));
    }

    @Override
    public void write64(long address, long value) {
      memory.write64(backing(address), value);
    }

    @Override
    public long allocateTable() {
      int use = guestStructures.size() & 3;
      long offset = random.nextLong() & ((1L << 29) - 1) & ~4095L;
      long table = gibOf(use) | (1L << 29) | offset;
      guestStructures.add(table);
      if (nested) {
        back(table);
      }
      return table;
    }
  }
}
