package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

/** "PCI Local Bus Specification", 3.2.2.3.2. */
class PciConfigurationTest {
  private final Bus bus = Bus.withRam(1 << 20);
  private boolean reset;

  PciConfigurationTest() {
    new ResetControl(() -> reset = true).attachTo(bus);
    new PciConfiguration().attachTo(bus);
  }

  @Test
  void theAddressRegisterReadsBackAndNoFunctionAnswers() {
    bus.out(0xcf8, 4, 0x8000_0e07);
    assertEquals(0x8000_0e04, bus.in(0xcf8, 4));
    assertEquals(-1, bus.in(0xcfc, 4));
    assertEquals(0xffff, bus.in(0xcfe, 2));
  }

  @Test
  void aFunctionNumberIsNoResetThoughTheResetRegisterLiesInItsPlace() {
    bus.out(0xcf8, 4, 0x8000_0e00); // bits 15:8 are 0EH, which at CF9H would reset
    assertFalse(reset);
  }
}
