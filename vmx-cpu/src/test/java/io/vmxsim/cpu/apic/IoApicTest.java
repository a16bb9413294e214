package io.vmxsim.cpu.apic;

import static io.vmxsim.cpu.apic.ApicBoard.store;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/**
 * "82093AA I/O Advanced Programmable Interrupt Controller (IOAPIC)", 3.0, "Register Description".
 */
class IoApicTest {
  private static final int LEVEL = 1 << 15;
  private static final int MASKED = 1 << 16;
  private static final int REMOTE_IRR = 1 << 14;
  private static final int PIN = 14;

  private final ApicBoard board = new ApicBoard();
  private final LocalApic apic = board.apic(0);
  private final IoApic ioApic = new IoApic(board.network);

  private int read(int register) {
    ioApic.write(0x00, register);
    return ioApic.read(0x10);
  }

  private void write(int register, int value) {
    ioApic.write(0x00, register);
    ioApic.write(0x10, value);
  }

  private void redirect(int entry) {
    write(0x10 + 2 * PIN, entry);
  }

  private int entry() {
    return read(0x10 + 2 * PIN);
  }

  private void end() {
    store(apic, ApicRegister.EOI, 0);
  }

  @Test
  void registersAfterReset() {
    assertEquals(23, read(1) >>> 16 & 0xff);
    assertEquals(MASKED, entry());
    write(0, -1);
    assertEquals(0x0f000000, read(0));
    assertEquals(0x0f000000, read(2), "the arbitration ID follows the ID");
    write(2, 0);
    assertEquals(0x0f000000, read(2));
  }

  @Test
  void edgeInterruptsOncePerRise() {
    redirect(0x76);
    ioApic.setPin(PIN, true);
    ioApic.setPin(PIN, true);
    assertEquals(0x76, apic.acknowledge());
    end();
    assertFalse(apic.hasInterrupt());
    ioApic.setPin(PIN, false);
    ioApic.setPin(PIN, true);
    assertTrue(apic.hasInterrupt());
  }

  @Test
  void edgesAtMaskedPinsAreLost() {
    ioApic.setPin(PIN, true);
    redirect(0x76);
    assertFalse(apic.hasInterrupt());
  }

  @Test
  void levelInterruptsUntilTheLineFalls() {
    redirect(LEVEL | 0x77);
    ioApic.setPin(PIN, true);
    assertEquals(0x77, apic.acknowledge());
    assertEquals(REMOTE_IRR, entry() & REMOTE_IRR);
    assertFalse(apic.hasInterrupt());
    end();
    assertEquals(0x77, apic.acknowledge(), "still asserted");
    ioApic.setPin(PIN, false);
    end();
    assertFalse(apic.hasInterrupt());
    assertEquals(0, entry() & REMOTE_IRR);
  }

  @Test
  void unmaskingServesAnAssertedLevel() {
    redirect(LEVEL | MASKED | 0x77);
    ioApic.setPin(PIN, true);
    assertFalse(apic.hasInterrupt());
    redirect(LEVEL | 0x77);
    assertTrue(apic.hasInterrupt());
  }

  @Test
  void acceptanceSetsTheTriggerMode() {
    redirect(LEVEL | 0x79);
    ioApic.setPin(PIN, true);
    assertEquals(1 << 0x19, apic.registers().load(ApicRegister.TRIGGER_MODE.offset() + 0x30, 4));
    apic.acknowledge();
    ioApic.setPin(PIN, false);
    end();
    redirect(0x79);
    ioApic.setPin(PIN, true);
    assertEquals(0, apic.registers().load(ApicRegister.TRIGGER_MODE.offset() + 0x30, 4));
  }

  @Test
  void suppressedBroadcastLeavesTheEndToADirectedOne() {
    store(apic, ApicRegister.SPURIOUS_VECTOR, 0x11ff);
    redirect(LEVEL | 0x77);
    ioApic.setPin(PIN, true);
    apic.acknowledge();
    ioApic.setPin(PIN, false);
    end();
    assertEquals(REMOTE_IRR, entry() & REMOTE_IRR);
    ioApic.write(0x40, 0x77);
    assertEquals(0, entry() & REMOTE_IRR);
  }

  @Test
  void destinationIsInTheUpperHalf() {
    LocalApic second = board.apic(1);
    redirect(0x85);
    write(0x11 + 2 * PIN, 1 << 24);
    ioApic.setPin(PIN, true);
    assertFalse(apic.hasInterrupt());
    assertEquals(0x85, second.acknowledge());
  }
}
