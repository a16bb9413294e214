package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import org.jspecify.annotations.Nullable;

/**
 * The payload of an ACTIONS block to actions; see {@link VxtEncoder} for the coding. The payload
 * lies in an array with at least {@link TraceInput#SLACK} bytes behind it, so one look at the
 * position behind each action is enough.
 */
final class VxtDecoder {
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();
  private static final byte STORE_VALUE = ActionKind.STORE_VALUE.code();
  private static final byte WORK = ActionKind.WORK.code();
  private static final byte INITIAL_CR = ActionKind.INITIAL_CR.code();
  private static final byte MOV_TO_CR = ActionKind.MOV_TO_CR.code();
  private static final long CR4_LA57 = 1 << 12;
  private static final int MAX_DIGITS = 10;

  private final VxtEncoder.State state = new VxtEncoder.State();
  private byte[] data = new byte[0];
  private int at;
  private int end;

  /** 48 until the trace turns 57-bit linear addresses on. */
  private int addressBits = 48;

  private @Nullable String fault;

  long instructions;
  long loads;
  long stores;
  long actions;
  long skipped;

  /** Begins with the payload in {@code data[start, end)}. */
  void reset(byte[] newData, int start, int newEnd) {
    data = newData;
    at = start;
    end = newEnd;
    fault = null;
    state.reset();
  }

  /** Whether the payload is used up. */
  boolean done() {
    return at >= end;
  }

  /**
   * Appends actions until the batch holds {@code room} of them and the next one begins an
   * instruction, the payload ends, or something is wrong.
   *
   * @param lenient whether actions with senseless operands are skipped
   * @return what was expected instead of what is there, or null
   */
  @Nullable String decode(ActionBatch batch, int room, boolean lenient) {
    int most = room + VxtLayout.KEPT_TOGETHER;
    while (at < end && (batch.count() < room || (batch.count() < most && !beginsInstruction()))) {
      int tag = data[at++] & 0xff;
      int form = tag & 3;
      boolean good =
          form == VxtEncoder.FORM_INSTRUCTION
              ? instruction(batch, tag)
              : form == VxtEncoder.FORM_OTHER ? other(batch, tag) : access(batch, tag);
      if (at > end || fault != null) {
        return fault != null ? fault : "an action that ends with its block";
      }
      if (good) {
        actions++;
      } else if (lenient) {
        skipped++;
      } else {
        return "an action with canonical addresses and operands that exist";
      }
    }
    return null;
  }

  private boolean beginsInstruction() {
    int form = data[at] & 3;
    return form == VxtEncoder.FORM_INSTRUCTION
        || (form == VxtEncoder.FORM_OTHER && data[at + 1] == VxtEncoder.DEFINE_BYTES);
  }

  private boolean instruction(ActionBatch batch, int tag) {
    int size = tag >> 2 & 15;
    long address = state.nextInstruction;
    if ((tag & VxtEncoder.JUMP) != 0) {
      address += number();
    }
    state.nextInstruction = address + size;
    if (!LinearAddresses.isCanonical(address, addressBits)) {
      return false;
    }
    if ((tag & VxtEncoder.KNOWN_BYTES) == 0) {
      batch.add(INSTRUCTION, size, address, ActionBatch.NO_BYTES);
    } else if (size != 0 && state.knownLength(address) == size) {
      batch.addInstruction(address, state.code, VxtEncoder.State.codeAt(address), size);
    } else {
      fault = "an instruction whose bytes are defined";
      return false;
    }
    instructions++;
    return true;
  }

  private boolean access(ActionBatch batch, int tag) {
    int sizeCode = tag >> 2 & 7;
    int size = sizeCode == VxtEncoder.EXPLICIT_SIZE ? data[at++] & 0xff : 1 << sizeCode;
    int slot = tag >> 5;
    long address = state.recent[slot] + number();
    state.recent[slot] = address;
    if (size == 0 || !LinearAddresses.isCanonical(address, addressBits)) {
      return false;
    }
    if ((tag & 3) == VxtEncoder.FORM_LOAD) {
      batch.add(LOAD, size, address, 0);
      loads++;
    } else {
      batch.add(STORE, size, address, 0);
      stores++;
    }
    return true;
  }

  private boolean other(ActionBatch batch, int tag) {
    int kind = data[at++];
    if (kind == VxtEncoder.DEFINE_BYTES && tag == VxtEncoder.FORM_OTHER) {
      return define(batch);
    }
    if (tag > 31 || !ActionKind.isKnown(kind)) {
      fault = "an action of a known kind, found kind " + (kind & 0xff);
      return false;
    }
    int size = (tag & VxtEncoder.HAS_SIZE) != 0 ? data[at++] & 0xff : 0;
    if ((tag & VxtEncoder.HAS_ADDRESS) != 0) {
      state.addresses[kind] += number();
    }
    if ((tag & VxtEncoder.HAS_VALUE) != 0) {
      state.values[kind] += number();
    }
    long address = state.addresses[kind];
    long value = state.values[kind];
    if (!ActionOperands.makeSense(ActionKind.ofCode(kind), size, address, value, addressBits)) {
      return false;
    }
    batch.add((byte) kind, size, address, value);
    if (kind == STORE_VALUE || kind == STORE) {
      stores++;
    } else if (kind == LOAD) {
      loads++;
    } else if (kind == WORK) {
      instructions += value;
    } else if ((kind == INITIAL_CR || kind == MOV_TO_CR) && size == 4 && (value & CR4_LA57) != 0) {
      addressBits = 57;
    }
    return true;
  }

  /** Bytes, and the instruction they belong to: the two are one action. */
  private boolean define(ActionBatch batch) {
    int count = data[at++] & 0xff;
    int bytes = at;
    at += count;
    if (count == 0 || count > 15 || at >= end) {
      fault = "1 to 15 instruction bytes and their instruction";
      return false;
    }
    int tag = data[at++] & 0xff;
    boolean fits = (tag & 3) == VxtEncoder.FORM_INSTRUCTION && (tag >> 2 & 15) == count;
    if (!fits || (tag & VxtEncoder.KNOWN_BYTES) == 0) {
      fault = "the instruction that the bytes before it belong to";
      return false;
    }
    int afterTag = at;
    long jump = (tag & VxtEncoder.JUMP) != 0 ? number() : 0;
    at = afterTag;
    state.define(state.nextInstruction + jump, data, bytes, count);
    return instruction(batch, tag);
  }

  private long number() {
    long result = 0;
    int p = at;
    for (int digit = 0; digit < MAX_DIGITS; digit++) {
      byte b = data[p++];
      result |= (long) (b & 0x7f) << (7 * digit);
      if (b >= 0) {
        at = p;
        return result >>> 1 ^ -(result & 1);
      }
    }
    at = p;
    fault = "a number of at most " + MAX_DIGITS + " digits";
    return 0;
  }
}
