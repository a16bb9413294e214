package io.vmxsim.ept;

import java.util.Arrays;

/**
 * A paging-structure cache: fully associative with true LRU replacement (SDM "Caches for Paging
 * Structures").
 *
 * <p>It maps the bits of an address above {@code shift} to the paging structure that translates the
 * rest, with the rights accumulated on the way there. For combined mappings that is the structure's
 * physical address, so a hit spares the EPT walk to the structure as well.
 */
final class PagingStructureCache {
  private static final long VALID = 1L << 63;
  private static final int CONTEXT_SHIFT = 42;
  private static final long CONTEXT_MASK = TranslationContexts.CAPACITY - 1;

  /** The fewest address bits any structure translates: 4-KByte pages and 9 bits of index. */
  private static final int LEAST_SHIFT = 21;

  /** Linear-address bits 56:21, at the bottom of a tag. */
  private static final int PREFIX_BITS = 57 - LEAST_SHIFT;

  private static final long PREFIX_MASK = (1L << PREFIX_BITS) - 1;
  private static final long FRAME = (1L << 52) - (1L << 12);

  private final String name;

  /** Most recently used first; 0 = empty. */
  private final long[] tags;

  /** Physical address and accumulated rights. */
  private final long[] structures;

  /** Guest-physical address and rights that EPT grants there. */
  private final long[] guestStructures;

  /** No entry is at or behind this slot. */
  private int used;

  long hits;
  long misses;

  PagingStructureCache(String name, int entries) {
    this.name = name;
    this.tags = new long[entries];
    this.structures = new long[entries];
    this.guestStructures = new long[entries];
  }

  String name() {
    return name;
  }

  boolean isAbsent() {
    return tags.length == 0;
  }

  /**
   * Finds the structure for an address and counts the lookup.
   *
   * @param shift number of address bits that the structure translates
   * @param found receives address and rights; its level is not touched
   */
  boolean find(long address, int shift, int context, WalkCaches.Table found) {
    long tag = tag(address, shift, context);
    for (int slot = 0; slot < used; slot++) {
      if (tags[slot] == tag) {
        long structure = structures[slot];
        long guestStructure = guestStructures[slot];
        putFirst(slot, tag, structure, guestStructure);
        found.address = structure & FRAME;
        found.rights = (int) (structure & ~FRAME);
        found.guestPhysicalAddress = guestStructure & FRAME;
        found.eptRights = (int) (guestStructure & ~FRAME);
        hits++;
        return true;
      }
    }
    misses++;
    return false;
  }

  /** Stores a structure as most recently used, over the same tag, an empty way or the LRU one. */
  void insert(long address, int shift, int context, WalkCaches.Table table) {
    long tag = tag(address, shift, context);
    int victim = Math.min(used, tags.length - 1);
    for (int slot = victim; slot >= 0; slot--) {
      if (tags[slot] == tag) {
        victim = slot;
        break;
      }
      if (tags[slot] == 0) {
        victim = slot;
      }
    }
    used = Math.max(used, victim + 1);
    putFirst(
        victim, tag, table.address | table.rights, table.guestPhysicalAddress | table.eptRights);
  }

  /** Drops every entry of the chosen contexts. */
  void drop(CoveredContexts contexts) {
    int last = 0;
    for (int slot = 0; slot < used; slot++) {
      if (tags[slot] != 0 && contexts.contain(contextOf(tags[slot]))) {
        tags[slot] = 0;
      }
      last = tags[slot] == 0 ? last : slot + 1;
    }
    used = last;
  }

  /** Drops the entries of the chosen contexts that would be used for the address. */
  void drop(CoveredContexts contexts, long address) {
    for (int slot = 0; slot < used; slot++) {
      long tag = tags[slot];
      if (tag != 0
          && contexts.contain(contextOf(tag))
          && tag == tag(address, shiftOf(tag), contextOf(tag))) {
        tags[slot] = 0;
      }
    }
  }

  void dropAll() {
    Arrays.fill(tags, 0);
    used = 0;
  }

  /** Context, shift and the address bits above the shift; the shift tells paging modes apart. */
  private static long tag(long address, int shift, int context) {
    long prefix = (address >>> shift << (shift - LEAST_SHIFT)) & PREFIX_MASK;
    return VALID | (long) context << CONTEXT_SHIFT | (long) shift << PREFIX_BITS | prefix;
  }

  private static int contextOf(long tag) {
    return (int) (tag >>> CONTEXT_SHIFT & CONTEXT_MASK);
  }

  private static int shiftOf(long tag) {
    return (int) (tag >>> PREFIX_BITS) & 63;
  }

  private void putFirst(int slot, long tag, long structure, long guestStructure) {
    for (int i = slot; i > 0; i--) {
      tags[i] = tags[i - 1];
      structures[i] = structures[i - 1];
      guestStructures[i] = guestStructures[i - 1];
    }
    tags[0] = tag;
    structures[0] = structure;
    guestStructures[0] = guestStructure;
  }
}
