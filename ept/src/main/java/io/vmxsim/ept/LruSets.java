package io.vmxsim.ept;

import java.util.Arrays;

/**
 * Set-associative storage with true LRU replacement: the replacement core of every translation
 * cache.
 *
 * <p>The ways of a set are kept in order of use, way 0 being the most recently used. A hit in way 0
 * therefore changes nothing, which is what lets a caller test that way alone before anything else.
 * Tags and values are never 0; 0 means an empty way.
 */
final class LruSets {
  private final int ways;
  private final long[] tags;
  private final long[] values;

  LruSets(int sets, int ways) {
    this.ways = ways;
    this.tags = new long[sets * ways];
    this.values = new long[sets * ways];
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

  /** The value of the set's most recently used way if it has one of two tags, else 0. */
  long mostRecent(int set, long tag, long otherTag) {
    int first = set * ways;
    long recent = tags[first];
    return recent == tag || recent == otherTag ? values[first] : 0;
  }

  /** The value under one of two tags, which becomes the most recently used; 0 if there is none. */
  long use(int set, long tag, long otherTag) {
    int first = set * ways;
    for (int slot = first; slot < first + ways; slot++) {
      long candidate = tags[slot];
      if (candidate == tag || candidate == otherTag) {
        long value = values[slot];
        if (slot != first) {
          putFirst(first, slot, candidate, value);
        }
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
    int last = first + ways - 1;
    int victim = last;
    for (int slot = last; slot >= first; slot--) {
      if (tags[slot] == tag) {
        victim = slot;
        break;
      }
      if (tags[slot] == 0) {
        victim = slot;
      }
    }
    putFirst(first, victim, tag, value);
  }

  /** Empties one way; the order of the others stays. */
  void drop(int slot) {
    tags[slot] = 0;
    values[slot] = 0;
  }

  void dropAll() {
    Arrays.fill(tags, 0);
    Arrays.fill(values, 0);
  }

  /** Moves the ways before {@code slot} back by one and stores the pair in front of them. */
  private void putFirst(int first, int slot, long tag, long value) {
    for (int i = slot; i > first; i--) {
      tags[i] = tags[i - 1];
      values[i] = values[i - 1];
    }
    tags[first] = tag;
    values[first] = value;
  }
}
