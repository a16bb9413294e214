package io.vmxsim.cpu.board;

import io.vmxsim.cpu.board.PciFunction.Hit;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * PCI bus 0 and the host bridge's way to its configuration space: the address at port CF8H, the
 * data at CFCH ("PCI Local Bus Specification" 3.0, 3.2.2.3.2, configuration mechanism #1). An
 * access to CF8H that is not of 4 bytes is none to the bridge.
 */
public final class PciBus implements PortDevice {
  private static final int ADDRESS_PORT = 0xcf8;
  private static final int DATA_PORT = 0xcfc;
  private static final int ADDRESS_BITS = 0x80ff_fffc;
  private static final int ENABLED = 1 << 31;
  private static final int FUNCTIONS = 1 << 16;
  private static final int REGISTER_BITS = 8;

  /** Where firmware places what functions have, and they stay. */
  static final long MEMORY = 0xf000_0000L;

  private static final long MEMORY_END = 0xfec0_0000L;
  static final int IO = 0xc000;
  private static final int IO_END = 0xd000;

  private final Map<Integer, PciFunction> functions = new TreeMap<>();
  private int address;

  /** Adds function 0 of a device, 0 to 31. */
  public void add(int device, PciFunction function) {
    functions.put(device << 3, function);
  }

  /** Plugs the bus in; ports CF9H to CFBH stay free for others. */
  public void attachTo(Bus bus) {
    bus.attachPorts(ADDRESS_PORT, 1, this);
    bus.attachPorts(DATA_PORT, 4, this);
    bus.attachPorts(IO, IO_END - IO, new IoWindow());
    bus.attachMemory(MEMORY, MEMORY_END - MEMORY, new MemoryWindow());
  }

  @Override
  public int in(int port, int size) {
    if (port >= DATA_PORT) {
      PciFunction function = selected();
      return function == null ? -1 : function.readConfiguration(register(port), size);
    }
    return size == 4 ? address : -1;
  }

  @Override
  public void out(int port, int size, int value) {
    if (port >= DATA_PORT) {
      PciFunction function = selected();
      if (function != null) {
        function.writeConfiguration(register(port), size, value);
      }
    } else if (size == 4) {
      address = value & ADDRESS_BITS;
    }
  }

  @Override
  public int widest() {
    return 4;
  }

  private @Nullable PciFunction selected() {
    return (address & ENABLED) == 0
        ? null
        : functions.get(address >>> REGISTER_BITS & FUNCTIONS - 1);
  }

  private int register(int port) {
    return (address & 0xfc) | (port & 3);
  }

  private @Nullable Hit find(long target, boolean io) {
    for (PciFunction function : functions.values()) {
      Hit hit = function.find(target, io);
      if (hit != null) {
        return hit;
      }
    }
    return null;
  }

  private final class MemoryWindow implements MemoryDevice {
    @Override
    public long read(long offset, int size) {
      Hit hit = find(MEMORY + offset, false);
      return hit == null ? -1 : hit.device().read(hit.offset(), size);
    }

    @Override
    public void write(long offset, int size, long value) {
      Hit hit = find(MEMORY + offset, false);
      if (hit != null) {
        hit.device().write(hit.offset(), size, value);
      }
    }
  }

  private final class IoWindow implements PortDevice {
    @Override
    public int in(int port, int size) {
      Hit hit = find(port, true);
      return hit == null ? -1 : (int) hit.device().read(hit.offset(), size);
    }

    @Override
    public void out(int port, int size, int value) {
      Hit hit = find(port, true);
      if (hit != null) {
        hit.device().write(hit.offset(), size, value);
      }
    }

    @Override
    public int widest() {
      return 4;
    }
  }
}
