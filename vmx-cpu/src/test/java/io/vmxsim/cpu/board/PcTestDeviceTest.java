package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PcTestDeviceTest {
  private final Bus bus = Bus.withRam(0);
  private final List<String> driven = new ArrayList<>();

  PcTestDeviceTest() {
    List<InterruptLine> lines = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      int line = i;
      lines.add(high -> driven.add(line + (high ? " up" : " down")));
    }
    new PcTestDevice(lines).attachTo(bus);
  }

  @Test
  void aPortPerInterruptLine() {
    bus.out(0x200b, 4, 1);
    bus.out(0x200b, 1, 0);
    bus.out(0x2017, 1, 1);
    assertEquals(List.of("11 up", "11 down", "23 up"), driven);
  }

  @Test
  void theEchoPortsKeepWhatEachWidthWrites() {
    bus.out(0xe0, 4, 0x12345678);
    assertEquals(0x12345678, bus.in(0xe0, 4));
    bus.out(0xe0, 1, 0xff);
    bus.out(0xe2, 2, 0xabcd);
    assertEquals(0xabcd56ff, bus.in(0xe0, 4));
    assertEquals(0xab, bus.in(0xe3, 1));
  }

  @Test
  void theDeviceMemoryKeepsWhatIsWritten() {
    bus.write(0xff00_0ffdL, 8, 0x1122334455667788L);
    assertEquals(0x1122334455667788L, bus.read(0xff00_0ffdL, 8));
    assertEquals(0x5566, bus.read(0xff00_0fffL, 2));
    bus.write(0xff00_ffffL, 1, 0x5a);
    assertEquals(0x5a, bus.read(0xff00_ffffL, 1));
  }

  @Test
  void keyboardControllerAndPort92Reset() {
    List<String> resets = new ArrayList<>();
    new ResetControl(() -> resets.add("reset")).attachTo(bus);
    bus.out(0x64, 1, 0xd1);
    bus.out(0x92, 1, 0x02);
    assertEquals(0, resets.size());
    bus.out(0x64, 1, 0xfe);
    bus.out(0x92, 1, 0x01);
    assertEquals(2, resets.size());
  }
}
