package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class LruSetsTest {
  /** Tags of one search have an equal key, the bits below this one. */
  private static final long CONTEXT = 1L << 40;

  private static final long KEY = CONTEXT - 1;

  private enum Action {
    USE,
    INSERT,
    DROP
  }

  private record Step(Action action, int set, int tag) {}

  /** True LRU as a textbook has it: one list per set, least recently used first. */
  private static final class ReferenceLru {
    private final int ways;
    private final List<Map<Long, Long>> sets = new ArrayList<>();

    ReferenceLru(int sets, int ways) {
      this.ways = ways;
      for (int i = 0; i < sets; i++) {
        this.sets.add(new LinkedHashMap<>(16, 0.75f, true));
      }
    }

    long use(int set, long tag) {
      Long value = sets.get(set).get(tag);
      return value == null ? 0 : value;
    }

    void insert(int set, long tag, long value) {
      Map<Long, Long> entries = sets.get(set);
      if (!entries.containsKey(tag) && entries.size() == ways) {
        entries.remove(entries.keySet().iterator().next());
      }
      entries.put(tag, value);
      use(set, tag);
    }

    void drop(int set, long tag) {
      sets.get(set).remove(tag);
    }

    List<Long> mostRecentFirst(int set) {
      List<Long> tags = new ArrayList<>();
      sets.get(set).keySet().forEach(tag -> tags.add(0, tag));
      return tags;
    }
  }

  @Property(tries = 500)
  void holdsAndReplacesWhatASlowLruModelDoes(
      @ForAll @IntRange(min = 1, max = 5) int sets,
      @ForAll @IntRange(min = 1, max = 20) int ways,
      @ForAll("steps") List<Step> steps) {
    LruSets subject = new LruSets(sets, ways, KEY);
    ReferenceLru reference = new ReferenceLru(sets, ways);
    long value = 1000;
    for (Step step : steps) {
      int set = step.set % sets;
      switch (step.action) {
        case USE -> assertEquals(reference.use(set, step.tag), use(subject, set, step.tag));
        case INSERT -> {
          value++;
          reference.insert(set, step.tag, value);
          subject.put(set, subject.place(set, step.tag), step.tag, value);
        }
        case DROP -> {
          reference.drop(set, step.tag);
          drop(subject, set, step.tag);
        }
      }
      assertEquals(reference.mostRecentFirst(set), mostRecentFirst(subject, set));
    }
  }

  @Property
  void eitherOfTwoTagsIsFoundAndLookingChangesNothing(
      @ForAll @IntRange(min = 2, max = 20) int ways) {
    LruSets subject = new LruSets(2, ways, KEY);
    for (int tag = 1; tag <= ways; tag++) {
      subject.put(1, subject.place(1, tag), tag, 100 + tag);
    }
    List<Long> before = mostRecentFirst(subject, 1);
    for (int tag = 1; tag <= ways; tag++) {
      assertEquals(100 + tag, subject.value(subject.find(1, tag, tag | CONTEXT)));
      assertEquals(100 + tag, subject.value(subject.find(1, tag | CONTEXT, tag)));
      assertEquals(-1, subject.find(0, tag, tag | CONTEXT));
    }
    assertEquals(before, mostRecentFirst(subject, 1));
  }

  private static long use(LruSets subject, int set, long tag) {
    int slot = subject.find(set, tag, tag | CONTEXT);
    if (slot < 0) {
      return 0;
    }
    subject.use(slot);
    return subject.value(slot);
  }

  private static void drop(LruSets subject, int set, long tag) {
    for (int slot = set * subject.ways(); slot < (set + 1) * subject.ways(); slot++) {
      if (subject.tag(slot) == tag) {
        subject.drop(slot);
      }
    }
  }

  private static List<Long> mostRecentFirst(LruSets subject, int set) {
    return IntStream.range(set * subject.ways(), (set + 1) * subject.ways())
        .filter(slot -> subject.tag(slot) != 0)
        .boxed()
        .sorted(Comparator.comparing(subject::lastUsed).reversed())
        .map(subject::tag)
        .collect(Collectors.toList());
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    return Combinators.combine(
            Arbitraries.of(Action.USE, Action.USE, Action.INSERT, Action.INSERT, Action.DROP),
            Arbitraries.integers().between(0, 4),
            Arbitraries.integers().between(1, 25))
        .as(Step::new)
        .list()
        .ofMaxSize(160);
  }
}
