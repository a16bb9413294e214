package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The devices that only virtual machines have: fw_cfg and the ways to end the machine. */
class GuestServiceDevicesTest {
  private final Bus bus = Bus.withRam(0);
  private final List<Integer> exitCodes = new ArrayList<>();

  private String item(int selector, int bytes) {
    bus.out(0x510, 2, selector);
    StringBuilder read = new StringBuilder();
    for (int i = 0; i < bytes; i++) {
      read.append(String.format("%02x", bus.in(0x511, 1)));
    }
    return read.toString();
  }

  @Test
  void theFirmwareConfigurationGivesItsItemsByteByByte() {
    FirmwareConfiguration configuration = new FirmwareConfiguration(0xa000_0000L, 3);
    bus.attachPorts(FirmwareConfiguration.SELECTOR_PORT, 2, configuration);
    assertEquals("51454d55", item(0, 4)); // QEMU
    assertEquals("000000a000000000" + "00", item(3, 9));
    assertEquals("0300", item(5, 2));
    assertEquals("00", item(0x4321, 1));
  }

  @Test
  void selectingAnItemAgainStartsItAgain() {
    bus.attachPorts(FirmwareConfiguration.SELECTOR_PORT, 2, new FirmwareConfiguration(0, 7));
    assertEquals("07", item(5, 1));
    assertEquals("07", item(5, 1));
  }

  @Test
  void aDebugExitStatusBecomesAnOddExitCode() {
    new DebugExit(exitCodes::add).attachTo(bus);
    bus.out(0xf4, 4, 0);
    bus.out(0xf4, 1, 0x3f);
    assertEquals(List.of(1, 127), exitCodes);
  }

  @Test
  void onlyTheWholeWordShutsDown() {
    new DebugExit(exitCodes::add).attachTo(bus);
    "Shut".chars().forEach(c -> bus.out(0x8900, 1, c));
    "Shutdow".chars().forEach(c -> bus.out(0x8900, 1, c));
    assertTrue(exitCodes.isEmpty());
    bus.out(0x8900, 1, '!');
    "Shutdown".chars().forEach(c -> bus.out(0x8900, 1, c));
    assertEquals(List.of(0), exitCodes);
  }
}
