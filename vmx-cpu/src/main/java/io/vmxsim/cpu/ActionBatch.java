package io.vmxsim.cpu;

import java.util.Arrays;

/**
 * Guest actions as parallel arrays, reused from batch to batch so that a replay allocates nothing
 * per record. A reader clears it, appends up to {@link #capacity} actions and hands it on.
 */
public final class ActionBatch {

  /** Actions in a batch that readers fill by default. */
  public static final int DEFAULT_CAPACITY = 8192;

  /** The {@code value} of an {@link ActionKind#INSTRUCTION} whose bytes are not known. */
  public static final long NO_BYTES = -1;

  private byte[] kinds;
  private byte[] sizes;
  private long[] addresses;
  private long[] values;
  private byte[] instructionBytes = new byte[64];
  private int instructionByteCount;
  private int count;
  private long records;
  private int processor;

  /** A batch with room for {@code capacity} actions; it grows when more are appended. */
  public ActionBatch(int capacity) {
    kinds = new byte[capacity];
    sizes = new byte[capacity];
    addresses = new long[capacity];
    values = new long[capacity];
  }

  /** Empties the batch. */
  public void clear() {
    count = 0;
    instructionByteCount = 0;
    records = 0;
    processor = 0;
  }

  /** Says whose actions they are, of a guest's processors; 0 unless said. */
  public void setProcessor(int number) {
    processor = number;
  }

  /** The processor whose actions they are. */
  public int processor() {
    return processor;
  }

  /** Appends an action with the operands its kind names. */
  public void add(ActionKind kind, int size, long address, long value) {
    add(kind.code(), size, address, value);
  }

  /** As the other {@code add}, by {@link ActionKind#code}. */
  public void add(byte kind, int size, long address, long value) {
    int at = count;
    if (at == kinds.length) {
      grow();
    }
    kinds[at] = kind;
    sizes[at] = (byte) size;
    addresses[at] = address;
    values[at] = value;
    count = at + 1;
  }

  /**
   * Appends an {@link ActionKind#INSTRUCTION} whose bytes are known.
   *
   * @param length 1 to 15, bytes taken from {@code bytes} at {@code offset}
   */
  public void addInstruction(long address, byte[] bytes, int offset, int length) {
    if (instructionByteCount + length > instructionBytes.length) {
      instructionBytes = Arrays.copyOf(instructionBytes, instructionBytes.length * 2);
    }
    System.arraycopy(bytes, offset, instructionBytes, instructionByteCount, length);
    add(ActionKind.INSTRUCTION, length, address, instructionByteCount);
    instructionByteCount += length;
  }

  /**
   * Notes how many records of the trace's own kind (lines, ChampSim instructions) this batch holds.
   */
  public void setRecords(long records) {
    this.records = records;
  }

  /** Records of the trace's own kind in this batch. */
  public long records() {
    return records;
  }

  /** Actions in the batch. */
  public int count() {
    return count;
  }

  /** How many actions fit before the arrays grow. */
  public int capacity() {
    return kinds.length;
  }

  /** {@link ActionKind#code} of action {@code i}. */
  public byte kind(int i) {
    return kinds[i];
  }

  /** The size operand of action {@code i}, 0 to 255. */
  public int size(int i) {
    return sizes[i] & 0xff;
  }

  /** The address operand of action {@code i}. */
  public long address(int i) {
    return addresses[i];
  }

  /** The value operand of action {@code i}. */
  public long value(int i) {
    return values[i];
  }

  /**
   * Bytes of the instructions in the batch; an instruction's value operand is the offset of its
   * own.
   */
  public byte[] instructionBytes() {
    return instructionBytes;
  }

  /** Forgets the actions from {@code from} on. */
  public void truncate(int from) {
    count = from;
  }

  /** Gives action {@code i} other operands. */
  public void set(int i, int size, long address, long value) {
    sizes[i] = (byte) size;
    addresses[i] = address;
    values[i] = value;
  }

  /** Moves the actions from {@code from} on to {@code rest}, which is emptied first. */
  public void splitAt(int from, ActionBatch rest) {
    rest.copyFrom(this);
    int moved = count - from;
    System.arraycopy(kinds, from, rest.kinds, 0, moved);
    System.arraycopy(sizes, from, rest.sizes, 0, moved);
    System.arraycopy(addresses, from, rest.addresses, 0, moved);
    System.arraycopy(values, from, rest.values, 0, moved);
    rest.count = moved;
    rest.records = 0;
    count = from;
  }

  /** Makes this batch a copy of {@code other}. */
  public void copyFrom(ActionBatch other) {
    processor = other.processor;
    if (kinds.length < other.count) {
      kinds = new byte[other.count];
      sizes = new byte[other.count];
      addresses = new long[other.count];
      values = new long[other.count];
    }
    System.arraycopy(other.kinds, 0, kinds, 0, other.count);
    System.arraycopy(other.sizes, 0, sizes, 0, other.count);
    System.arraycopy(other.addresses, 0, addresses, 0, other.count);
    System.arraycopy(other.values, 0, values, 0, other.count);
    if (instructionBytes.length < other.instructionByteCount) {
      instructionBytes = new byte[other.instructionBytes.length];
    }
    System.arraycopy(other.instructionBytes, 0, instructionBytes, 0, other.instructionByteCount);
    instructionByteCount = other.instructionByteCount;
    count = other.count;
    records = other.records;
  }

  private void grow() {
    int larger = Math.max(16, kinds.length * 2);
    kinds = Arrays.copyOf(kinds, larger);
    sizes = Arrays.copyOf(sizes, larger);
    addresses = Arrays.copyOf(addresses, larger);
    values = Arrays.copyOf(values, larger);
  }
}
