package io.vmxsim.ept;

import java.util.List;

/**
 * Caches of memory by line, level behind level, which walks and data accesses share. A line that is
 * used comes into every level that lacked it; each set drops the line used longest ago. Writes fill
 * as reads do and no write-back is priced: what matters here is where a line is found.
 */
public final class DataCaches {
  /** A line in bytes, on every processor with VT-x. */
  public static final int LINE = 64;

  /** Who looks for a line. */
  public enum User {
    /** The guest's loads and stores. */
    DATA,
    /** Page walks, of both dimensions. */
    WALK
  }

  /**
   * One level.
   *
   * @param name for reports
   * @param sets any number
   * @param ways lines in a set
   * @param latency cycles until a line found here is there
   */
  public record Level(String name, int sets, int ways, long latency) {
    /** Bytes it holds. */
    public long bytes() {
      return (long) sets * ways * LINE;
    }
  }

  private final List<Level> levels;
  private final LruSets[] sets;
  private final long memoryLatency;
  private final long[][] hits;
  private final long[][] misses;

  /**
   * Empty caches.
   *
   * @param levels from the nearest on
   * @param memoryLatency cycles of a line that no level holds
   */
  public DataCaches(List<Level> levels, long memoryLatency) {
    this.levels = List.copyOf(levels);
    this.memoryLatency = memoryLatency;
    sets = new LruSets[levels.size()];
    for (int i = 0; i < sets.length; i++) {
      sets[i] = new LruSets(levels.get(i).sets(), levels.get(i).ways(), -1);
    }
    hits = new long[User.values().length][sets.length];
    misses = new long[User.values().length][sets.length];
  }

  /** Looks for the line at a physical address; the cycles until it is there. */
  public long access(long physicalAddress, User user) {
    long line = physicalAddress / LINE;
    long tag = line + 1; // 0 is an empty way
    int who = index(user);
    for (int level = 0; level < sets.length; level++) {
      int set = (int) (line % levels.get(level).sets());
      int slot = sets[level].find(set, tag, tag);
      if (slot >= 0) {
        sets[level].use(slot);
        hits[who][level]++;
        return levels.get(level).latency();
      }
      misses[who][level]++;
      sets[level].put(set, sets[level].oldest(set), tag, tag);
    }
    return memoryLatency;
  }

  /** Cycles of a line in the nearest level, which are part of an instruction's price. */
  public long nearestLatency() {
    return levels.isEmpty() ? memoryLatency : levels.get(0).latency();
  }

  /** Look-ups of a user that a level answered, by its number from 0. */
  public long hits(int level, User user) {
    return hits[index(user)][level];
  }

  /** Look-ups of a user that a level could not answer. */
  public long misses(int level, User user) {
    return misses[index(user)][level];
  }

  private static int index(User user) {
    return user == User.DATA ? 0 : 1;
  }

  /** The levels. */
  public List<Level> levels() {
    return levels;
  }
}
