package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Expected values: "8259A Programmable Interrupt Controller", its command words and priorities. */
class PicPairTest {
  private final Bus bus = Bus.withRam(0);
  private final PicPair pics = new PicPair();

  PicPairTest() {
    pics.attachTo(bus);
  }

  /** As every PC kernel does: vectors 20H and 28H, nothing masked. */
  private void initialize() {
    out(0x20, 0x11, 0x21, 0x20, 0x21, 0x04, 0x21, 0x01, 0x21, 0x00);
    out(0xa0, 0x11, 0xa1, 0x28, 0xa1, 0x02, 0xa1, 0x01, 0xa1, 0x00);
  }

  private void out(int... portsAndValues) {
    for (int i = 0; i < portsAndValues.length; i += 2) {
      bus.out(portsAndValues[i], 1, portsAndValues[i + 1]);
    }
  }

  private void pulse(int request) {
    pics.set(request, true);
    pics.set(request, false);
  }

  @Test
  void aRequestGivesItsVector() {
    initialize();
    pulse(4);
    assertTrue(pics.hasInterrupt());
    assertEquals(0x24, pics.acknowledge());
    assertFalse(pics.hasInterrupt());
  }

  @Test
  void theSecondChipsRequestsComeThroughTheFirst() {
    initialize();
    pulse(11);
    assertEquals(0x2b, pics.acknowledge());
    out(0x20, 0x0b);
    assertEquals(1 << 2, bus.in(0x20, 1));
    out(0xa0, 0x0b);
    assertEquals(1 << 3, bus.in(0xa0, 1));
  }

  @Test
  void lowerPriorityWaitsForTheEndOfInterrupt() {
    initialize();
    pulse(1);
    assertEquals(0x21, pics.acknowledge());
    pulse(3);
    assertFalse(pics.hasInterrupt());
    pulse(0);
    assertEquals(0x20, pics.acknowledge());
    out(0x20, 0x20, 0x20, 0x20);
    assertEquals(0x23, pics.acknowledge());
  }

  @Test
  void aMaskedRequestWaits() {
    initialize();
    out(0x21, 0x10);
    pulse(4);
    assertFalse(pics.hasInterrupt());
    assertEquals(0x10, bus.in(0x21, 1));
    out(0x21, 0);
    assertEquals(0x24, pics.acknowledge());
  }

  @Test
  void anEdgeIsServedOnceAndALevelUntilItFalls() {
    initialize();
    pics.set(5, true);
    pics.acknowledge();
    out(0x20, 0x20);
    assertFalse(pics.hasInterrupt());
    out(0x4d0, 0x20);
    pics.set(5, true);
    assertEquals(0x25, pics.acknowledge());
    out(0x20, 0x20);
    assertTrue(pics.hasInterrupt());
    pics.set(5, false);
    assertFalse(pics.hasInterrupt());
  }

  @Test
  void theTimerCannotBeLevelTriggered() {
    out(0x4d0, 0xff, 0x4d1, 0xff);
    assertEquals(0xf8, bus.in(0x4d0, 1));
    assertEquals(0xde, bus.in(0x4d1, 1));
  }

  @Test
  void anAcknowledgeOfNothingIsTheSpuriousInterrupt7() {
    initialize();
    assertEquals(0x27, pics.acknowledge());
    out(0x20, 0x0b);
    assertEquals(0, bus.in(0x20, 1));
  }

  @Test
  void automaticEndOfInterruptLeavesNothingInService() {
    initialize();
    out(0x20, 0x11, 0x21, 0x20, 0x21, 0x04, 0x21, 0x03, 0x21, 0x00);
    pulse(1);
    pics.acknowledge();
    pulse(3);
    assertEquals(0x23, pics.acknowledge());
  }

  @Test
  void rotationMakesTheServedInputTheLast() {
    initialize();
    pulse(1);
    pics.acknowledge();
    out(0x20, 0xa0); // rotate on non-specific EOI
    pulse(1);
    pulse(6);
    assertEquals(0x26, pics.acknowledge());
  }

  @Test
  void aPollTakesTheRequestIntoService() {
    initialize();
    pulse(6);
    out(0x20, 0x0c);
    assertEquals(0x86, bus.in(0x20, 1));
    assertFalse(pics.hasInterrupt());
  }

  @Test
  void firmwareHasOpenedTheRequestsOfPciDevices() {
    pulse(11);
    assertEquals(0x73, pics.acknowledge());
    pulse(4);
    assertFalse(pics.hasInterrupt());
  }
}
