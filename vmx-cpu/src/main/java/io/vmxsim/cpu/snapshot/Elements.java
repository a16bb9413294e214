package io.vmxsim.cpu.snapshot;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SortedMap;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** The elements of the JDK's collections, in an order that is the same in every process. */
final class Elements {
  private Elements() {}

  static List<@Nullable Object> of(Collection<?> collection) {
    List<@Nullable Object> elements = new ArrayList<>(collection);
    if (!keepsOrder(collection)) {
      sort(elements);
    }
    return elements;
  }

  /** Keys and values in turn. */
  static List<@Nullable Object> of(Map<?, ?> map) {
    List<@Nullable Object> keys = new ArrayList<>(map.keySet());
    if (!keepsOrder(map)) {
      sort(keys);
    }
    List<@Nullable Object> both = new ArrayList<>();
    for (Object key : keys) {
      both.add(key);
      both.add(map.get(key));
    }
    return both;
  }

  /** Else the JDK iterates by hashes: that of an object may be another in each process. */
  private static boolean keepsOrder(Object collection) {
    return collection instanceof List
        || collection instanceof Queue
        || collection instanceof SortedSet
        || collection instanceof SortedMap
        || collection instanceof LinkedHashSet
        || collection instanceof LinkedHashMap;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static void sort(List<@Nullable Object> elements) {
    if (elements.stream().allMatch(Comparable.class::isInstance)) {
      elements.sort((Comparator) Comparator.naturalOrder());
    }
  }
}
