package io.vmxsim.validation.host;

/**
 * How an instruction ended: a fault as a program is told of it.
 *
 * @param code 0 if it completed; else the signal, from bit 8 on the vector, from 16 the error code
 * @param address CR2 after a page fault, else 0
 */
record HostFault(long code, long address) {
  static final HostFault NONE = new HostFault(0, 0);

  private static final int GENERAL_PROTECTION = 13;
  private static final int PAGE_FAULT = 14;
  private static final int SIGILL = 4;
  private static final int SIGTRAP = 5;
  private static final int SIGBUS = 7;
  private static final int SIGFPE = 8;
  private static final int SIGSEGV = 11;

  /** The exception {@code vector} as Linux tells of it. */
  static HostFault of(int vector, long errorCode, long address) {
    int signal =
        switch (vector) {
          case 0, 16, 19 -> SIGFPE;
          case 6 -> SIGILL;
          case 12, 13, 14 -> SIGSEGV;
          case 17 -> SIGBUS;
          default -> SIGTRAP;
        };
    long code = signal | (long) vector << 8 | errorCode << 16;
    return new HostFault(code, vector == PAGE_FAULT ? address : 0);
  }

  boolean isGeneralProtection() {
    return (code >> 8 & 0xff) == GENERAL_PROTECTION;
  }

  boolean isNone() {
    return code == 0;
  }

  @Override
  public String toString() {
    return isNone()
        ? "no fault"
        : String.format("vector %d, error code %x, at %x", code >> 8 & 0xff, code >> 16, address);
  }
}
