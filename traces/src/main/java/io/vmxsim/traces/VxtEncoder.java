package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.util.Arrays;

/**
 * Actions to the payload of an ACTIONS block, and the prediction state that both directions share.
 *
 * <p>An action begins with a tag byte whose low two bits say how the rest is coded:
 *
 * <ul>
 *   <li>1 INSTRUCTION: bits 5:2 length; bit 6: not where the previous one ends, a distance follows;
 *       bit 7: its bytes are those last defined for its address.
 *   <li>2 LOAD, 3 STORE: bits 4:2 log2 of the size, or 7 and a size byte follows; bits 7:5 one of
 *       eight recent addresses, to which the distance follows; the address replaces it.
 *   <li>0 any other: a kind byte; bits 2, 3, 4: a size byte, the difference of the address and of
 *       the value to those of the previous action of that kind follow. Kind 0 defines the bytes of
 *       the instruction that follows: their number, and the bytes.
 * </ul>
 *
 * Distances and differences are signed and stored as zigzag base-128 numbers, low digits first.
 */
final class VxtEncoder {
  static final int FORM_OTHER = 0;
  static final int FORM_INSTRUCTION = 1;
  static final int FORM_LOAD = 2;
  static final int FORM_STORE = 3;
  static final int JUMP = 0x40;
  static final int KNOWN_BYTES = 0x80;
  static final int EXPLICIT_SIZE = 7;
  static final int HAS_SIZE = 4;
  static final int HAS_ADDRESS = 8;
  static final int HAS_VALUE = 16;
  static final int DEFINE_BYTES = 0;
  static final int RECENT = 8;

  /** No action takes more: tag, kind, size and two numbers of ten digits, or a tag and 15 bytes. */
  static final int MAX_ENCODED = 48;

  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();

  /** What both directions remember within one block. */
  static final class State {
    private static final int SLOTS = 4096;
    private static final int MAX_BYTES = 16;

    final long[] recent = new long[RECENT];
    final long[] addresses = new long[128];
    final long[] values = new long[128];
    long nextInstruction;

    private final long[] codeAddress = new long[SLOTS];
    private final byte[] codeLength = new byte[SLOTS];
    final byte[] code = new byte[SLOTS * MAX_BYTES];
    private boolean codeUsed;

    void reset() {
      Arrays.fill(recent, 0);
      Arrays.fill(addresses, 0);
      Arrays.fill(values, 0);
      nextInstruction = 0;
      if (codeUsed) {
        Arrays.fill(codeLength, (byte) 0);
        codeUsed = false;
      }
    }

    /** Where in {@link #code} bytes for an instruction at that address are kept. */
    static int codeAt(long address) {
      return ((int) (address ^ address >>> 12) & (SLOTS - 1)) * MAX_BYTES;
    }

    /** How many bytes are known for the instruction at that address, 0 if none. */
    int knownLength(long address) {
      int slot = codeAt(address) / MAX_BYTES;
      return codeAddress[slot] == address ? codeLength[slot] : 0;
    }

    void define(long address, byte[] bytes, int offset, int length) {
      int at = codeAt(address);
      System.arraycopy(bytes, offset, code, at, length);
      codeAddress[at / MAX_BYTES] = address;
      codeLength[at / MAX_BYTES] = (byte) length;
      codeUsed = true;
    }
  }

  private final State state = new State();
  private byte[] out = new byte[1 << 16];
  private int length;
  private int actions;

  /** The replacement pointer for distances too large for any recent address. */
  private int oldest;

  /** Starts a new payload. */
  void reset() {
    state.reset();
    length = 0;
    actions = 0;
    oldest = 0;
  }

  byte[] payload() {
    return out;
  }

  int length() {
    return length;
  }

  int actions() {
    return actions;
  }

  /** Appends action {@code i} of the batch. */
  void add(ActionBatch batch, int i) {
    if (out.length - length < MAX_ENCODED) {
      out = Arrays.copyOf(out, out.length * 2);
    }
    byte kind = batch.kind(i);
    if (kind == INSTRUCTION) {
      instruction(batch, i);
    } else if (kind == LOAD && batch.value(i) == 0) {
      access(FORM_LOAD, batch.size(i), batch.address(i));
    } else if (kind == STORE && batch.value(i) == 0) {
      access(FORM_STORE, batch.size(i), batch.address(i));
    } else {
      other(kind, batch.size(i), batch.address(i), batch.value(i));
    }
    actions++;
  }

  private void instruction(ActionBatch batch, int i) {
    int size = batch.size(i);
    long address = batch.address(i);
    if (size > 15) {
      throw new IllegalArgumentException("an instruction of " + size + " bytes");
    }
    int tag = FORM_INSTRUCTION | size << 2;
    long offset = batch.value(i);
    if (offset != ActionBatch.NO_BYTES) {
      tag |= KNOWN_BYTES;
      define(address, batch.instructionBytes(), (int) offset, size);
    }
    long distance = address - state.nextInstruction;
    state.nextInstruction = address + size;
    if (distance == 0) {
      out[length++] = (byte) tag;
    } else {
      out[length++] = (byte) (tag | JUMP);
      number(distance);
    }
  }

  private void define(long address, byte[] bytes, int offset, int count) {
    int at = State.codeAt(address);
    if (state.knownLength(address) == count
        && Arrays.equals(state.code, at, at + count, bytes, offset, offset + count)) {
      return;
    }
    state.define(address, bytes, offset, count);
    out[length++] = FORM_OTHER;
    out[length++] = DEFINE_BYTES;
    out[length++] = (byte) count;
    System.arraycopy(bytes, offset, out, length, count);
    length += count;
  }

  private void access(int form, int size, long address) {
    long[] recent = state.recent;
    int best = oldest;
    long bestDistance = Long.MAX_VALUE;
    for (int slot = 0; slot < RECENT; slot++) {
      long distance = address - recent[slot];
      long magnitude = distance < 0 ? ~distance : distance;
      if (magnitude < bestDistance) {
        bestDistance = magnitude;
        best = slot;
      }
    }
    if (bestDistance >= 1 << 13) {
      // Three digits or more whichever slot it is: leave the other addresses in place.
      best = oldest;
    }
    if (best == oldest) {
      oldest = (oldest + 1) & (RECENT - 1);
    }
    boolean power = size >= 1 && size <= 64 && (size & (size - 1)) == 0;
    int sizeCode = power ? Integer.numberOfTrailingZeros(size) : EXPLICIT_SIZE;
    out[length++] = (byte) (form | sizeCode << 2 | best << 5);
    if (!power) {
      out[length++] = (byte) size;
    }
    number(address - recent[best]);
    recent[best] = address;
  }

  private void other(byte kind, int size, long address, long value) {
    long addressDifference = address - state.addresses[kind];
    long valueDifference = value - state.values[kind];
    state.addresses[kind] = address;
    state.values[kind] = value;
    out[length++] =
        (byte)
            (FORM_OTHER
                | (size != 0 ? HAS_SIZE : 0)
                | (addressDifference != 0 ? HAS_ADDRESS : 0)
                | (valueDifference != 0 ? HAS_VALUE : 0));
    out[length++] = kind;
    if (size != 0) {
      out[length++] = (byte) size;
    }
    if (addressDifference != 0) {
      number(addressDifference);
    }
    if (valueDifference != 0) {
      number(valueDifference);
    }
  }

  private void number(long signed) {
    long rest = signed << 1 ^ signed >> 63;
    while ((rest & ~0x7fL) != 0) {
      out[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    out[length++] = (byte) rest;
  }
}
