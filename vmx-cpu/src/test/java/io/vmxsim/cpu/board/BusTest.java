package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class BusTest {
  /** Reads as its own offset or port number, and remembers what is written to it. */
  private static final class Recorder implements PortDevice, MemoryDevice {
    final List<String> written = new ArrayList<>();
    private final int widest;

    Recorder(int widest) {
      this.widest = widest;
    }

    @Override
    public int in(int port, int size) {
      return port;
    }

    @Override
    public void out(int port, int size, int value) {
      written.add(String.format("%x.%d=%x", port, size, value));
    }

    @Override
    public int widest() {
      return widest;
    }

    @Override
    public long read(long offset, int size) {
      return offset;
    }

    @Override
    public void write(long offset, int size, long value) {
      written.add(String.format("%x.%d=%x", offset, size, value));
    }
  }

  @Test
  void whatIsNeitherRamNorDeviceReadsAsOnes() {
    Bus bus = Bus.withRam(1 << 20);
    assertEquals(0xff, bus.read(1 << 20, 1));
    assertEquals(-1, bus.read(1 << 20, 8));
    assertEquals(0xffff, bus.in(0x80, 2));
    assertEquals(-1, bus.in(0x80, 4));
    bus.write(1 << 20, 4, 7);
    bus.out(0x80, 1, 7);
    assertEquals(0xffffffffL, bus.read(1 << 20, 4));
  }

  @Test
  void ramThatDoesNotFitBelowTheDevicesLiesAbove4Gib() {
    Bus bus = Bus.withRam(Bus.DEVICE_HOLE + 0x1000);
    assertTrue(bus.isRam(Bus.DEVICE_HOLE - 1));
    assertFalse(bus.isRam(Bus.DEVICE_HOLE));
    assertFalse(bus.isRam((1L << 32) - 1));
    assertTrue(bus.isRam(1L << 32));
    assertTrue(bus.isRam((1L << 32) + 0xfff));
    assertFalse(bus.isRam((1L << 32) + 0x1000));
  }

  @Property
  void thereIsAsMuchRamAsAskedFor(@ForAll @LongRange(min = 1, max = 1L << 40) long bytes) {
    Bus bus = Bus.withRam(bytes);
    assertEquals(bytes, bus.ramBelowEnd() + bus.ramAboveEnd() - (1L << 32));
  }

  @Test
  void withoutABoardEveryAddressIsRam() {
    assertTrue(Bus.none().isRam((1L << 52) - 1));
    assertEquals(0xff, Bus.none().in(0x60, 1));
  }

  @Test
  void aMemoryDeviceAnswersInItsRangeOnly() {
    Bus bus = Bus.withRam(0);
    Recorder device = new Recorder(1);
    bus.attachMemory(0xfec00000L, 0x1000, device);
    assertEquals(0x10, bus.read(0xfec00010L, 4));
    assertEquals(0xff, bus.read(0xfec01000L, 1));
    assertEquals(0xff, bus.read(0xfebfffffL, 1));
    bus.write(0xfec00fffL, 1, 0x1234);
    assertEquals(List.of("fff.1=34"), device.written);
  }

  @Test
  void twoMemoryDevicesCannotShareAnAddress() {
    Bus bus = Bus.withRam(0);
    bus.attachMemory(0x1000, 0x1000, new Recorder(1));
    assertThrows(IllegalStateException.class, () -> bus.attachMemory(0x1fff, 1, new Recorder(1)));
  }

  @Test
  void accessesWiderThanAPortAreSplitAcrossItsNeighbours() {
    Bus bus = Bus.withRam(0);
    Recorder narrow = new Recorder(1);
    bus.attachPorts(0x70, 2, narrow);
    assertEquals(0x7170, bus.in(0x70, 2));
    assertEquals(0xff71, bus.in(0x71, 2));
    bus.out(0x71, 2, 0xabcd);
    bus.out(0x70, 4, 0x04030201);
    assertEquals(List.of("71.1=cd", "70.1=1", "71.1=2"), narrow.written);
  }

  @Test
  void accessesThatAPortTakesArriveWhole() {
    Bus bus = Bus.withRam(0);
    Recorder wide = new Recorder(4);
    bus.attachPorts(0xcf8, 8, wide);
    bus.out(0xcf8, 4, 0x80000000);
    assertEquals(List.of("cf8.4=80000000"), wide.written);
    assertEquals(0xcf8, bus.in(0xcf8, 2));
  }
}
