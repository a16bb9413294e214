package io.vmxsim.cpu.board;

import io.vmxsim.cpu.apic.InterruptController;

/**
 * The two 8259As of a PC, the second at input 2 of the first, and the registers that make their
 * inputs edge or level triggered (ELCR: "82371AB PCI-to-ISA/IDE Xcelerator (PIIX4)", 4.2.6).
 */
public final class PicPair implements PortDevice, InterruptController {
  private static final int FIRST_PORT = 0x20;
  private static final int SECOND_PORT = 0xa0;
  private static final int EDGE_LEVEL_PORT = 0x4d0;
  private static final int CASCADE = 2;
  private static final int INPUTS = 8;

  /** Inputs that cannot be level triggered: 0, 1, 2; 8 and 13. */
  private static final int FIRST_ALWAYS_EDGE = 0x07;

  private static final int SECOND_ALWAYS_EDGE = 0x21;

  /**
   * How firmware leaves the pair: interrupts 0 to 7 at vectors 08H, 8 to 15 at 70H; open are the
   * cascade and interrupts 9 to 11, which PCI devices share.
   */
  private static final int FIRMWARE_FIRST_VECTOR = 0x08;

  private static final int FIRMWARE_SECOND_VECTOR = 0x70;
  private static final int FIRMWARE_FIRST_MASK = 0xfb;
  private static final int FIRMWARE_SECOND_MASK = 0xf1;

  private final Pic first = new Pic();
  private final Pic second = new Pic();

  /** The pair as firmware leaves it. */
  public PicPair() {
    first.initialize(FIRMWARE_FIRST_VECTOR, FIRMWARE_FIRST_MASK);
    second.initialize(FIRMWARE_SECOND_VECTOR, FIRMWARE_SECOND_MASK);
  }

  /** Plugs the pair in. */
  public void attachTo(Bus bus) {
    bus.attachPorts(FIRST_PORT, 2, this);
    bus.attachPorts(SECOND_PORT, 2, this);
    bus.attachPorts(EDGE_LEVEL_PORT, 2, this);
  }

  /** Drives an interrupt request, 0 to 15 but not 2. */
  public void set(int request, boolean high) {
    if (request < INPUTS) {
      first.set(request, high);
    } else {
      second.set(request - INPUTS, high);
    }
    cascade();
  }

  private void cascade() {
    first.set(CASCADE, second.pending() >= 0);
  }

  @Override
  public boolean hasInterrupt() {
    return first.pending() >= 0;
  }

  @Override
  public int acknowledge() {
    int input = first.acknowledge();
    if (input != CASCADE) {
      return first.vector(input);
    }
    int vector = second.vector(second.acknowledge());
    cascade();
    return vector;
  }

  @Override
  public int in(int port, int size) {
    int value =
        switch (port) {
          case EDGE_LEVEL_PORT -> first.levelTriggered();
          case EDGE_LEVEL_PORT + 1 -> second.levelTriggered();
          default -> chip(port).in((port & 1) != 0);
        };
    cascade();
    return value;
  }

  @Override
  public void out(int port, int size, int value) {
    switch (port) {
      case EDGE_LEVEL_PORT -> first.setLevelTriggered(value & ~FIRST_ALWAYS_EDGE);
      case EDGE_LEVEL_PORT + 1 -> second.setLevelTriggered(value & ~SECOND_ALWAYS_EDGE);
      default -> chip(port).out((port & 1) != 0, value);
    }
    cascade();
  }

  private Pic chip(int port) {
    return port < SECOND_PORT ? first : second;
  }
}
