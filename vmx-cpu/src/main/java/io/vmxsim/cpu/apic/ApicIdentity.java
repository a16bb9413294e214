package io.vmxsim.cpu.apic;

/**
 * The names under which messages reach a local APIC: "Determining IPI Destination", 10.6.2, and
 * "Determining IPI Destination in x2APIC Mode", 10.12.10.
 */
final class ApicIdentity {
  private static final int FLAT_MODEL = 0xf;

  private final int initialId;
  private int xapicId;
  private int logicalDestination;
  private int destinationFormat;

  ApicIdentity(int initialId) {
    this.initialId = initialId;
    forgetWrittenId();
    reset();
  }

  /** What INIT resets: all but the ID. */
  void reset() {
    logicalDestination = 0;
    destinationFormat = -1;
  }

  /** The ID becomes the one that the processor woke up with. */
  void forgetWrittenId() {
    xapicId = initialId & 0xff;
  }

  int initialId() {
    return initialId;
  }

  /** The ID register. */
  int idRegister(boolean x2apic) {
    return x2apic ? initialId : xapicId << 24;
  }

  void writeIdRegister(int register) {
    xapicId = register >>> 24;
  }

  /**
   * The logical destination register; in x2APIC mode it follows from the ID ("Deriving Logical
   * x2APIC ID from the Local x2APIC ID", 10.12.10.2).
   */
  int logicalDestination(boolean x2apic) {
    return x2apic ? initialId >>> 4 << 16 | 1 << (initialId & 0xf) : logicalDestination;
  }

  void writeLogicalDestination(int register) {
    logicalDestination = register;
  }

  int destinationFormat() {
    return destinationFormat;
  }

  void writeDestinationFormat(int register) {
    destinationFormat = register | 0x0fffffff;
  }

  /** Whether a message's destination names this APIC. */
  boolean isNamedBy(InterruptMessage message, boolean x2apic) {
    int destination = message.destination();
    if (destination == InterruptMessage.BROADCAST) {
      return true;
    }
    if (!message.logical()) {
      return destination == (x2apic ? initialId : xapicId);
    }
    int own = logicalDestination(x2apic);
    if (x2apic) {
      return inCluster(destination, own, 16);
    }
    boolean flat = destinationFormat >>> 28 == FLAT_MODEL;
    return flat ? (destination & own >>> 24) != 0 : inCluster(destination, own >>> 24, 4);
  }

  /** Whether both are of one cluster and share a member of it, of {@code members} at most. */
  private static boolean inCluster(int destination, int own, int members) {
    int mask = (1 << members) - 1;
    return destination >>> members == own >>> members && (destination & own & mask) != 0;
  }
}
