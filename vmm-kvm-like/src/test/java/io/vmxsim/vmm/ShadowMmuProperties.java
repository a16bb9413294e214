package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Shadow ≡ guest: whatever the guest writes into its page tables, an access through the shadow ends
 * as the guest's own tables say, once the guest has invalidated what it must.
 *
 * <p>A handful of table frames point at each other, at data and at large pages, at random, so that
 * tables are shared between levels, map themselves and change their use. The guest edits them
 * through a large supervisor page that maps all of its memory.
 */
class ShadowMmuProperties {
  private static final int TABLES = 7;
  private static final long FIRST_TABLE = 0x10_0000;
  private static final long FIXED_TABLES = 0x8_0000;
  private static final long DATA = 0x100_0000;
  private static final int STEPS = 60;

  private static final long PRESENT = 1;
  private static final long WRITE = 2;
  private static final long USER = 4;
  private static final long ACCESSED = 0x20;
  private static final long DIRTY = 0x40;
  private static final long LARGE = 0x80;

  @Property(tries = 150)
  void fourLevels(@ForAll long seed, @ForAll ShadowPolicy policy) {
    run(PagingMode.FOUR_LEVEL, seed, ShadowedGuest.options(policy, false));
  }

  @Property(tries = 100)
  void fiveLevels(@ForAll long seed, @ForAll ShadowPolicy policy) {
    run(PagingMode.FIVE_LEVEL, seed, ShadowedGuest.options(policy, false));
  }

  @Property(tries = 100)
  void pae(@ForAll long seed, @ForAll ShadowPolicy policy) {
    run(PagingMode.PAE, seed, ShadowedGuest.options(policy, false));
  }

  @Property(tries = 100)
  void thirtyTwoBit(@ForAll long seed, @ForAll ShadowPolicy policy) {
    run(PagingMode.BITS32, seed, ShadowedGuest.options(policy, false));
  }

  @Property(tries = 100)
  void unsyncTables(@ForAll long seed, @ForAll boolean update) {
    ShadowPolicy policy = update ? ShadowPolicy.UPDATE : ShadowPolicy.DROP;
    run(PagingMode.FOUR_LEVEL, seed, ShadowedGuest.options(policy, true));
  }

  @Property(tries = 100)
  void fewShadowPages(@ForAll long seed, @ForAll ShadowPolicy policy) {
    VmOptions options = ShadowedGuest.options(policy, false).withShadowPages(9);
    run(PagingMode.FOUR_LEVEL, seed, options);
  }

  private static void run(PagingMode mode, long seed, VmOptions options) {
    Random random = new Random(seed);
    ShadowedGuest guest = new ShadowedGuest(options);
    long editAt = start(guest, mode, random.nextInt(4) != 0);
    for (int step = 0; step < STEPS; step++) {
      int what = random.nextInt(10);
      if (what < 4) {
        edit(guest, mode, random, editAt);
      } else if (what == 4) {
        loadRoot(guest, mode, random);
      } else if (what == 5) {
        setModifiers(guest, random);
      } else if (what == 6 && mode == PagingMode.BITS32) {
        probeWithoutLargePages(guest, random);
      } else {
        probe(guest, mode, random);
      }
    }
  }

  /** Paging on, root in the first table; returns where all of memory is mapped. */
  private static long start(ShadowedGuest guest, PagingMode mode, boolean noExecute) {
    PagingState state = guest.state;
    boolean longMode = mode.topLevel() >= 4;
    state.setCr0(CpuState.CR0_PE | CpuState.CR0_PG | CpuState.CR0_WP);
    state.setCr4(
        PagingState.CR4_PSE
            | PagingState.CR4_PGE
            | (mode == PagingMode.BITS32 ? 0 : PagingState.CR4_PAE)
            | (mode == PagingMode.FIVE_LEVEL ? PagingState.CR4_LA57 : 0));
    long longModeBits = PagingState.EFER_LME | CpuState.EFER_LMA;
    state.setEfer((longMode ? longModeBits : 0) | (noExecute ? PagingState.EFER_NXE : 0));
    for (int table = 0; table < TABLES; table++) {
      link(guest, mode, table(table));
    }
    guest.loadCr3(table(0));
    return editWindow(mode);
  }

  /** The linear address of the window on all memory; in reach of the topmost entry of a root. */
  private static long editWindow(PagingMode mode) {
    return switch (mode) {
      case FIVE_LEVEL -> -1L << 56;
      case FOUR_LEVEL -> -1L << 47;
      default -> 0xc000_0000L;
    };
  }

  /** Gives a table, should it serve as a root, the entries of the window. */
  private static void link(ShadowedGuest guest, PagingMode mode, long root) {
    long flags = PRESENT | WRITE | ACCESSED;
    long page = flags | DIRTY | LARGE;
    if (mode == PagingMode.BITS32) {
      for (int i = 0; i < 68; i++) {
        long at = guest.vm.toHost(root + (0x300 + i) * 4L);
        guest.vm.memory().write32(at, (int) ((long) i << 22 | page));
      }
      return;
    }
    long directory = FIXED_TABLES;
    for (int i = 0; i < 136; i++) {
      guest.poke(directory + i * 8L, (long) i << 21 | page);
    }
    if (mode == PagingMode.PAE) {
      guest.poke(root + 3 * 8, directory | PRESENT);
      return;
    }
    guest.poke(FIXED_TABLES + 0x1000, directory | flags);
    guest.poke(FIXED_TABLES + 0x2000, FIXED_TABLES + 0x1000 | flags);
    long top = mode == PagingMode.FIVE_LEVEL ? FIXED_TABLES + 0x2000 : FIXED_TABLES + 0x1000;
    guest.poke(root + 256 * 8, top | flags);
  }

  private static void edit(ShadowedGuest guest, PagingMode mode, Random random, long window) {
    boolean narrow = mode == PagingMode.BITS32;
    int index = random.nextInt(3);
    long at = table(random.nextInt(TABLES)) + index * (narrow ? 4L : 8L);
    guest.store(window + at, entry(mode, random), narrow ? 4 : 8);
    guest.mmu.invalidateAll();
  }

  /** A random paging-structure entry. */
  static long entry(PagingMode mode, Random random) {
    long entry = random.nextInt(8) == 0 ? 0 : PRESENT;
    entry |= random.nextInt(4) == 0 ? 0 : WRITE;
    entry |= random.nextInt(4) == 0 ? 0 : USER;
    entry |= random.nextBoolean() ? ACCESSED : 0;
    entry |= random.nextBoolean() ? DIRTY : 0;
    entry |= random.nextInt(4) == 0 ? ShadowEntry.GLOBAL : 0;
    if (mode != PagingMode.BITS32) {
      entry |= random.nextInt(6) == 0 ? ShadowEntry.NO_EXECUTE : 0;
      entry |= random.nextInt(25) == 0 ? 1L << 50 : 0; // beyond MAXPHYADDR
    }
    return entry | target(mode, random);
  }

  /** A table, a page of data, memory that fits no large page, or a large page. */
  private static long target(PagingMode mode, Random random) {
    int large = mode == PagingMode.BITS32 ? 22 : 21;
    return switch (random.nextInt(6)) {
      case 0 -> DATA + random.nextInt(4) * 0x1000L;
      case 1 -> ShadowedGuest.MISALIGNED + random.nextInt(4) * 0x1000L;
      case 2 -> random.nextInt(3) * (1L << large) | LARGE;
      default -> table(random.nextInt(TABLES));
    };
  }

  private static void loadRoot(ShadowedGuest guest, PagingMode mode, Random random) {
    long root = table(random.nextInt(TABLES));
    if (mode == PagingMode.PAE) {
      for (int i = 0; i < 3; i++) { // what MOV to CR3 would refuse is no root
        long entry = guest.peek(root + i * 8L);
        if ((entry & PRESENT) != 0 && (entry & guest.state.pdpteReservedBits()) != 0) {
          return;
        }
      }
    }
    guest.loadCr3(root);
  }

  /** CR0.WP, CR4.SMEP, CR4.SMAP and RFLAGS.AC at random. */
  private static void setModifiers(ShadowedGuest guest, Random random) {
    PagingState state = guest.state;
    state.setCr0(flip(state.cr0(), PagingState.CR0_WP, random));
    state.setCr4(
        flip(flip(state.cr4(), PagingState.CR4_SMEP, random), PagingState.CR4_SMAP, random));
    state.setRflagsAc(random.nextBoolean());
    guest.mmu.loadRoot();
  }

  private static long flip(long register, long bit, Random random) {
    return random.nextInt(3) == 0 ? register ^ bit : register;
  }

  private static void probe(ShadowedGuest guest, PagingMode mode, Random random) {
    long linear = random.nextInt(4096);
    for (int level = 1; level <= Math.max(mode.topLevel(), 2); level++) {
      linear |= (long) random.nextInt(3) << mode.shift(level);
    }
    if (mode == PagingMode.PAE) {
      linear |= (long) random.nextInt(3) << 30;
    }
    int access = random.nextInt(3) | (random.nextBoolean() ? Access.USER : 0);
    String truth = guest.truth(linear, access);
    assertEquals(truth, guest.access(linear, access), () -> "access %d".formatted(access));
  }

  /**
   * With CR4.PSE = 0 a directory's entries all lead to tables; the window of edits is not there.
   */
  private static void probeWithoutLargePages(ShadowedGuest guest, Random random) {
    PagingState state = guest.state;
    state.setCr4(state.cr4() & ~PagingState.CR4_PSE);
    guest.mmu.loadRoot();
    probe(guest, PagingMode.BITS32, random);
    state.setCr4(state.cr4() | PagingState.CR4_PSE);
    guest.mmu.loadRoot();
  }

  private static long table(int i) {
    return FIRST_TABLE + i * 0x1000L;
  }
}
