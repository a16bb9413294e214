package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.WalkResult.Status;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * What software may rely on while translations are cached: with the invalidations the SDM requires
 * ("Recommended Invalidation", "Guidelines for Use of the INVVPID/INVEPT Instruction") nothing is
 * different from a processor that caches nothing; without them, what it sees is old or new, never a
 * third ("Delayed Invalidation").
 */
class TlbTransparencyTest {
  private static final int PAGES = 12;
  private static final int FRAMES = 6;
  private static final int[] PCIDS = {0, 5};
  private static final int[] VPIDS = {1, 9};
  private static final long BASE = 0x4000_0000L;
  private static final long FIRST_FRAME = 32 << 20;
  private static final int STEPS = 120;

  /**
   * Two guest address spaces and two EPTs, or two native address spaces. Global pages have to be
   * the same in all address spaces (SDM "Recommended Invalidation"), so with them there is only
   * one.
   */
  private static final class Machine {
    final Scenario s;
    final boolean nested;
    final int spaceCount;
    final boolean accessedDirty;
    final List<GuestTableBuilder> spaces = new ArrayList<>();
    final List<EptBuilder> epts = new ArrayList<>();
    final GuestTableBuilder host;

    Machine(MmuGeometry geometry, boolean filtered, boolean nested, boolean accessedDirty) {
      this(geometry, filtered, nested, accessedDirty, false);
    }

    Machine(
        MmuGeometry geometry,
        boolean filtered,
        boolean nested,
        boolean accessedDirty,
        boolean globals) {
      this.s = new Scenario(geometry, new MmuCosts(7, 10, 1), filtered);
      this.nested = nested;
      this.spaceCount = globals ? 1 : 2;
      this.accessedDirty = accessedDirty;
      for (int i = 0; i < 2; i++) {
        GuestTableBuilder guest = nested ? s.guestSpace() : s.nativeSpace();
        for (int page = 0; page < PAGES; page++) {
          guest.map(address(page), frame(page % FRAMES), 12, Scenario.RW);
        }
        guest.map(address(PAGES), frame(0), 21, Scenario.RW);
        spaces.add(guest);
        EptBuilder ept = i == 0 ? s.eptOfSmallPages() : s.ept();
        for (int frame = 0; frame < FRAMES; frame++) {
          ept.map(frame(frame), Scenario.HOST + frame(frame), 12, EptRights.ALL);
        }
        epts.add(ept);
      }
      host = s.nativeSpace();
      for (int page = 0; page < PAGES; page++) {
        host.map(address(page), frame(FRAMES - 1 - page % FRAMES), 12, Scenario.RW);
      }
      host.map(address(PAGES), frame(0), 21, Scenario.RW);
      enter(0, 0, 0, 0);
    }

    /** Pages lie in two page tables; the last is a 2-MByte page of its own. */
    static long address(int page) {
      return BASE + (page == PAGES ? 4 << 20 : ((page & 1) << 21) | (page << 12));
    }

    static long frame(int frame) {
      return FIRST_FRAME + ((long) frame << 12);
    }

    void enter(int newSpace, int pcid, int vpid, int ept) {
      s.mmu.beginTransition();
      s.mmu.movToCr3(spaces.get(newSpace).root() | PCIDS[pcid], true);
      s.mmu.enterGuest(VPIDS[vpid], nested ? epts.get(ept).eptp(accessedDirty) : 0);
    }

    /** To the host, whose address space nobody edits. */
    void leave() {
      s.mmu.beginTransition();
      s.mmu.paging().setCr3(host.root());
      s.mmu.leaveGuest();
    }

    String access(int page, long offset, int access) {
      Status status = s.mmu.translate(address(page) + offset, 1, access);
      WalkResult r = s.mmu.result();
      return switch (status) {
        case OK -> "OK " + Long.toHexString(s.mmu.physicalAddress());
        case PAGE_FAULT -> "#PF " + r.pageFaultErrorCode();
        case EPT_VIOLATION ->
            "EPT violation " + r.exitQualification() + " " + r.guestPhysicalAddress();
        case EPT_MISCONFIGURATION -> "EPT misconfiguration " + r.guestPhysicalAddress();
        case MODIFICATION_LOG_FULL -> throw new IllegalStateException("there is no log");
        case SUB_PAGE_MISS, SUB_PAGE_MISCONFIGURATION ->
            throw new IllegalStateException("there are no sub-pages");
      };
    }

    /** All paging structures, with their accessed and dirty flags. */
    List<Long> structures() {
      List<Long> contents = new ArrayList<>();
      for (long share = 0; share < 6 * (2 << 20); share += 2 << 20) {
        for (long base : new long[] {0, Scenario.HOST, 1L << 29}) {
          for (long at = share; at < share + (16 << 12); at += 8) {
            contents.add(s.memory.read64(base + at));
          }
        }
      }
      return contents;
    }
  }

  /** An edit of a guest entry, then INVPCID or INVVPID as all PCIDs and VPIDs may use it. */
  private static void editGuest(Machine m, Random random) {
    GuestTableBuilder space = m.spaces.get(random.nextInt(m.spaceCount));
    int page = random.nextInt(PAGES);
    long flags = Scenario.RW & ~(random.nextInt(3) == 0 ? 1L << (1 + random.nextInt(2)) : 0);
    boolean global = random.nextInt(4) == 0 && m.spaceCount == 1;
    flags |= global ? GuestTableBuilder.GLOBAL : 0;
    long entryAddress = space.entryAddress(Machine.address(page), 1);
    switch (random.nextInt(5)) {
      case 0 -> space.setEntry(entryAddress, 0);
      case 1 -> space.setEntry(entryAddress, space.entry(entryAddress) & ~0x60L); // A and D
      case 2 -> {
        long pde = space.entryAddress(Machine.address(page), 2);
        space.setEntry(pde, (space.entry(pde) & ~0x27L) | 1 | (flags & Scenario.RW));
      }
      default -> space.map(Machine.address(page), Machine.frame(random.nextInt(FRAMES)), 12, flags);
    }
    boolean single = random.nextBoolean();
    for (int vpid : VPIDS) {
      m.s.mmu.cached().invvpid(single ? 1 : 2, vpid, 0);
    }
  }

  private static void editEpt(Machine m, Random random) {
    EptBuilder ept = m.epts.get(random.nextInt(2));
    long gpa = Machine.frame(random.nextInt(FRAMES));
    long host = Scenario.HOST + Machine.frame(random.nextInt(FRAMES));
    switch (random.nextInt(4)) {
      case 0 -> ept.unmap(gpa, 12);
      case 1 -> ept.map(gpa, host, 12, EptRights.READ);
      default -> ept.map(gpa, host, 12, EptRights.ALL);
    }
    if (random.nextBoolean()) {
      m.s.mmu.cached().invept(2, 0);
    } else {
      m.s.mmu.cached().invept(1, ept.eptp(m.accessedDirty));
    }
  }

  /** One step of the same random program on any machine; what software sees of it. */
  private static String step(Machine m, Random random) {
    switch (random.nextInt(14)) {
      case 0 -> editGuest(m, random);
      case 1 -> editEpt(m, random);
      case 2 -> m.leave();
      case 3, 4 -> {
        int pcid = random.nextInt(2); // each has its own address space, unless there is only one
        m.enter(pcid % m.spaceCount, pcid, random.nextInt(2), random.nextInt(2));
      }
      default -> {
        int kind = random.nextInt(3);
        int user = random.nextBoolean() ? Access.USER : 0;
        int page = random.nextInt(PAGES + 1);
        long offset = page == PAGES ? (long) random.nextInt(FRAMES) << 12 : 0;
        return m.access(page, offset | random.nextInt(4096), kind | user);
      }
    }
    return "";
  }

  private static MmuGeometry someGeometry(Random random) {
    int walkCaches = random.nextInt(4);
    return Scenario.geometry(4 << random.nextInt(2), 4 * (1 + random.nextInt(8)), walkCaches);
  }

  @Property(tries = 300)
  void withTheRequiredInvalidationsCachingIsInvisible(
      @ForAll long seed,
      @ForAll boolean nested,
      @ForAll boolean accessedDirty,
      @ForAll boolean globals) {
    MmuGeometry geometry = someGeometry(new Random(seed));
    Machine cached = new Machine(geometry, true, nested, accessedDirty, globals);
    Machine plain = new Machine(MmuGeometry.none(), true, nested, accessedDirty, globals);
    Random first = new Random(seed);
    Random second = new Random(seed);
    for (int i = 0; i < STEPS; i++) {
      assertEquals(step(plain, second), step(cached, first));
    }
    assertEquals(plain.structures(), cached.structures());
  }

  @Property(tries = 300)
  void theFilterChangesNoHitMissOrReplacement(
      @ForAll long seed, @ForAll boolean nested, @ForAll boolean accessedDirty) {
    MmuGeometry geometry = someGeometry(new Random(seed));
    Machine filtered = new Machine(geometry, true, nested, accessedDirty);
    Machine unfiltered = new Machine(geometry, false, nested, accessedDirty);
    Random first = new Random(seed);
    Random second = new Random(seed);
    for (int i = 0; i < STEPS; i++) {
      assertEquals(step(unfiltered, second), step(filtered, first));
      assertEquals(unfiltered.s.mmu.statistics(), filtered.s.mmu.statistics());
    }
    assertEquals(unfiltered.s.mmu.translationCycles(), filtered.s.mmu.translationCycles());
  }

  /** An observer makes a walk take every step one by one. */
  @Property(tries = 300)
  void theShortCutsOfWalksChangeNoOutcomeFlagOrCount(
      @ForAll long seed,
      @ForAll boolean nested,
      @ForAll boolean accessedDirty,
      @ForAll boolean tlbs) {
    MmuGeometry geometry = tlbs ? Scenario.tlbsOnly() : MmuGeometry.none();
    Machine quick = new Machine(geometry, true, nested, accessedDirty);
    Machine stepwise = new Machine(geometry, true, nested, accessedDirty);
    stepwise.s.mmu.walker().observe((dimension, level, entryAddress, entry) -> {});
    Random first = new Random(seed);
    Random second = new Random(seed);
    for (int i = 0; i < STEPS; i++) {
      if (i % 8 == 7) {
        editTheWay(quick, first);
        editTheWay(stepwise, second);
      }
      assertEquals(step(stepwise, second), step(quick, first));
      assertEquals(stepwise.s.mmu.statistics(), quick.s.mmu.statistics());
    }
    assertEquals(stepwise.structures(), quick.structures());
  }

  private static void editTheWay(Machine m, Random random) {
    switch (random.nextInt(4)) {
      case 0 -> editUpperGuestEntry(m, random);
      case 1 -> swapGuestStructures(m, random);
      case 2 -> {
        m.s.mmu.paging().setEfer(PagingState.EFER_LME | (random.nextInt(2) * PagingState.EFER_NXE));
        m.s.mmu.contextChanged();
      }
      default -> editUpperEptEntry(m, random);
    }
  }

  /** Swaps the structures beneath the two spaces at some level, or changes an entry there. */
  private static void editUpperGuestEntry(Machine m, Random random) {
    int level = 2 + random.nextInt(3);
    long address = m.spaces.get(0).entryAddress(Machine.address(random.nextInt(2)), level);
    long otherAddress = m.spaces.get(1).entryAddress(Machine.address(0), level);
    GuestTableBuilder space = m.spaces.get(0);
    long entry = space.entry(address);
    switch (random.nextInt(5)) {
      case 0 -> space.setEntry(address, entry ^ GuestTableBuilder.WRITE);
      case 1 -> space.setEntry(address, entry ^ GuestWalk.ACCESSED);
      case 2 -> space.setEntry(address, entry ^ 1L << 63);
      default -> {
        space.setEntry(address, space.entry(otherAddress));
        space.setEntry(otherAddress, entry);
      }
    }
  }

  /** Swaps what EPT 0 maps two guest structures to, which then have each other's contents. */
  private static void swapGuestStructures(Machine m, Random random) {
    if (!m.nested) {
      return;
    }
    EptBuilder ept = m.epts.get(0);
    long structure = random.nextInt(5);
    long address = ept.entryAddress(m.spaces.get(0).root() + (structure << 12), 1);
    long otherAddress = ept.entryAddress(m.spaces.get(1).root() + (structure << 12), 1);
    if (address < 0 || otherAddress < 0) {
      return; // the EPTs have swapped tables, and these pages are parts of large ones now
    }
    long entry = ept.entry(address);
    ept.setEntry(address, ept.entry(otherAddress));
    ept.setEntry(otherAddress, entry);
  }

  /** Swaps the tables beneath the two EPTs at some level, or changes rights or flags there. */
  private static void editUpperEptEntry(Machine m, Random random) {
    int level = 2 + random.nextInt(3);
    EptBuilder ept = m.epts.get(0);
    EptBuilder other = m.epts.get(1);
    long address = ept.entryAddress(Machine.frame(0), level);
    long otherAddress = other.entryAddress(Machine.frame(0), level);
    long entry = ept.entry(address);
    switch (random.nextInt(4)) {
      case 0 -> ept.setEntry(address, entry ^ EptRights.WRITE);
      case 1 -> ept.setEntry(address, entry & ~(long) EptWalk.ACCESSED);
      default -> {
        ept.setEntry(address, other.entry(otherAddress));
        other.setEntry(otherAddress, entry);
      }
    }
  }

  @Property(tries = 200)
  void everyTranslationIsOneHitOrMissAndEveryMissOneOfTheSecondLevel(
      @ForAll long seed, @ForAll boolean nested) {
    Machine m = new Machine(Scenario.everything(), true, nested, true);
    Random random = new Random(seed);
    long translations = 0;
    for (int i = 0; i < STEPS; i++) {
      translations += step(m, random).isEmpty() ? 0 : 1;
    }
    MmuStatistics counts = m.s.mmu.statistics();
    long hits = 0;
    long misses = 0;
    for (String name : List.of("L1-DTLB-4K", "L1-DTLB-2M", "L1-DTLB-1G", "L1-ITLB")) {
      hits += counts.structure(name).hits();
      misses += counts.structure(name).misses();
    }
    assertEquals(translations, hits + misses);
    MmuStatistics.Structure second = counts.structure("STLB");
    assertEquals(misses, second.hits() + second.misses());
    assertEquals(counts.walks(), second.misses());
  }

  /**
   * Without invalidations every entry may be seen as it was at any time since the last one. Eight
   * pages, one of whose page tables is swapped and whose entries and EPT mappings are edited.
   */
  @Property(tries = 300)
  void withoutInvalidationTheOutcomeIsThatOfEntriesThatWereThereNeverAThird(
      @ForAll long seed, @ForAll boolean nested, @ForAll @IntRange(max = 4) int walkCaches) {
    Random random = new Random(seed);
    new DelayedInvalidation(nested, walkCaches).run(random);
  }

  /** One region of 2 MBytes, its PDE leading to one of two page tables. */
  private static final class DelayedInvalidation {
    private static final int REGION_PAGES = 4;
    private static final int TABLES = 2;

    private final Scenario s;
    private final GuestTableBuilder space;
    private final EptBuilder ept;
    private final boolean nested;
    private final long pde;
    private final long[] tables = new long[TABLES];

    /** What has been in memory since the last invalidation; each entry's latest value last. */
    private final List<Long> pdes = new ArrayList<>();

    private final List<List<List<Long>>> ptes = new ArrayList<>();
    private final List<List<Long>> hosts = new ArrayList<>();

    DelayedInvalidation(boolean nested, int walkCaches) {
      this.nested = nested;
      s = new Scenario(Scenario.geometry(4, 16, walkCaches));
      space = nested ? s.guestSpace() : s.nativeSpace();
      ept = s.ept();
      for (int table = 0; table < TABLES; table++) {
        ptes.add(new ArrayList<>());
        long region = BASE + ((long) table << 21);
        for (int page = 0; page < REGION_PAGES; page++) {
          space.map(region + ((long) page << 12), Machine.frame(page), 12, Scenario.RW);
          ptes.get(table).add(new ArrayList<>(List.of(Machine.frame(page))));
        }
        tables[table] = space.entry(space.entryAddress(region, 2)) & BitRange.bits(51, 12);
      }
      for (int frame = 0; frame < FRAMES; frame++) {
        ept.map(Machine.frame(frame), Scenario.HOST + Machine.frame(frame), 12, EptRights.ALL);
        hosts.add(new ArrayList<>(List.of(Scenario.HOST + Machine.frame(frame))));
      }
      pde = space.entryAddress(BASE, 2);
      pdes.add(0L);
      s.use(space, 0);
      s.mmu.enterGuest(1, nested ? ept.eptp(false) : 0);
    }

    void run(Random random) {
      for (int i = 0; i < STEPS; i++) {
        switch (random.nextInt(12)) {
          case 0 -> swapTable(random.nextInt(TABLES));
          case 1, 2 -> editPte(random);
          case 3 -> editEpt(random);
          case 4 -> invalidate(random.nextInt(8) == 0);
          default -> look(random.nextInt(REGION_PAGES));
        }
      }
    }

    private void swapTable(int table) {
      space.setEntry(pde, tables[table] | 7);
      pdes.add((long) table);
    }

    private void editPte(Random random) {
      int table = random.nextInt(TABLES);
      int page = random.nextInt(REGION_PAGES);
      boolean present = random.nextInt(4) != 0;
      long frame = Machine.frame(random.nextInt(FRAMES));
      long address = space.entryAddress(BASE + ((long) table << 21), 2);
      long saved = space.entry(address);
      space.setEntry(address, tables[table] | 7); // so that the builder finds this page table
      long pte = space.entryAddress(BASE + ((long) table << 21) + ((long) page << 12), 1);
      space.setEntry(pte, present ? frame | 7 : 0);
      space.setEntry(address, saved);
      ptes.get(table).get(page).add(present ? frame : -1);
    }

    private void editEpt(Random random) {
      int frame = random.nextInt(FRAMES);
      long host = Scenario.HOST + Machine.frame(random.nextInt(FRAMES));
      ept.map(Machine.frame(frame), host, 12, EptRights.ALL);
      hosts.get(frame).add(host);
    }

    /** Drops everything; what may be seen is what is there now. */
    private void invalidate(boolean really) {
      if (really) {
        s.mmu.cached().invvpid(1, 1, 0);
        s.mmu.cached().invept(2, 0);
        keepLast(pdes);
        ptes.forEach(table -> table.forEach(DelayedInvalidation::keepLast));
        hosts.forEach(DelayedInvalidation::keepLast);
      }
    }

    private static void keepLast(List<Long> history) {
      history.subList(0, history.size() - 1).clear();
    }

    private void look(int page) {
      Status status = s.mmu.translate(BASE + ((long) page << 12), 1, Access.READ | Access.USER);
      Set<Long> possible = new HashSet<>();
      for (long table : pdes) {
        for (long frame : ptes.get((int) table).get(page)) {
          if (frame < 0 || !nested) {
            possible.add(frame);
          } else {
            possible.addAll(hosts.get((int) ((frame - FIRST_FRAME) >> 12)));
          }
        }
      }
      long outcome = status == Status.OK ? s.mmu.physicalAddress() : -1;
      assertTrue(possible.contains(outcome), () -> outcome + " is none of " + possible);
    }
  }
}
