package io.vmxsim.cpu.board;

import java.util.ArrayDeque;
import java.util.function.IntConsumer;

/**
 * A serial port ("PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs", National
 * Semiconductor). The transmitter is always ready: a byte leaves the moment it is written.
 */
public final class Uart16550 implements PortDevice {
  /** Ports of COM1, its interrupt request, and how many ports a UART has. */
  public static final int COM1 = 0x3f8;

  public static final int COM1_IRQ = 4;
  public static final int PORTS = 8;

  private static final int DATA = 0;
  private static final int INTERRUPT_ENABLE = 1;
  private static final int INTERRUPT_IDENTIFICATION = 2;
  private static final int LINE_CONTROL = 3;
  private static final int MODEM_CONTROL = 4;
  private static final int LINE_STATUS = 5;
  private static final int MODEM_STATUS = 6;

  /** Line control: the divisor latch takes the place of the first two registers. */
  private static final int DIVISOR_LATCH_ACCESS = 0x80;

  /** Interrupt enable, and the identifications that go with the enabled sources. */
  private static final int RECEIVED_DATA = 1;

  private static final int TRANSMITTER_EMPTY = 2;
  private static final int IDENTIFY_NOTHING = 1;
  private static final int IDENTIFY_TRANSMITTER_EMPTY = 2;
  private static final int IDENTIFY_RECEIVED_DATA = 4;
  private static final int IDENTIFY_FIFOS = 0xc0;

  /** Line status: the transmitter is empty altogether; data has been received. */
  private static final int STATUS_EMPTY = 0x60;

  private static final int STATUS_DATA_READY = 1;

  /** Modem control. */
  private static final int OUT2 = 8;

  private static final int LOOP = 0x10;

  /** Modem status: carrier detect, data set ready, clear to send. */
  private static final int CONNECTED = 0xb0;

  private final IntConsumer output;
  private final InterruptLine line;
  private final ArrayDeque<Integer> received = new ArrayDeque<>();
  private final int[] registers = new int[PORTS];
  private final int[] divisor = new int[2];
  private boolean fifosOn;
  private boolean emptyReported;

  /**
   * A UART as its reset leaves it.
   *
   * @param output takes each byte transmitted
   */
  public Uart16550(IntConsumer output, InterruptLine line) {
    this.output = output;
    this.line = line;
  }

  /** Receives a byte from outside. */
  public void receive(int value) {
    received.add(value & 0xff);
    drive();
  }

  @Override
  public int in(int port, int size) {
    int register = port & PORTS - 1;
    if (register <= INTERRUPT_ENABLE && divisorLatchAccess()) {
      return divisor[register];
    }
    return switch (register) {
      case DATA -> takeReceived();
      case INTERRUPT_IDENTIFICATION -> identify();
      case LINE_STATUS -> STATUS_EMPTY | (received.isEmpty() ? 0 : STATUS_DATA_READY);
      case MODEM_STATUS -> modemStatus();
      default -> registers[register];
    };
  }

  @Override
  public void out(int port, int size, int value) {
    int register = port & PORTS - 1;
    if (register <= INTERRUPT_ENABLE && divisorLatchAccess()) {
      divisor[register] = value;
      return;
    }
    switch (register) {
      case DATA -> transmit(value);
      case INTERRUPT_ENABLE -> {
        registers[INTERRUPT_ENABLE] = value & 0xf;
        emptyReported = false;
      }
      case INTERRUPT_IDENTIFICATION -> control(value);
      case LINE_STATUS, MODEM_STATUS -> {} // read only
      default -> registers[register] = value;
    }
    drive();
  }

  private boolean divisorLatchAccess() {
    return (registers[LINE_CONTROL] & DIVISOR_LATCH_ACCESS) != 0;
  }

  private void transmit(int value) {
    if ((registers[MODEM_CONTROL] & LOOP) != 0) {
      received.add(value);
    } else {
      output.accept(value);
    }
    emptyReported = false;
  }

  private int takeReceived() {
    int value = received.isEmpty() ? 0 : received.remove();
    drive();
    return value;
  }

  /** The FIFO control register: bit 0 turns the FIFOs on, bit 1 empties the receiver's. */
  private void control(int value) {
    fifosOn = (value & 1) != 0;
    if ((value & 2) != 0) {
      received.clear();
    }
  }

  /** Reading that the transmitter is empty ends the interrupt that says so. */
  private int identify() {
    int source = source();
    if (source == IDENTIFY_TRANSMITTER_EMPTY) {
      emptyReported = true;
      drive();
    }
    return source | (fifosOn ? IDENTIFY_FIFOS : 0);
  }

  private int source() {
    int enabled = registers[INTERRUPT_ENABLE];
    if ((enabled & RECEIVED_DATA) != 0 && !received.isEmpty()) {
      return IDENTIFY_RECEIVED_DATA;
    }
    return (enabled & TRANSMITTER_EMPTY) != 0 && !emptyReported
        ? IDENTIFY_TRANSMITTER_EMPTY
        : IDENTIFY_NOTHING;
  }

  /** In loop-back mode the four outputs are wired to the four inputs. */
  private int modemStatus() {
    int control = registers[MODEM_CONTROL];
    if ((control & LOOP) == 0) {
      return CONNECTED;
    }
    return (control & 2) << 3 | (control & 1) << 5 | (control & 4) << 4 | (control & OUT2) << 4;
  }

  /** On a PC, OUT2 lets the interrupt through to the bus. */
  private void drive() {
    line.set(source() != IDENTIFY_NOTHING && (registers[MODEM_CONTROL] & (OUT2 | LOOP)) == OUT2);
  }
}
