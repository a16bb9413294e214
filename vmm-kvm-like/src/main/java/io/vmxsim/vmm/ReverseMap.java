package io.vmxsim.vmm;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import org.jspecify.annotations.Nullable;

/**
 * For each guest frame, the shadow entries that map it, so that a frame that becomes a guest paging
 * structure can be write-protected wherever it is mapped.
 *
 * <p>Four bytes per mapped frame, allocated for 512 frames at a time (2 KBytes for 2 MBytes of
 * guest memory in use); only frames with several mappings cost more. There is one map per size of
 * mapping.
 */
final class ReverseMap {
  private static final int CHUNK_BITS = 9;
  private static final int CHUNK = 1 << CHUNK_BITS;
  private static final int NONE = 0;

  /** In place of an entry number: look in {@link #several}. */
  private static final int SEVERAL = -1;

  private final Long2ObjectOpenHashMap<int[]> chunks = new Long2ObjectOpenHashMap<>();
  private final Long2ObjectOpenHashMap<IntArrayList> several = new Long2ObjectOpenHashMap<>();

  /** What is done with each mapping of a frame. */
  interface EntryVisitor {
    /** One shadow entry; it may be removed from the map during the visit. */
    void visit(int entry);
  }

  /** Notes that shadow entry number {@code entry} (0 to 2^31 − 2) maps {@code frame}. */
  void add(long frame, int entry) {
    int[] chunk = chunks.computeIfAbsent(frame >>> CHUNK_BITS, index -> new int[CHUNK]);
    int slot = (int) frame & (CHUNK - 1);
    int held = chunk[slot];
    if (held == NONE) {
      chunk[slot] = entry + 1;
    } else if (held == SEVERAL) {
      several.get(frame).add(entry);
    } else {
      several.put(frame, IntArrayList.of(held - 1, entry));
      chunk[slot] = SEVERAL;
    }
  }

  /** Forgets that {@code entry} maps {@code frame}; it must have been added. */
  void remove(long frame, int entry) {
    int @Nullable [] chunk = chunks.get(frame >>> CHUNK_BITS);
    int slot = (int) frame & (CHUNK - 1);
    int held = chunk == null ? NONE : chunk[slot];
    if (chunk != null && held == entry + 1) {
      chunk[slot] = NONE;
      return;
    }
    IntArrayList entries = held == SEVERAL ? several.get(frame) : null;
    if (chunk == null || entries == null || !entries.rem(entry)) {
      throw new IllegalStateException(
          "shadow entry %d does not map guest frame %#x".formatted(entry, frame));
    }
    if (entries.size() == 1) {
      chunk[slot] = entries.getInt(0) + 1;
      several.remove(frame);
    }
  }

  /** Visits every shadow entry that maps {@code frame}, in the order in which they were added. */
  void forEach(long frame, EntryVisitor visitor) {
    int @Nullable [] chunk = chunks.get(frame >>> CHUNK_BITS);
    if (chunk == null) {
      return;
    }
    int held = chunk[(int) frame & (CHUNK - 1)];
    if (held == SEVERAL) {
      for (int entry : several.get(frame).toIntArray()) {
        visitor.visit(entry);
      }
    } else if (held != NONE) {
      visitor.visit(held - 1);
    }
  }
}
