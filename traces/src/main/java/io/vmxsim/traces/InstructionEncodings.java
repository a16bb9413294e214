package io.vmxsim.traces;

import io.vmxsim.traces.SensitiveOpcodes.Sensitive;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of instructions by address. A trace gives them once, and again when code changes; each
 * is scanned when it is given, not when it runs.
 */
final class InstructionEncodings {
  static final int MAX_LENGTH = 15;

  private static final int SLOT = 16;

  private final Long2IntOpenHashMap slots = new Long2IntOpenHashMap();
  private byte[] bytes = new byte[1024 * SLOT];
  private byte[] lengths = new byte[1024];
  private @Nullable Sensitive[] sensitive = new @Nullable Sensitive[1024];

  InstructionEncodings() {
    slots.defaultReturnValue(-1);
  }

  /** Takes note of an instruction's bytes. */
  void put(long address, byte[] code, int length) {
    int slot = slots.get(address);
    if (slot < 0) {
      slot = slots.size();
      slots.put(address, slot);
      if (slot == lengths.length) {
        bytes = Arrays.copyOf(bytes, bytes.length * 2);
        lengths = Arrays.copyOf(lengths, lengths.length * 2);
        sensitive = Arrays.copyOf(sensitive, sensitive.length * 2);
      }
    }
    System.arraycopy(code, 0, bytes, slot * SLOT, length);
    lengths[slot] = (byte) length;
    sensitive[slot] = SensitiveOpcodes.scan(code, 0, length);
  }

  /** The slot of the instruction at that address, -1 if none of that length is known. */
  int find(long address, int length) {
    int slot = slots.get(address);
    return slot >= 0 && lengths[slot] == length ? slot : -1;
  }

  /** The array with all bytes. */
  byte[] bytes() {
    return bytes;
  }

  /** Where in {@link #bytes} those of a slot begin. */
  static int offset(int slot) {
    return slot * SLOT;
  }

  /** What the instruction in a slot is if it is sensitive. */
  @Nullable Sensitive sensitive(int slot) {
    return sensitive[slot];
  }
}
