package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Expected values: "PC16550D ... Register Summary" and the paragraphs of each register. */
class Uart16550Test {
  private final StringBuilder sent = new StringBuilder();
  private boolean interrupt;
  private final Bus bus = Bus.withRam(0);
  private final Uart16550 uart =
      new Uart16550(value -> sent.append((char) value), high -> interrupt = high);

  @BeforeEach
  void plugIn() {
    bus.attachPorts(Uart16550.COM1, Uart16550.PORTS, uart);
  }

  @Test
  void transmitsWithoutWaiting() {
    for (char c : "PASS\n".toCharArray()) {
      assertEquals(0x60, bus.in(0x3fd, 1) & 0x60);
      bus.out(0x3f8, 1, c);
    }
    assertEquals("PASS\n", sent.toString());
  }

  @Test
  void theDivisorLatchHidesDataAndInterruptEnable() {
    bus.out(0x3fb, 1, 0x83);
    bus.out(0x3f8, 1, 0x0c);
    bus.out(0x3f9, 1, 0x01);
    assertEquals(0x0c, bus.in(0x3f8, 1));
    assertEquals(0x01, bus.in(0x3f9, 1));
    bus.out(0x3fb, 1, 0x03);
    assertEquals(0, bus.in(0x3f9, 1));
    assertTrue(sent.isEmpty());
  }

  @Test
  void receivedDataAreAnnouncedAndReadOnce() {
    uart.receive('x');
    assertEquals(0x61, bus.in(0x3fd, 1));
    assertEquals('x', bus.in(0x3f8, 1));
    assertEquals(0x60, bus.in(0x3fd, 1));
  }

  @Test
  void anInterruptNeedsItsSourceEnabledAndOut2() {
    bus.out(0x3f9, 1, 1);
    uart.receive('x');
    assertFalse(interrupt);
    bus.out(0x3fc, 1, 0x08);
    assertTrue(interrupt);
    assertEquals(0x04, bus.in(0x3fa, 1));
    bus.in(0x3f8, 1);
    assertFalse(interrupt);
    assertEquals(0x01, bus.in(0x3fa, 1));
  }

  @Test
  void readingTheIdentificationEndsTheTransmitterInterrupt() {
    bus.out(0x3fc, 1, 0x08);
    bus.out(0x3f9, 1, 2);
    assertTrue(interrupt);
    assertEquals(0x02, bus.in(0x3fa, 1));
    assertFalse(interrupt);
    bus.out(0x3f8, 1, 'a');
    assertTrue(interrupt);
  }

  @Test
  void identificationShowsWhetherTheFifosAreOn() {
    bus.out(0x3fa, 1, 0x01);
    assertEquals(0xc1, bus.in(0x3fa, 1));
    bus.out(0x3fa, 1, 0x00);
    assertEquals(0x01, bus.in(0x3fa, 1));
  }

  @Test
  void loopBackWiresOutputsToInputs() {
    bus.out(0x3fc, 1, 0x1a); // LOOP, OUT2, RTS
    assertEquals(0x90, bus.in(0x3fe, 1) & 0xf0); // DCD, CTS
    bus.out(0x3f8, 1, 'q');
    assertTrue(sent.isEmpty());
    assertEquals('q', bus.in(0x3f8, 1));
  }
}
