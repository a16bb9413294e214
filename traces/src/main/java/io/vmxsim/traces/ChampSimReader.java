package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * ChampSim's records of one instruction each: 64 bytes, or 96 in the CloudSuite variant, without a
 * header. A record has no instruction length, so it is taken from the next record where that
 * follows sequentially and is unknown otherwise; an access has no size, so it is one byte.
 */
final class ChampSimReader extends StreamedTrace {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();

  /** Records whose flags are looked at to recognise the format. */
  static final int RECOGNITION_RECORDS = 1000;

  /** One instruction, four loads and up to four stores. */
  private static final int MAX_ACTIONS = 9;

  private static final int IS_BRANCH = 8;
  private static final int BRANCH_TAKEN = 9;
  private static final int LOADS = 4;
  private static final int MAX_INSTRUCTION_LENGTH = 15;

  /** Where things are in a record. */
  enum Layout {
    PLAIN(TraceFormat.CHAMPSIM, 64, 16, 2, 32),
    CLOUDSUITE(TraceFormat.CHAMPSIM_CLOUDSUITE, 96, 24, 4, 56);

    final TraceFormat format;
    final int length;
    final int storesAt;
    final int stores;
    final int loadsAt;

    Layout(TraceFormat format, int length, int storesAt, int stores, int loadsAt) {
      this.format = format;
      this.length = length;
      this.storesAt = storesAt;
      this.stores = stores;
      this.loadsAt = loadsAt;
    }
  }

  private final Layout layout;

  /** Records read, skipped ones included. */
  private long records;

  ChampSimReader(TraceInput input, Layout layout, boolean lenient) {
    super(layout.format, input, lenient);
    this.layout = layout;
  }

  /**
   * Whether data may be 64-byte records: whole records as far as the length is known, flags of 0 or
   * 1, and a canonical address in each.
   */
  static boolean recognises(TraceInput input) {
    int length = Layout.PLAIN.length;
    boolean whole = !input.require(RECOGNITION_RECORDS * length);
    long size = whole ? input.available() : input.length();
    if (size == 0 || (size > 0 && size % length != 0)) {
      return false;
    }
    int records = Math.min(RECOGNITION_RECORDS, input.available() / length);
    for (int i = 0; i < records; i++) {
      if (!isRecord(input.buffer, input.position + i * length)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isRecord(byte[] data, int at) {
    long ip = (long) LONG.get(data, at);
    return (data[at + IS_BRANCH] & ~1) == 0
        && (data[at + BRANCH_TAKEN] & ~1) == 0
        && ip != 0
        && LinearAddresses.isCanonical48(ip);
  }

  @Override
  public boolean fill(ActionBatch batch) {
    batch.clear();
    int room = Math.max(1, batch.capacity() - MAX_ACTIONS + 1);
    long before = counts.records;
    int length = layout.length;
    while (batch.count() < room) {
      // A whole record behind this one, to see where the next instruction begins.
      if (!input.require(2 * length) && !lastRecord()) {
        break;
      }
      parse(batch, room);
    }
    batch.setRecords(counts.records - before);
    return batch.count() > 0;
  }

  /** Whether exactly one more record is buffered; complains about a fraction of one. */
  private boolean lastRecord() {
    int left = input.available() % layout.length;
    if (left != 0) {
      if (!lenient) {
        records += input.available() / layout.length;
      }
      skipOrThrow("a record of " + layout.length + " bytes, found the last " + left);
      input.limit -= left;
    }
    return input.available() > 0;
  }

  /** Turns buffered records into actions; the last one only at the end of the data. */
  private void parse(ActionBatch batch, int room) {
    byte[] data = input.buffer;
    int length = layout.length;
    int limit = input.limit;
    int at = input.position;
    boolean last = limit - at < 2 * length;
    int end = last ? at + length : limit - 2 * length + 1;
    while (at < end && batch.count() < room) {
      long ip = (long) LONG.get(data, at);
      if (isRecord(data, at) && accessesAreCanonical(data, at)) {
        long next = last ? 0 : (long) LONG.get(data, at + length);
        long distance = next - ip;
        boolean sequential =
            data[at + BRANCH_TAKEN] == 0 && distance > 0 && distance <= MAX_INSTRUCTION_LENGTH;
        int size = sequential ? (int) distance : 0;
        batch.add(INSTRUCTION, size, ip, ActionBatch.NO_BYTES);
        counts.loads += addAccesses(batch, LOAD, data, at + layout.loadsAt, LOADS);
        counts.stores += addAccesses(batch, STORE, data, at + layout.storesAt, layout.stores);
        counts.instructions++;
        counts.records++;
      } else {
        skipOrThrow("branch flags of 0 or 1, an address other than 0, and canonical addresses");
      }
      records++;
      at += length;
    }
    input.position = at;
  }

  private static int addAccesses(ActionBatch batch, byte kind, byte[] data, int at, int slots) {
    int added = 0;
    for (int i = 0; i < slots; i++) {
      long address = (long) LONG.get(data, at + 8 * i);
      if (address != 0) {
        batch.add(kind, 1, address, 0);
        added++;
      }
    }
    return added;
  }

  private boolean accessesAreCanonical(byte[] data, int at) {
    int end = at + layout.loadsAt + 8 * LOADS;
    for (int slot = at + layout.storesAt; slot < end; slot += 8) {
      if (!LinearAddresses.isCanonical48((long) LONG.get(data, slot))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String position() {
    return "record " + records + " (byte " + records * layout.length + ")";
  }
}
