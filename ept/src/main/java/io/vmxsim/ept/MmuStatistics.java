package io.vmxsim.ept;

import java.util.ArrayList;
import java.util.List;

/**
 * A snapshot of what the translation caches and walks have done since the processor was built.
 *
 * <p>Every translation is one hit or one miss of one first-level TLB; every first-level miss is one
 * hit or one miss at the second level, if there is one. A miss counts at the structure that holds
 * the size of the page found; one that ends in a fault or a VM exit counts at the structure of the
 * smallest size. Paging-structure caches count one lookup per walk and level tried.
 *
 * @param structures hits and misses by structure, in the geometry's order
 * @param walks walks of the paging structures, successful or not
 * @param guestEntryReads guest paging-structure entries read by walks
 * @param eptEntryReads EPT paging-structure entries read by walks
 * @param splinteredFills walks that found a guest page larger than the EPT page behind it, so that
 *     the TLB entry covers only the smaller one
 * @param walkCycles cycles that walks took
 */
public record MmuStatistics(
    List<Structure> structures,
    long walks,
    long guestEntryReads,
    long eptEntryReads,
    long splinteredFills,
    long walkCycles) {

  /** Hits and misses of one structure. */
  public record Structure(String name, long hits, long misses) {}

  /** Copies the list. */
  public MmuStatistics {
    structures = List.copyOf(structures);
  }

  /** Paging-structure entries of both dimensions read by walks. */
  public long entryReads() {
    return guestEntryReads + eptEntryReads;
  }

  /**
   * Hits and misses of one structure.
   *
   * @throws IllegalArgumentException if the geometry has no structure of that name
   */
  public Structure structure(String name) {
    for (Structure structure : structures) {
      if (structure.name().equals(name)) {
        return structure;
      }
    }
    throw new IllegalArgumentException("no structure named " + name);
  }

  /** What happened after {@code earlier}, a snapshot of the same processor. */
  public MmuStatistics since(MmuStatistics earlier) {
    List<Structure> difference = new ArrayList<>();
    for (int i = 0; i < structures.size(); i++) {
      Structure now = structures.get(i);
      Structure then = earlier.structures.get(i);
      difference.add(
          new Structure(now.name(), now.hits() - then.hits(), now.misses() - then.misses()));
    }
    return new MmuStatistics(
        difference,
        walks - earlier.walks,
        guestEntryReads - earlier.guestEntryReads,
        eptEntryReads - earlier.eptEntryReads,
        splinteredFills - earlier.splinteredFills,
        walkCycles - earlier.walkCycles);
  }
}
