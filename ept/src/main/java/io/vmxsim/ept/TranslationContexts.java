package io.vmxsim.ept;

import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.ArrayList;
import java.util.List;

/**
 * Numbers the {@link Association}s seen, so that a cache entry carries one small number instead of
 * a VPID, a PCID and an EPT root.
 */
final class TranslationContexts {
  /** How many can be numbered at a time; every number is below this. */
  static final int CAPACITY = 1 << 16;

  private final List<Association> byNumber = new ArrayList<>();
  private final Object2IntOpenHashMap<Association> numbers = new Object2IntOpenHashMap<>();

  /** The association's number, given at first sight. */
  int number(Association association) {
    int number = numbers.getOrDefault(association, byNumber.size());
    if (number == byNumber.size()) {
      if (number == CAPACITY) {
        throw new IllegalStateException("all " + CAPACITY + " translation contexts are taken");
      }
      byNumber.add(association);
      numbers.put(association, number);
    }
    return number;
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
    numbers.clear();
  }
}
