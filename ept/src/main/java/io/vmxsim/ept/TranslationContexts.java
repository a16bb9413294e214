package io.vmxsim.ept;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Numbers the {@link Association}s seen, so that a cache entry carries one small number instead of
 * a VPID, a PCID and an EPT root. Only the first sight of an association allocates anything.
 */
final class TranslationContexts {
  /** How many can be numbered at a time; every number is below this. */
  static final int CAPACITY = 1 << 16;

  /** Places of the hash table; a power of two, so that half of them stay free. */
  private static final int PLACES = 2 * CAPACITY;

  private final List<Association> byNumber = new ArrayList<>();

  /** Open addressing: number plus one, or 0 for a free place. */
  private int[] places = new int[64];

  /** The number of an association, given at first sight. */
  int number(int vpid, int pcid, long eptRoot) {
    int mask = places.length - 1;
    int place = hash(vpid, pcid, eptRoot) & mask;
    while (places[place] != 0) {
      Association seen = byNumber.get(places[place] - 1);
      if (seen.vpid() == vpid && seen.pcid() == pcid && seen.eptRoot() == eptRoot) {
        return places[place] - 1;
      }
      place = (place + 1) & mask;
    }
    return add(new Association(vpid, pcid, eptRoot), place);
  }

  private int add(Association association, int place) {
    int number = byNumber.size();
    if (number == CAPACITY) {
      throw new IllegalStateException("all " + CAPACITY + " translation contexts are taken");
    }
    byNumber.add(association);
    places[place] = number + 1;
    if (2 * byNumber.size() > places.length && places.length < PLACES) {
      grow();
    }
    return number;
  }

  private void grow() {
    places = new int[2 * places.length];
    int mask = places.length - 1;
    for (int number = 0; number < byNumber.size(); number++) {
      Association a = byNumber.get(number);
      int place = hash(a.vpid(), a.pcid(), a.eptRoot()) & mask;
      while (places[place] != 0) {
        place = (place + 1) & mask;
      }
      places[place] = number + 1;
    }
  }

  private static int hash(int vpid, int pcid, long eptRoot) {
    long mixed = (eptRoot ^ (long) vpid << 24 ^ pcid) * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 32);
  }

  Association association(int number) {
    return byNumber.get(number);
  }

  /** How many are numbered, from 0. */
  int count() {
    return byNumber.size();
  }

  /** Forgets all numbers; no cache may still hold one. */
  void clear() {
    byNumber.clear();
    Arrays.fill(places, 0);
  }
}
