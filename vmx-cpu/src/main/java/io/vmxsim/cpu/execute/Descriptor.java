package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;

/**
 * A segment or gate descriptor as the tables hold it, in one long ("Segment Descriptors", 3.4.5,
 * and "IDT Descriptors", 6.11), and where it came from. Reused.
 */
final class Descriptor {
  static final int TYPE_LDT = 2;
  static final int TYPE_TSS16 = 1;
  static final int TYPE_TSS = 9;
  static final int TYPE_TSS_BUSY = 11;

  private static final long ACCESSED = 1L << 40;

  private final CpuState state;
  private final Mem mem;

  private long value;
  private long address;

  Descriptor(CpuState state, Mem mem) {
    this.state = state;
    this.mem = mem;
  }

  /**
   * Reads the descriptor that a selector names.
   *
   * @return false if it lies beyond the limit of its table
   */
  boolean read(int selector) {
    boolean local = (selector & 4) != 0;
    long base = local ? state.base(Segment.LDTR) : state.gdtrBase;
    int index = selector & 0xfff8;
    if (local && (state.accessRights(Segment.LDTR) & Segment.UNUSABLE) != 0) {
      return false;
    }
    long limit = (local ? state.limits[6] : state.gdtrLimit) & 0xffffffffL;
    if (index + 7 > limit) {
      return false;
    }
    address = linear(base + index);
    value = mem.loadImplicitly(address, 8);
    return true;
  }

  /** The upper half of a 16-byte descriptor. */
  long upperHalf() {
    return mem.loadImplicitly(address + 8, 8);
  }

  private long linear(long sum) {
    return state.inIa32eMode() ? sum : sum & 0xffffffffL;
  }

  /** Sets the accessed flag in the table, if it is not set. */
  void setAccessed() {
    if ((value & ACCESSED) == 0) {
      value |= ACCESSED;
      mem.storeImplicitly(address + 5, 1, value >>> 40);
    }
  }

  /** Sets the busy flag of a TSS in the table. */
  void setBusy() {
    value |= 2L << 40;
    mem.storeImplicitly(address + 5, 1, value >>> 40);
  }

  /** Access rights in the format of the VMCS. */
  int accessRights() {
    return (int) (value >>> 40) & 0xf0ff;
  }

  /** The bits of the second doubleword that LAR shows. */
  long accessBits() {
    return value >>> 32 & 0xf0ff00;
  }

  /** Of a gate: the selector it leads to. */
  int gateSelector() {
    return (int) (value >>> 16) & 0xffff;
  }

  /** Of a gate: the offset it leads to, of which 16-bit gates have the low half. */
  long gateOffset() {
    return (value & 0xffff) | (value >>> 32 & 0xffff0000L);
  }

  /** Of a call gate: how many parameters it copies. */
  int gateParameters() {
    return (int) (value >>> 32) & 31;
  }

  /** Limit in bytes. */
  int limit() {
    int raw = (int) (value & 0xffff) | ((int) (value >>> 32) & 0xf0000);
    return (accessRights() & Segment.GRANULARITY) != 0 ? raw << 12 | 0xfff : raw;
  }

  long base() {
    return (value >>> 16 & 0xffffff) | (value >>> 32 & 0xff000000L);
  }

  /** The type field; for code and data with bit 4 set. */
  int typeAndS() {
    return (int) (value >>> 40) & 0x1f;
  }

  boolean isCode() {
    return (typeAndS() & 0x18) == 0x18;
  }

  boolean isConforming() {
    return (typeAndS() & 0x1c) == 0x1c;
  }

  boolean isWritableData() {
    return (typeAndS() & 0x1a) == 0x12;
  }

  /** Data, or code that may be read. */
  boolean isReadable() {
    return (typeAndS() & 0x18) == 0x10 || (typeAndS() & 0x1a) == 0x1a;
  }

  int dpl() {
    return (int) (value >>> 45) & 3;
  }

  boolean isPresent() {
    return (value >>> 47 & 1) != 0;
  }

  /** The L flag: 64-bit code. */
  boolean isLong() {
    return (value >>> 53 & 1) != 0;
  }

  /** The D/B flag. */
  boolean isBig() {
    return (value >>> 54 & 1) != 0;
  }
}
