package io.vmxsim.cpu.apic;

import java.util.Arrays;

/**
 * The I/O APIC: "82093AA I/O Advanced Programmable Interrupt Controller (IOAPIC)", Intel datasheet
 * 290566, and, for the EOI register, "Intel I/O Controller Hub 9 Family Datasheet", 13.5. Each
 * input pin has a redirection entry, which says what message its interrupt becomes.
 */
public final class IoApic {
  /** Where the first I/O APIC of a PC is, in physical memory. */
  public static final long DEFAULT_ADDRESS = 0xfec00000L;

  /** Input pins. */
  public static final int PINS = 24;

  private static final int SELECT = 0x00;
  private static final int WINDOW = 0x10;
  private static final int END_OF_INTERRUPT = 0x40;

  private static final int ID = 0;
  private static final int VERSION = 1;
  private static final int ARBITRATION_ID = 2;
  private static final int REDIRECTION_TABLE = 0x10;

  private static final int VERSION_VALUE = (PINS - 1) << 16 | 0x20;
  private static final int ID_BITS = 0x0f000000;

  private static final long REMOTE_IRR = 1 << 14;
  private static final long LEVEL_TRIGGERED = 1 << 15;
  private static final long MASKED = 1 << 16;

  /** Vector, delivery mode, destination mode, polarity, trigger mode, mask; the destination. */
  private static final long WRITABLE = 0xff0000000001afffL;

  private final ApicNetwork network;
  private final long[] entries = new long[PINS];
  private int asserted;
  private int select;
  private int id;

  /** An I/O APIC with all pins masked. */
  public IoApic(ApicNetwork network) {
    this.network = network;
    Arrays.fill(entries, MASKED);
    network.add(this);
  }

  /** Reads 32 bits of the page of registers; what is no register reads as 0. */
  public int read(int offset) {
    return switch (offset) {
      case SELECT -> select;
      case WINDOW -> readSelected();
      default -> 0;
    };
  }

  private int readSelected() {
    return switch (select) {
      case ID, ARBITRATION_ID -> id;
      case VERSION -> VERSION_VALUE;
      default -> {
        int pin = (select - REDIRECTION_TABLE) >> 1;
        yield pin < 0 || pin >= PINS ? 0 : (int) (entries[pin] >>> shift());
      }
    };
  }

  /** The upper half of an entry has the odd number. */
  private int shift() {
    return (select & 1) * Integer.SIZE;
  }

  /** Writes 32 bits of the page of registers. */
  public void write(int offset, int value) {
    switch (offset) {
      case SELECT -> select = value & 0xff;
      case WINDOW -> writeSelected(value);
      case END_OF_INTERRUPT -> endOfInterrupt(value & 0xff);
      default -> {}
    }
  }

  private void writeSelected(int value) {
    if (select == ID) {
      id = value & ID_BITS;
      return;
    }
    int pin = (select - REDIRECTION_TABLE) >> 1;
    if (pin < 0 || pin >= PINS) {
      return;
    }
    long changed = WRITABLE & 0xffffffffL << shift();
    long entry = (entries[pin] & ~changed) | (Integer.toUnsignedLong(value) << shift() & changed);
    entries[pin] = (entry & LEVEL_TRIGGERED) != 0 ? entry : entry & ~REMOTE_IRR;
    serveLevel(pin);
  }

  /** Asserts or deasserts an input pin, whatever its polarity. */
  public void setPin(int pin, boolean assertion) {
    int bit = 1 << pin;
    boolean rises = assertion && (asserted & bit) == 0;
    asserted = assertion ? asserted | bit : asserted & ~bit;
    if ((entries[pin] & LEVEL_TRIGGERED) != 0) {
      serveLevel(pin);
    } else if (rises && (entries[pin] & MASKED) == 0) {
      network.send(InterruptMessage.ofRedirectionEntry(entries[pin]));
    }
  }

  /** Sends the interrupt of a level-triggered pin that is asserted, and not being served yet. */
  private void serveLevel(int pin) {
    long entry = entries[pin];
    boolean due =
        (asserted >>> pin & 1) != 0
            && (entry & (LEVEL_TRIGGERED | REMOTE_IRR | MASKED)) == LEVEL_TRIGGERED;
    if (due && network.send(InterruptMessage.ofRedirectionEntry(entry))) {
      entries[pin] |= REMOTE_IRR;
    }
  }

  /** The end of an interrupt: level-triggered pins with that vector can be served again. */
  void endOfInterrupt(int vector) {
    for (int pin = 0; pin < PINS; pin++) {
      if ((entries[pin] & REMOTE_IRR) != 0 && (entries[pin] & 0xff) == vector) {
        entries[pin] &= ~REMOTE_IRR;
        serveLevel(pin);
      }
    }
  }
}
