package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TlbTest {
  private static final long CONTEXT = Tlb.contextTag(5);
  private static final long GLOBAL = Tlb.contextTag(6);
  private static final long ENTRY = (1L << 63) | 0x1234_5000L;

  private static Tlb tlb(int entries, int ways, IndexHash hash, PageSize... sizes) {
    return new Tlb(
        new TlbGeometry("T", Set.of(TlbUse.LOAD), entries, ways, Set.of(sizes), hash), false);
  }

  @Property
  void holdsAsManyPagesAsItHasEntriesWhenTheyFallEvenlyOnItsSets(
      @ForAll @IntRange(min = 1, max = 13) int sets, @ForAll @IntRange(min = 1, max = 8) int ways) {
    Tlb tlb = tlb(sets * ways, ways, IndexHash.MODULO, PageSize.SIZE_4K);
    for (long page = 0; page < (long) sets * ways; page++) {
      tlb.insert(page << 12, PageSize.SIZE_4K, CONTEXT, ENTRY);
    }
    for (long page = 0; page < (long) sets * ways; page++) {
      assertEquals(ENTRY, tlb.use(page << 12, PageSize.SIZE_4K, CONTEXT, GLOBAL));
    }
    tlb.insert(((long) sets * ways) << 12, PageSize.SIZE_4K, CONTEXT, ENTRY);
    assertEquals(
        0, tlb.use(0, PageSize.SIZE_4K, CONTEXT, GLOBAL), "page 0 was the LRU way of set 0");
  }

  /** Gras et al. 2018: Skylake's second level picks set VPN[6:0] xor VPN[13:7]. */
  @Test
  void skylakesSecondLevelFoldsTwoFieldsOfSevenBits() {
    Tlb tlb = tlb(1536, 12, IndexHash.XOR_FOLD, PageSize.SIZE_4K, PageSize.SIZE_2M);
    Map<Integer, Integer> pagesOfSet = new HashMap<>();
    for (int page = 0; page < 1 << 14; page++) {
      int set = (page & 127) ^ (page >> 7);
      int earlier = pagesOfSet.merge(set, 1, Integer::sum) - 1;
      if (set == 3) {
        tlb.insert((long) page << 12, PageSize.SIZE_4K, CONTEXT, ENTRY + ((long) earlier << 12));
      }
    }
    int found = 0;
    for (int page = 0; page < 1 << 14; page++) {
      found += tlb.use((long) page << 12, PageSize.SIZE_4K, CONTEXT, GLOBAL) != 0 ? 1 : 0;
    }
    assertEquals(12, found, "pages of one set compete for its 12 ways");
  }

  @Test
  void onePageNumberAtTwoSizesIsTwoEntries() {
    Tlb tlb = tlb(8, 8, IndexHash.MODULO, PageSize.SIZE_4K, PageSize.SIZE_2M);
    tlb.insert(0, PageSize.SIZE_4K, CONTEXT, ENTRY);
    assertEquals(0, tlb.use(0, PageSize.SIZE_2M, CONTEXT, GLOBAL));
    tlb.insert(0, PageSize.SIZE_2M, CONTEXT, ENTRY + 4096);
    assertEquals(ENTRY, tlb.use(0, PageSize.SIZE_4K, CONTEXT, GLOBAL));
    assertEquals(ENTRY + 4096, tlb.use(0x1F_F000, PageSize.SIZE_2M, CONTEXT, GLOBAL));
  }

  @Test
  void entriesAnswerInTheirContextAndGlobalOnesBesideIt() {
    Tlb tlb = tlb(8, 4, IndexHash.MODULO, PageSize.SIZE_4K);
    tlb.insert(0x1000, PageSize.SIZE_4K, CONTEXT, ENTRY);
    tlb.insert(0x2000, PageSize.SIZE_4K, GLOBAL, ENTRY);
    long other = Tlb.contextTag(7);
    assertEquals(0, tlb.use(0x1000, PageSize.SIZE_4K, other, GLOBAL));
    assertNotEquals(0, tlb.use(0x2000, PageSize.SIZE_4K, other, GLOBAL));
  }

  @Test
  void impossibleShapesAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> tlb(10, 4, IndexHash.MODULO, PageSize.SIZE_4K));
    assertThrows(
        IllegalArgumentException.class, () -> tlb(12, 4, IndexHash.XOR_FOLD, PageSize.SIZE_4K));
    assertThrows(
        IllegalArgumentException.class, () -> tlb(0, 1, IndexHash.MODULO, PageSize.SIZE_4K));
  }
}
