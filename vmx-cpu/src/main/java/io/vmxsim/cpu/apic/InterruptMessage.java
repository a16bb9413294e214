package io.vmxsim.cpu.apic;

/**
 * A message to local APICs: from another one's ICR, from an I/O APIC, or a device's MSI write.
 *
 * @param destination an APIC ID or a logical destination, or {@link #BROADCAST}
 * @param logical whether the destination is a logical one
 * @param mode what it asks of those that it reaches
 * @param vector the vector, for modes that have one
 * @param levelTriggered whether the interrupt's end has to be told to the I/O APICs
 */
public record InterruptMessage(
    int destination, boolean logical, DeliveryMode mode, int vector, boolean levelTriggered) {

  /** The destination that means everybody, in both destination modes. */
  public static final int BROADCAST = -1;

  private static final int BROADCAST_OF_8_BITS = 0xff;
  private static final int LOGICAL = 1 << 11;
  private static final int LEVEL_TRIGGERED = 1 << 15;
  private static final int ADDRESS_LOGICAL = 1 << 2;

  /**
   * What the ICR sends ("Interrupt Command Register (ICR)", 10.6.1). Level-triggered IPIs do not
   * exist on processors since the Pentium 4: they go as edge-triggered ones (Table 10-3, note 2).
   *
   * @param x2apic whether the destination has 32 bits, else 8 in the highest byte
   */
  static InterruptMessage ofCommand(long icr, boolean x2apic) {
    int destination = x2apic ? (int) (icr >>> 32) : widen((int) (icr >>> 56));
    boolean logical = (icr & LOGICAL) != 0;
    return new InterruptMessage(
        destination, logical, DeliveryMode.in(icr), (int) icr & 0xff, false);
  }

  /**
   * The notification of a posted interrupt ("Posted-Interrupt Processing", 29.6), which goes to a
   * physical destination.
   *
   * @param destination as the posted-interrupt descriptor has it: 32 bits of an x2APIC ID, or an
   *     xAPIC ID in bits 15:8
   */
  public static InterruptMessage ofNotification(int destination, boolean x2apic, int vector) {
    int id = x2apic ? destination : destination >>> 8 & 0xff;
    return new InterruptMessage(id, false, DeliveryMode.FIXED, vector, false);
  }

  /** What a redirection entry of an I/O APIC sends. */
  static InterruptMessage ofRedirectionEntry(long entry) {
    return new InterruptMessage(
        widen((int) (entry >>> 56)),
        (entry & LOGICAL) != 0,
        DeliveryMode.in(entry),
        (int) entry & 0xff,
        (entry & LEVEL_TRIGGERED) != 0);
  }

  /**
   * What a write to the range FEExxxxxH sends ("Message Signalled Interrupts", 10.11). The
   * destination mode counts without the redirection hint too, which 10.11.1 does not say, and on
   * which operating systems rely.
   */
  public static InterruptMessage ofMsi(long address, int data) {
    return new InterruptMessage(
        widen((int) (address >>> 12) & 0xff),
        (address & ADDRESS_LOGICAL) != 0,
        DeliveryMode.in(data),
        data & 0xff,
        (data & LEVEL_TRIGGERED) != 0);
  }

  private static int widen(int destination) {
    return destination == BROADCAST_OF_8_BITS ? BROADCAST : destination;
  }
}
