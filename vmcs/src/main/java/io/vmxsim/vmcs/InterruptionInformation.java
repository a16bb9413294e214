package io.vmxsim.vmcs;

/**
 * The format shared by VM-entry interruption information, VM-exit interruption information and
 * IDT-vectoring information.
 *
 * <p>Source: SDM (June 2016) Tables 24-13, 24-15 and 24-16.
 */
public final class InterruptionInformation {

  private static final long ERROR_CODE = 1L << 11;
  private static final long NMI_UNBLOCKING = 1L << 12;
  private static final long NESTED = 1L << 13;
  private static final long VALID = 1L << 31;

  private InterruptionInformation() {}

  /**
   * A valid field.
   *
   * @param vector 0 to 255
   * @param hasErrorCode whether the error-code field counts (bit 11)
   */
  public static long encode(int vector, EventType type, boolean hasErrorCode) {
    return VALID | (hasErrorCode ? ERROR_CODE : 0) | ((long) type.code() << 8) | (vector & 0xFF);
  }

  /** {@code information} with “NMI unblocking due to IRET” (bit 12), which VM exits report. */
  public static long withNmiUnblocking(long information) {
    return information | NMI_UNBLOCKING;
  }

  /** {@code information} as that of an exception met in a FRED delivery (bit 13, June 2026). */
  public static long withNested(long information) {
    return information | NESTED;
  }

  /** “Nested exception”. */
  public static boolean isNested(long information) {
    return (information & NESTED) != 0;
  }

  /** Whether the field describes an event at all (bit 31). */
  public static boolean isValid(long information) {
    return (information & VALID) != 0;
  }

  /** {@code information} marked invalid, as every VM exit does to the VM-entry field. */
  public static long invalidated(long information) {
    return information & ~VALID;
  }

  /** The vector of the interrupt or exception. */
  public static int vector(long information) {
    return (int) information & 0xFF;
  }

  /** Bits 10:8 as a type. */
  public static EventType type(long information) {
    return EventType.ofCode(typeCode(information));
  }

  /** Bits 10:8 as they are; 1 is reserved. */
  public static int typeCode(long information) {
    return (int) (information >>> 8) & 7;
  }

  /** Whether an error code is delivered, or the error-code field is valid. */
  public static boolean hasErrorCode(long information) {
    return (information & ERROR_CODE) != 0;
  }

  /** “NMI unblocking due to IRET”. */
  public static boolean isNmiUnblocking(long information) {
    return (information & NMI_UNBLOCKING) != 0;
  }
}
