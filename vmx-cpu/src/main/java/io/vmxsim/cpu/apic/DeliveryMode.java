package io.vmxsim.cpu.apic;

/** The delivery modes of interrupt messages and local interrupts, in the order of their codes. */
public enum DeliveryMode {
  FIXED,
  LOWEST_PRIORITY,
  SMI,
  RESERVED,
  NMI,
  INIT,
  START_UP,
  EXTINT;

  private static final DeliveryMode[] BY_CODE = values();
  private static final int SHIFT = 8;

  /** The mode in bits 10:8, where the ICR, the LVT, redirection entries and MSI data have it. */
  public static DeliveryMode in(long register) {
    return BY_CODE[(int) (register >>> SHIFT) & 7];
  }

  /** The mode in its place, bits 10:8. */
  @SuppressWarnings("EnumOrdinal") // the constants are in the order of their codes
  public int bits() {
    return ordinal() << SHIFT;
  }

  /** Whether the interrupt goes through IRR and ISR, and has a vector of its own. */
  boolean usesVector() {
    return this == FIXED || this == LOWEST_PRIORITY;
  }
}
