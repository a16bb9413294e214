package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TlbTest {
  private static final long CONTEXT = Tlb.contextTag(5);
  private static final long GLOBAL = Tlb.contextTag(6);
  private static final long ENTRY = (1L << 63) | 0x1234_5000L;
  private static final long PART_OF_2M = ENTRY | 1L << 52;

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

  /**
   * Parts of two 2-MByte guest pages lie in the TLB in any sets: an address of the one takes all of
   * its parts along, and none of the other's ("Details of TLB Use").
   */
  @Property(tries = 200)
  void anAddressDropsEveryPartOfItsLargeGuestPageAndNoOther(
      @ForAll @IntRange(max = 511) int page,
      @ForAll @IntRange(max = 511) int otherPage,
      @ForAll @Size(min = 1, max = 6) List<@IntRange(max = 511) Integer> parts) {
    long large = (long) page << 21;
    long other = (long) otherPage << 21;
    Tlb tlb = tlb(64, 4, IndexHash.MODULO, PageSize.SIZE_4K);
    for (int part : parts) {
      tlb.insert(other | (long) part << 12, PageSize.SIZE_4K, CONTEXT, PART_OF_2M);
      tlb.insert(large | (long) part << 12, PageSize.SIZE_4K, CONTEXT, PART_OF_2M);
    }
    TranslationContexts contexts = new TranslationContexts();
    while (contexts.count() <= 5) {
      contexts.number(1, contexts.count(), Association.NO_EPT);
    }
    CoveredContexts covered = new CoveredContexts(contexts);
    Association any = contexts.association(5);
    covered.choose(Invalidation.INVVPID_ADDRESS, any, any);
    tlb.drop(covered, large | 0x12_3456);
    for (int part : parts) {
      assertEquals(
          0, tlb.use(large | (long) part << 12, PageSize.SIZE_4K, CONTEXT, GLOBAL), "a part");
    }
    int last = parts.get(parts.size() - 1);
    if (page != otherPage && parts.stream().distinct().count() == 1) {
      assertEquals(
          PART_OF_2M, tlb.use(other | (long) last << 12, PageSize.SIZE_4K, CONTEXT, GLOBAL));
    }
    tlb.drop(covered, other);
    assertEquals(0, tlb.use(other | (long) last << 12, PageSize.SIZE_4K, CONTEXT, GLOBAL));
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
