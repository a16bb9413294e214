package io.vmxsim.cpu.apic;

import org.jspecify.annotations.Nullable;

/**
 * The registers of the local APIC: Table 10-1, "Local APIC Register Address Map", and Table 10-6,
 * "Local APIC Register Address Map Supported by x2APIC".
 *
 * <p>A row has the register's offset in the page, how software may use it in xAPIC mode and in
 * x2APIC mode, the bits that can be written, and those that a write ignores in x2APIC mode. The
 * others are reserved: they are dropped in xAPIC mode, and get #GP(0) in x2APIC mode (10.12.1.3).
 * The MSR in x2APIC mode is 800H plus a sixteenth of the offset.
 */
public enum ApicRegister {
  ID(0x020, Use.READ_WRITE, Use.READ, 0xff000000L, 0),
  VERSION(0x030, Use.READ, Use.READ, 0, 0),
  TASK_PRIORITY(0x080, Use.READ_WRITE, Use.READ_WRITE, 0xff, 0),
  ARBITRATION_PRIORITY(0x090, Use.READ, Use.NONE, 0, 0),
  PROCESSOR_PRIORITY(0x0a0, Use.READ, Use.READ, 0, 0),
  EOI(0x0b0, Use.WRITE, Use.WRITE, 0, 0),
  REMOTE_READ(0x0c0, Use.READ, Use.NONE, 0, 0),
  LOGICAL_DESTINATION(0x0d0, Use.READ_WRITE, Use.READ, 0xff000000L, 0),
  DESTINATION_FORMAT(0x0e0, Use.READ_WRITE, Use.NONE, 0xf0000000L, 0),
  SPURIOUS_VECTOR(0x0f0, Use.READ_WRITE, Use.READ_WRITE, 0x11ff, 0),
  IN_SERVICE(0x100, 8),
  TRIGGER_MODE(0x180, 8),
  INTERRUPT_REQUEST(0x200, 8),
  ERROR_STATUS(0x280, Use.READ_WRITE, Use.READ_WRITE, 0, 0),
  LVT_CMCI(0x2f0, Use.READ_WRITE, Use.READ_WRITE, 0x107ff, 0x1000),
  INTERRUPT_COMMAND(0x300, Use.READ_WRITE, Use.READ_WRITE, 0xffffffff000ccfffL, 0x1000),
  INTERRUPT_COMMAND_HIGH(0x310, Use.READ_WRITE, Use.NONE, 0xff000000L, 0),
  LVT_TIMER(0x320, Use.READ_WRITE, Use.READ_WRITE, 0x700ff, 0x1000),
  LVT_THERMAL(0x330, Use.READ_WRITE, Use.READ_WRITE, 0x107ff, 0x1000),
  LVT_PERFORMANCE(0x340, Use.READ_WRITE, Use.READ_WRITE, 0x107ff, 0x1000),
  LVT_LINT0(0x350, Use.READ_WRITE, Use.READ_WRITE, 0x1a7ff, 0x5000),
  LVT_LINT1(0x360, Use.READ_WRITE, Use.READ_WRITE, 0x1a7ff, 0x5000),
  LVT_ERROR(0x370, Use.READ_WRITE, Use.READ_WRITE, 0x100ff, 0x1000),
  INITIAL_COUNT(0x380, Use.READ_WRITE, Use.READ_WRITE, 0xffffffffL, 0),
  CURRENT_COUNT(0x390, Use.READ, Use.READ, 0, 0),
  DIVIDE_CONFIGURATION(0x3e0, Use.READ_WRITE, Use.READ_WRITE, 0xb, 0),
  SELF_IPI(0x3f0, Use.NONE, Use.WRITE, 0xff, 0);

  /** What software may do with a register. */
  enum Use {
    NONE(false, false),
    READ(true, false),
    WRITE(false, true),
    READ_WRITE(true, true);

    final boolean reads;
    final boolean writes;

    Use(boolean reads, boolean writes) {
      this.reads = reads;
      this.writes = writes;
    }
  }

  /** Registers stand 16 bytes apart. */
  private static final int SPACING_SHIFT = 4;

  private static final @Nullable ApicRegister[] BY_NUMBER = new ApicRegister[256];

  static {
    for (ApicRegister register : values()) {
      for (int i = 0; i < register.count; i++) {
        BY_NUMBER[(register.offset >>> SPACING_SHIFT) + i] = register;
      }
    }
  }

  private final int offset;
  private final int count;
  private final Use inXapicMode;
  private final Use inX2apicMode;
  private final long writable;
  private final long ignored;

  ApicRegister(int offset, Use inXapicMode, Use inX2apicMode, long writable, long ignored) {
    this.offset = offset;
    this.inXapicMode = inXapicMode;
    this.inX2apicMode = inX2apicMode;
    this.writable = writable;
    this.ignored = ignored;
    count = 1;
  }

  /** A register of 32 times {@code count} bits, which is read only. */
  ApicRegister(int offset, int count) {
    this.offset = offset;
    this.count = count;
    inXapicMode = Use.READ;
    inX2apicMode = Use.READ;
    writable = 0;
    ignored = 0;
  }

  /** The register of which a byte at that offset of the page is part, or null. */
  public static @Nullable ApicRegister atOffset(int offset) {
    return BY_NUMBER[offset >>> SPACING_SHIFT & 0xff];
  }

  /** The register that the MSR 800H plus {@code number} is, or null. */
  static @Nullable ApicRegister ofNumber(int number) {
    return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
  }

  /** The offset in the page of the first 32 bits. */
  public int offset() {
    return offset;
  }

  /** Which 32 bits of the register are at that offset, which must be one of its. */
  int part(int at) {
    return (at - offset) >>> SPACING_SHIFT;
  }

  /** What software may do with the register in that mode. */
  Use use(boolean x2apic) {
    return x2apic ? inX2apicMode : inXapicMode;
  }

  /** Those bits of a value that a write can change. */
  long writable(long value) {
    return value & writable;
  }

  /** Whether no reserved bit is set in a value for x2APIC mode. */
  boolean accepts(long value) {
    return (value & ~(writable | ignored)) == 0;
  }
}
