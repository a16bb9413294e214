package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** "PCI Local Bus Specification" 3.0, 3.2.2.3.2 and chapter 6; QEMU's pci-testdev. */
class PciBusTest {
  private static final int TEST_DEVICE = 0x8000_2000;

  private final Bus bus = Bus.withRam(0);
  private final List<String> resets = new ArrayList<>();

  PciBusTest() {
    new ResetControl(() -> resets.add("reset")).attachTo(bus);
    PciBus pci = new PciBus();
    pci.add(0, new PciFunction(0x8086, 0x1237, 0x060000));
    pci.add(4, new PciTestDevice());
    pci.attachTo(bus);
  }

  private int read(int address, int size) {
    bus.out(0xcf8, 4, address);
    return bus.in(0xcfc + (address & 3), size);
  }

  private void write(int address, int size, int value) {
    bus.out(0xcf8, 4, address);
    bus.out(0xcfc + (address & 3), size, value);
  }

  @Test
  void functionsShowVendorDeviceAndClass() {
    assertEquals(0x1237_8086, read(0x8000_0000, 4));
    assertEquals(0x0600_0000, read(0x8000_0008, 4));
    assertEquals(0x0005, read(TEST_DEVICE | 2, 2));
  }

  @Test
  void whatIsNotThereReadsAsOnes() {
    assertEquals(-1, read(0x8000_0800, 4));
    assertEquals(0xffff, read(0x8000_2100, 2)); // function 1
    assertEquals(-1, read(0x0000_0000, 4)); // not enabled
  }

  @Test
  void aBaseAddressTellsItsSize() {
    write(TEST_DEVICE | 0x10, 4, -1);
    assertEquals(0xffff_f000, read(TEST_DEVICE | 0x10, 4));
    int io = read(TEST_DEVICE | 0x14, 4);
    assertEquals(1, io & 3);
    write(TEST_DEVICE | 0x14, 4, -1);
    assertEquals(0xffff_ff01, read(TEST_DEVICE | 0x14, 4));
    assertEquals(0, read(TEST_DEVICE | 0x18, 4));
  }

  @Test
  void memoryMovesWithItsBaseAddressAndCanBeSwitchedOff() {
    long first = Integer.toUnsignedLong(read(TEST_DEVICE | 0x10, 4));
    bus.write(first, 1, 0);
    assertEquals(1, bus.read(first + 1, 1));
    write(TEST_DEVICE | 0x10, 4, (int) first + 0x10000);
    assertEquals(0xff, bus.read(first + 1, 1));
    assertEquals(1, bus.read(first + 0x10001, 1));
    write(TEST_DEVICE | 4, 2, 0);
    assertEquals(0xff, bus.read(first + 0x10001, 1));
  }

  @Test
  void theTestDeviceCountsTheWritesThatFit() {
    int port = read(TEST_DEVICE | 0x14, 4) & ~3;
    bus.out(port, 1, 1);
    int offset = bus.in(port + 4, 4);
    int data = bus.in(port + 8, 4);
    bus.out(port + offset, 1, data);
    bus.out(port + offset, 1, data ^ 1);
    bus.out(port + offset, 2, data);
    bus.out(port + offset, 1, data);
    assertEquals(2, bus.in(port + 12, 4));
    assertEquals('w', bus.in(port + 16, 1));
    bus.out(port, 1, 3);
    assertEquals(0, bus.in(port + 1, 1)); // no such test
  }

  @Test
  void theResetRegisterIsTheByteInTheMiddle() {
    bus.out(0xcf8, 4, 0x8000_0e07);
    assertEquals(0x8000_0e04, bus.in(0xcf8, 4));
    assertEquals(List.of(), resets);
    bus.out(0xcf9, 1, 0x06);
    assertEquals(List.of("reset"), resets);
  }

  @Test
  void partsOfRegistersAreWritten() {
    write(0x8000_003c, 1, 11);
    assertEquals(11, read(0x8000_003c, 4));
    write(0x8000_0000, 4, 0);
    assertEquals(0x1237_8086, read(0x8000_0000, 4));
  }
}
