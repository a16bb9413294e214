package io.vmxsim.vmcs;

/**
 * How an event is delivered: bits 10:8 of the interruption-information fields.
 *
 * <p>Source: SDM (June 2016) 24.8.3 “VM-Entry Controls for Event Injection”, Table 24-13.
 */
public enum EventType {
  EXTERNAL_INTERRUPT(0),
  NON_MASKABLE_INTERRUPT(2),
  HARDWARE_EXCEPTION(3),
  SOFTWARE_INTERRUPT(4),
  /** INT1. */
  PRIVILEGED_SOFTWARE_EXCEPTION(5),
  /** INT3 and INTO. */
  SOFTWARE_EXCEPTION(6),
  /** An event not delivered through the IDT, such as a pending MTF VM exit. */
  OTHER_EVENT(7);

  private static final EventType[] ALL = values();

  private final int code;

  EventType(int code) {
    this.code = code;
  }

  /** The value of bits 10:8. */
  public int code() {
    return code;
  }

  /** Whether the event comes from an instruction, whose length then matters. */
  public boolean isSoftware() {
    return code >= SOFTWARE_INTERRUPT.code && code <= SOFTWARE_EXCEPTION.code;
  }

  /**
   * The type with this code.
   *
   * @throws IllegalArgumentException for 1, which is reserved, and values beyond 7
   */
  public static EventType ofCode(int code) {
    for (EventType type : ALL) {
      if (type.code == code) {
        return type;
      }
    }
    throw new IllegalArgumentException("no event type has code " + code);
  }
}
