package io.vmxsim.ept;

import java.util.Arrays;

/**
 * Set-associative storage with true LRU replacement: the replacement core of the TLBs.
 *
 * <p>Every way carries the time of its last use; an empty way was used at time 0, so the way to
 * replace is always the oldest. Tags and values are never 0; a tag of 0 means an empty way.
 */
final class LruSets {
  private final int ways;
  private final long[] tags;
  private final long[] values;
  private final long[] lastUsed;

  /** Counts uses and insertions. */
  private long time;

  /** What was used or filled last of all, 0 if it has been dropped since. */
  private long recentTag;

  private long recentValue;

  LruSets(int sets, int ways) {
    this.ways = ways;
    this.tags = new long[sets * ways];
    this.values = new long[sets * ways];
    this.lastUsed = new long[sets * ways];
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

  /**
   * The value used last of all if it is under one of two tags, else 0. Using it again would leave
   * every set's order as it is, and so looking changes nothing.
   */
  long mostRecent(long tag, long otherTag) {
    return recentTag == tag || recentTag == otherTag ? recentValue : 0;
  }

  /** The value under one of two tags, which becomes the most recently used; 0 if there is none. */
  long use(int set, long tag, long otherTag) {
    int first = set * ways;
    for (int slot = first; slot < first + ways; slot++) {
      long candidate = tags[slot];
      if (candidate == tag || candidate == otherTag) {
        long value = values[slot];
        lastUsed[slot] = ++time;
        recentTag = candidate;
        recentValue = value;
        return value;
      }
    }
    return 0;
  }

  /**
   * Stores a pair as most recently used, over the same tag, else an empty way, else the LRU way.
   */
  void insert(int set, long tag, long value) {
    int first = set * ways;
    int victim = first;
    for (int slot = first; slot < first + ways; slot++) {
      if (tags[slot] == tag) {
        victim = slot;
        break;
      }
      if (lastUsed[slot] < lastUsed[victim]) {
        victim = slot;
      }
    }
    tags[victim] = tag;
    values[victim] = value;
    lastUsed[victim] = ++time;
    recentTag = tag;
    recentValue = value;
  }

  /** Empties one way; the order of the others stays. */
  void drop(int slot) {
    if (tags[slot] == recentTag) {
      recentTag = 0;
    }
    tags[slot] = 0;
    values[slot] = 0;
    lastUsed[slot] = 0;
  }

  void dropAll() {
    recentTag = 0;
    Arrays.fill(tags, 0);
    Arrays.fill(values, 0);
    Arrays.fill(lastUsed, 0);
  }
}
