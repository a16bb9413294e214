package io.vmxsim.cpu;

import io.vmxsim.vmcs.VmcsField;

/**
 * The segment registers, in the order of the VMCS guest-state area, each with the fields it is
 * saved to and loaded from ("Guest Register State", 24.4.1).
 */
public enum Segment {
  ES,
  CS,
  SS,
  DS,
  FS,
  GS,
  LDTR,
  TR;

  /** Access rights as the VMCS formats them (Table 24-2): bit 16, the segment is unusable. */
  public static final int UNUSABLE = 1 << 16;

  /** Access rights: present. */
  public static final int PRESENT = 1 << 7;

  /** Access rights: 64-bit code segment. */
  public static final int LONG = 1 << 13;

  /** Access rights: default operation size. */
  public static final int DEFAULT_BIG = 1 << 14;

  /** Access rights: limit in units of 4 KBytes. */
  public static final int GRANULARITY = 1 << 15;

  /** Access rights of a present, accessed, writable data segment that is flat and 32-bit. */
  public static final int FLAT_DATA = 0x3 | 1 << 4 | PRESENT | DEFAULT_BIG | GRANULARITY;

  /** Access rights of a present, accessed, readable code segment, without its L and D bits. */
  public static final int FLAT_CODE = 0xb | 1 << 4 | PRESENT | GRANULARITY;

  /** Access rights of CS in real mode, as a reset leaves it. */
  public static final int REAL_MODE_CODE = 0xb | 1 << 4 | PRESENT;

  /** The limit of a segment in real mode, as a reset leaves it. */
  public static final int REAL_MODE_LIMIT = 0xffff;

  /** Access rights of a present, busy 32-bit or 64-bit TSS. */
  public static final int BUSY_TSS = 0xb | PRESENT;

  private static final Segment[] ALL = values();

  /** Number of segment registers. */
  public static final int COUNT = ALL.length;

  private final VmcsField selector = VmcsField.valueOf("GUEST_" + name() + "_SELECTOR");
  private final VmcsField base = VmcsField.valueOf("GUEST_" + name() + "_BASE");
  private final VmcsField limit = VmcsField.valueOf("GUEST_" + name() + "_LIMIT");
  private final VmcsField accessRights = VmcsField.valueOf("GUEST_" + name() + "_ACCESS_RIGHTS");

  /** The register with that index, 0 (ES) to 7 (TR). */
  static Segment of(int index) {
    return ALL[index];
  }

  /** The guest-state field of the selector. */
  public VmcsField guestSelector() {
    return selector;
  }

  /** The guest-state field of the base address. */
  public VmcsField guestBase() {
    return base;
  }

  /** The guest-state field of the limit. */
  public VmcsField guestLimit() {
    return limit;
  }

  /** The guest-state field of the access rights. */
  public VmcsField guestAccessRights() {
    return accessRights;
  }
}
