package io.vmxsim.ept;

import java.util.Arrays;

/**
 * Set-associative storage with true LRU replacement: the replacement core of the TLBs.
 *
 * <p>Every way carries the time of its last use; an empty way was used at time 0, so the way to
 * replace is always the oldest. An entry stays in its way, named by a slot number, for as long as
 * it is held: a hit writes one number. Tags and values are never 0; a tag of 0 means an empty way.
 */
final class LruSets {
  /** Bits of a way's number, below the time of its last use where the two are compared at once. */
  private static final int WAY_BITS = 12;

  private static final int MAX_WAYS = 1 << WAY_BITS;

  private final int ways;
  private final long[] tags;
  private final long[] values;

  private final long[] lastUsed;

  /** One bit per slot, for finding the few that are held without asking all. */
  private final long[] held;

  private int heldCount;

  /** Counts uses and insertions. */
  private long time;

  LruSets(int sets, int ways) {
    if (ways > MAX_WAYS) {
      throw new IllegalArgumentException(ways + " ways are more than " + MAX_WAYS);
    }
    this.ways = ways;
    this.tags = new long[sets * ways];
    this.values = new long[sets * ways];
    this.lastUsed = new long[sets * ways];
    this.held = new long[(sets * ways + Long.SIZE - 1) / Long.SIZE];
  }

  /** Number of ways of all sets. */
  int slots() {
    return tags.length;
  }

  int ways() {
    return ways;
  }

  /** The tag in a way, 0 if it is empty; the ways of set s are s*ways to (s+1)*ways-1. */
  long tag(int slot) {
    return tags[slot];
  }

  long value(int slot) {
    return values[slot];
  }

  /** When a way was last used; only the order within a set matters. */
  long lastUsed(int slot) {
    return lastUsed[slot];
  }

  /** The slot in a set that holds one of two tags, -1 if none does. Changes nothing. */
  int find(int set, long tag, long otherTag) {
    long[] all = tags;
    int first = set * ways;
    int end = first + ways;
    for (int slot = first; slot < end; slot++) {
      long candidate = all[slot];
      if (candidate == tag || candidate == otherTag) {
        return slot;
      }
    }
    return -1;
  }

  /** Makes an entry the most recently used of its set. */
  void use(int slot) {
    lastUsed[slot] = ++time;
  }

  /** Where an entry belongs: over the same tag, else in an empty way, else in the LRU way. */
  int place(int set, long tag) {
    int same = find(set, tag, tag);
    return same >= 0 ? same : oldest(set);
  }

  /** An empty way of a set, else the LRU way. */
  int oldest(int set) {
    int first = set * ways;
    long oldest = Long.MAX_VALUE;
    for (int way = 0; way < ways; way++) {
      oldest = Math.min(oldest, lastUsed[first + way] << WAY_BITS | way);
    }
    return first + ((int) oldest & (MAX_WAYS - 1));
  }

  /** Stores a pair in a slot of its set, as most recently used. */
  void put(int slot, long tag, long value) {
    tags[slot] = tag;
    values[slot] = value;
    long bit = 1L << slot;
    heldCount += (held[slot >>> 6] & bit) == 0 ? 1 : 0;
    held[slot >>> 6] |= bit;
    use(slot);
  }

  /** How many slots hold an entry. */
  int heldCount() {
    return heldCount;
  }

  /** The first slot from {@code from} on that holds an entry; -1 if there is none. */
  int nextHeld(int from) {
    for (int word = from >>> 6; word < held.length; word++) {
      long bits = word == from >>> 6 ? held[word] & -1L << from : held[word];
      if (bits != 0) {
        return word << 6 | Long.numberOfTrailingZeros(bits);
      }
    }
    return -1;
  }

  /** Empties one way; the order of the others stays. */
  void drop(int slot) {
    tags[slot] = 0;
    values[slot] = 0;
    lastUsed[slot] = 0;
    long bit = 1L << slot;
    heldCount -= (held[slot >>> 6] & bit) != 0 ? 1 : 0;
    held[slot >>> 6] &= ~bit;
  }

  void dropAll() {
    Arrays.fill(tags, 0);
    Arrays.fill(values, 0);
    Arrays.fill(lastUsed, 0);
    Arrays.fill(held, 0);
    heldCount = 0;
  }
}
