package io.vmxsim.ept;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Set-associative storage with true LRU replacement: the replacement core of the TLBs.
 *
 * <p>Every way carries the time of its last use; an empty way was used at time 0, so the way to
 * replace is always the oldest. An entry stays in its way, named by a slot number, for as long as
 * it is held: a hit writes one number. Tags and values are never 0; a tag of 0 means an empty way.
 */
final class LruSets {
  /** Ways whose marks are compared at once. */
  private static final int GROUP = Long.BYTES;

  private static final VarHandle GROUPS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long EVERY_BYTE = 0x0101_0101_0101_0101L;
  private static final long EVERY_HIGH_BIT = EVERY_BYTE << 7;

  private final int ways;

  /** Bytes of a set's marks: its ways, rounded up to groups. */
  private final int stride;

  private final long keyMask;

  /**
   * By set and way, a byte that is equal for equal keys: of the ways of a group, only those whose
   * mark is that of the key are asked for their tag. An empty way has any mark.
   *
   * <p>JUSTIFICATION: MmuBenchmark, 1 GiB random: most searches find nothing.
   */
  private final byte[] marks;

  private final long[] tags;
  private final long[] values;

  /**
   * By slot, the time of its last use above its own number: the smallest of a set is the way to
   * replace, and names it.
   */
  private final long[] lastUsed;

  /** One bit per slot, for finding the few that are held without asking all. */
  private final long[] held;

  private int heldCount;

  /**
   * What one use adds to the time: the power of two above every slot's number. The 4 million lines
   * of a 256-MByte cache leave room for 2^41 uses, a TLB of 2,048 entries for 2^52.
   */
  private final long use;

  /** Counts uses and insertions, in units of {@link #use}. */
  private long time;

  /**
   * Empty sets.
   *
   * @param keyMask the bits of a tag that are equal in all tags of one search
   */
  LruSets(int sets, int ways, long keyMask) {
    this.ways = ways;
    this.keyMask = keyMask;
    this.stride = (ways + GROUP - 1) / GROUP * GROUP;
    this.marks = new byte[sets * stride];
    this.tags = new long[sets * ways];
    this.values = new long[sets * ways];
    this.lastUsed = new long[sets * ways];
    this.held = new long[(sets * ways + Long.SIZE - 1) / Long.SIZE];
    this.use = 2L * Long.highestOneBit((long) sets * ways);
    forgetUses();
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

  /** When a way was last used; only the order matters. */
  long lastUsed(int slot) {
    return lastUsed[slot];
  }

  /**
   * The slot in a set that holds one of two tags, which have one key; -1 if none does. Changes
   * nothing.
   */
  int find(int set, long tag, long otherTag) {
    long pattern = mark(tag) * EVERY_BYTE;
    int group = set * stride;
    int slot = set * ways;
    int end = slot + ways;
    do {
      long unlike = (long) GROUPS.get(marks, group) ^ pattern;
      // The lowest byte of 0 has its high bit set here; bytes above it may have theirs too.
      long alike = (unlike - EVERY_BYTE) & ~unlike & EVERY_HIGH_BIT;
      if (alike != 0) {
        int found = find(slot, end, alike, tag, otherTag);
        if (found >= 0) {
          return found;
        }
      }
      group += GROUP;
      slot += GROUP;
    } while (slot < end);
    return -1;
  }

  /** Asks those ways of a group for their tags whose marks are alike. */
  private int find(int first, int end, long alike, long tag, long otherTag) {
    for (long left = alike; left != 0; left &= left - 1) {
      int slot = first + (Long.numberOfTrailingZeros(left) >>> 3);
      // The bytes that fill the last group up belong to no way.
      if (slot < end && (tags[slot] == tag || tags[slot] == otherTag)) {
        return slot;
      }
    }
    return -1;
  }

  private long mark(long tag) {
    return ((tag & keyMask) * 0x9E3779B97F4A7C15L) >>> 56;
  }

  /** Makes an entry the most recently used of its set. */
  void use(int slot) {
    time += use;
    lastUsed[slot] = time | slot;
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
    for (int slot = first; slot < first + ways; slot++) {
      oldest = Math.min(oldest, lastUsed[slot]);
    }
    return (int) (oldest & (use - 1));
  }

  /** Stores a pair in a slot of a set, as most recently used. */
  void put(int set, int slot, long tag, long value) {
    if (tags[slot] == 0) {
      held[slot >>> 6] |= 1L << slot;
      heldCount++;
    }
    tags[slot] = tag;
    values[slot] = value;
    marks[set * stride + slot - set * ways] = (byte) mark(tag);
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
    lastUsed[slot] = slot;
    long bit = 1L << slot;
    heldCount -= (held[slot >>> 6] & bit) != 0 ? 1 : 0;
    held[slot >>> 6] &= ~bit;
  }

  void dropAll() {
    Arrays.fill(tags, 0);
    Arrays.fill(values, 0);
    forgetUses();
    Arrays.fill(held, 0);
    heldCount = 0;
  }

  private void forgetUses() {
    for (int slot = 0; slot < lastUsed.length; slot++) {
      lastUsed[slot] = slot;
    }
  }
}
