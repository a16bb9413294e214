package io.vmxsim.cpu.board;

import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.apic.IoApic;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * The devices of a PC, plugged in and wired: which interrupt request leads to which input of the
 * 8259A pair and of the I/O APIC.
 */
public final class Board {
  /** The I/O APIC's input for the interval timer, whose own number the 8259A pair needs. */
  static final int PIT_PIN = 2;

  private static final int PIC_INPUTS = 16;
  private static final int CASCADE = 2;
  private static final int IO_APIC_BYTES = 0x1000;

  /** "Intel 440FX PCIset 82441FX (PMC)", its device identification. */
  private static final int HOST_BRIDGE_VENDOR = 0x8086;

  private static final int HOST_BRIDGE = 0x1237;
  private static final int HOST_BRIDGE_CLASS = 0x060000;
  private static final int PCI_TEST_SLOT = 4;

  private final PicPair pics = new PicPair();
  private final IoApic ioApic;
  private final PowerManagement power;

  /** What happens to the machine when a device says so. */
  public interface Power {
    /** The guest ends the machine, with the exit code of the program. */
    void end(int exitCode);

    /** The guest resets the machine. */
    void reset();

    /** The guest suspends the machine to RAM. */
    void suspend();
  }

  /**
   * Plugs everything in.
   *
   * @param network where the I/O APIC sends its messages
   * @param serial takes each byte sent through the first serial port
   * @param power how devices end, reset or suspend the machine
   */
  public Board(Bus bus, Timeline timeline, ApicNetwork network, IntConsumer serial, Power power) {
    ioApic = new IoApic(network);
    List<InterruptLine> lines = new ArrayList<>();
    for (int i = 0; i < IoApic.PINS; i++) {
      int request = i;
      lines.add(high -> drive(request, high));
    }
    this.power =
        new PowerManagement(
            timeline, lines.get(PowerManagement.IRQ), sleepType -> sleep(power, sleepType));
    bus.attachMemory(IoApic.DEFAULT_ADDRESS, IO_APIC_BYTES, new IoApicWindow());
    pics.attachTo(bus);
    new Pit(timeline, lines.get(Pit.IRQ)).attachTo(bus);
    new RealTimeClock(timeline, high -> clockRequests(lines.get(RealTimeClock.IRQ), high))
        .attachTo(bus);
    this.power.attachTo(bus);
    bus.attachPorts(
        Uart16550.COM1, Uart16550.PORTS, new Uart16550(serial, lines.get(Uart16550.COM1_IRQ)));
    new ResetControl(power::reset).attachTo(bus);
    PciBus pci = new PciBus();
    pci.add(0, new PciFunction(HOST_BRIDGE_VENDOR, HOST_BRIDGE, HOST_BRIDGE_CLASS));
    pci.add(PCI_TEST_SLOT, new PciTestDevice());
    pci.attachTo(bus);
    new DebugExit(power::end).attachTo(bus);
    new PcTestDevice(lines).attachTo(bus);
  }

  private void drive(int request, boolean high) {
    if (request < PIC_INPUTS && request != CASCADE) {
      pics.set(request, high);
    }
    ioApic.setPin(request == Pit.IRQ ? PIT_PIN : request, high);
  }

  private void clockRequests(InterruptLine line, boolean high) {
    line.set(high);
    power.clockAlarm(high);
  }

  private static void sleep(Power machine, int sleepType) {
    if (sleepType == PowerManagement.SLEEP_TYPE_S3) {
      machine.suspend();
    } else if (sleepType == PowerManagement.SLEEP_TYPE_S5) {
      machine.end(0);
    }
  }

  /** The 8259A pair, an interrupt controller of the first processor. */
  public PicPair pics() {
    return pics;
  }

  /** Whether an event is there that ends a sleeping state. */
  public boolean wakes() {
    return power.wakes();
  }

  /** The I/O APIC's registers, 32 bits each at a multiple of 16. */
  private final class IoApicWindow implements MemoryDevice {
    @Override
    public long read(long offset, int size) {
      return Integer.toUnsignedLong(ioApic.read((int) offset & ~3)) >>> ((offset & 3) * Byte.SIZE);
    }

    @Override
    public void write(long offset, int size, long value) {
      ioApic.write((int) offset, (int) value);
    }
  }
}
