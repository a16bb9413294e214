package io.vmxsim.cpu.board;

import io.vmxsim.cpu.apic.IoApic;
import io.vmxsim.ept.PhysicalMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables that tell software which processors, interrupt controllers and timers there are
 * ("Advanced Configuration and Power Interface Specification" 6.5, chapter 5), where firmware of a
 * PC puts them: the RSDP in the last 128 KBytes of the first MByte, the others behind it.
 */
public final class AcpiTables {
  /** Where the RSDP is. */
  static final int ADDRESS = 0xf_0000;

  private static final int RSDP_BYTES = 36;
  private static final int HEADER_BYTES = 36;
  private static final int CHECKSUM = 9;
  private static final int FACS_BYTES = 64;
  private static final int FADT_BYTES = 244;
  private static final int LOCAL_APIC_ADDRESS = 0xfee0_0000;

  /** FADT: WBINVD works, the timer has 24 bits, RTC wakes from S4, reset register. */
  private static final int FIXED_FEATURES = 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 10;

  /** FADT: there are ISA devices. */
  private static final short BOOT_FLAGS = 1;

  private static final byte CENTURY = 0x32;
  private static final int SYSTEM_IO = 1;
  private static final int LEVEL_HIGH = 0x0d;

  /**
   * The DSDT's definition block: Name (\_S3, Package {1, 1, 0, 0}), Name (\_S5, … {0, 0, 0, 0}).
   */
  private static final byte[] SLEEPING_STATES = {
    8, '_', 'S', '3', '_', 0x12, 8, 4, 0x0a, 1, 0x0a, 1, 0, 0, 8, '_', 'S', '5', '_', 0x12, 6, 4, 0,
    0, 0, 0
  };

  private final PhysicalMemory memory;
  private final List<Integer> tables = new ArrayList<>();
  private int next = ADDRESS + RSDP_BYTES;
  private int wakingVector;

  private AcpiTables(PhysicalMemory memory) {
    this.memory = memory;
  }

  /**
   * Writes the tables.
   *
   * @return the address of the firmware waking vector, 32 bits
   */
  public static long write(PhysicalMemory memory, int processors) {
    AcpiTables tables = new AcpiTables(memory);
    tables.writeAll(processors);
    return tables.wakingVector;
  }

  private void writeAll(int processors) {
    int facs = place(facs(), 64);
    wakingVector = facs + 12;
    int dsdt = place(table("DSDT", 2, SLEEPING_STATES), 16);
    tables.add(place(table("FACP", 3, fadt(facs, dsdt)), 16));
    tables.add(place(table("APIC", 3, madt(processors)), 16));
    int rsdt = place(table("RSDT", 1, pointers(Integer.BYTES)), 16);
    int xsdt = place(table("XSDT", 1, pointers(Long.BYTES)), 16);
    ByteBuffer rsdp = buffer(RSDP_BYTES);
    put(rsdp, "RSD PTR ").put((byte) 0);
    put(rsdp, "VMXSIM").put((byte) 2).putInt(rsdt).putInt(RSDP_BYTES).putLong(xsdt);
    byte[] bytes = bytes(rsdp);
    bytes[8] = checksum(bytes, 20);
    bytes[32] = checksum(bytes, RSDP_BYTES);
    memory.writeBytes(ADDRESS, bytes, 0, bytes.length);
  }

  /** Firmware ACPI control structure (5.2.10). */
  private static byte[] facs() {
    ByteBuffer facs = buffer(FACS_BYTES);
    put(facs, "FACS").putInt(FACS_BYTES);
    facs.put(32, (byte) 1);
    return bytes(facs);
  }

  /** Fixed ACPI description table (5.2.9), from its header on, of revision 3. */
  private static byte[] fadt(int facs, int dsdt) {
    ByteBuffer fadt = buffer(FADT_BYTES - HEADER_BYTES);
    fadt.putInt(facs).putInt(dsdt);
    at(fadt, 46).putShort((short) PowerManagement.IRQ);
    at(fadt, 56).putInt(PowerManagement.EVENT_PORT);
    at(fadt, 64).putInt(PowerManagement.CONTROL_PORT);
    at(fadt, 76).putInt(PowerManagement.TIMER_PORT);
    at(fadt, 88).put((byte) 4).put((byte) 2).put((byte) 0).put((byte) 4);
    at(fadt, 96).putShort((short) 0xfff).putShort((short) 0xfff); // no C2, no C3
    at(fadt, 108).put(CENTURY).putShort(BOOT_FLAGS);
    at(fadt, 112).putInt(FIXED_FEATURES);
    address(at(fadt, 116), 8, ResetControl.PORT).put((byte) ResetControl.RESET);
    at(fadt, 132).putLong(facs).putLong(dsdt);
    address(fadt, 32, PowerManagement.EVENT_PORT);
    address(at(fadt, 172), 16, PowerManagement.CONTROL_PORT);
    address(at(fadt, 208), 32, PowerManagement.TIMER_PORT);
    return bytes(fadt);
  }

  /** Moves to an offset as the specification counts it, from the start of the header. */
  private static ByteBuffer at(ByteBuffer table, int offset) {
    table.position(offset - HEADER_BYTES);
    return table;
  }

  /** A generic address structure (5.2.3.2) of a port. */
  private static ByteBuffer address(ByteBuffer table, int bits, int port) {
    return table.put((byte) SYSTEM_IO).put((byte) bits).putShort((short) 0).putLong(port);
  }

  /** Multiple APIC description table (5.2.12), from its header on. */
  private static byte[] madt(int processors) {
    ByteBuffer madt = buffer(8 + 8 * processors + 12 + 2 * 10 + 6);
    madt.putInt(LOCAL_APIC_ADDRESS).putInt(1); // and a pair of 8259As
    for (int i = 0; i < processors; i++) {
      madt.put((byte) 0).put((byte) 8).put((byte) i).put((byte) i).putInt(1);
    }
    madt.put((byte) 1).put((byte) 12).put((byte) processors).put((byte) 0);
    madt.putInt((int) IoApic.DEFAULT_ADDRESS).putInt(0);
    override(madt, Pit.IRQ, Board.PIT_PIN, 0);
    override(madt, PowerManagement.IRQ, PowerManagement.IRQ, LEVEL_HIGH);
    madt.put((byte) 4).put((byte) 6).put((byte) 0xff).putShort((short) 0).put((byte) 1);
    return bytes(madt);
  }

  /** An interrupt source override (5.2.12.5). */
  private static void override(ByteBuffer madt, int irq, int pin, int flags) {
    madt.put((byte) 2).put((byte) 10).put((byte) 0).put((byte) irq);
    madt.putInt(pin).putShort((short) flags);
  }

  private byte[] pointers(int bytesEach) {
    ByteBuffer list = buffer(tables.size() * bytesEach);
    for (int table : tables) {
      if (bytesEach == Long.BYTES) {
        list.putLong(table);
      } else {
        list.putInt(table);
      }
    }
    return bytes(list);
  }

  /** A table with the header of all of them (5.2.6). */
  private static byte[] table(String signature, int revision, byte[] body) {
    ByteBuffer table = buffer(HEADER_BYTES + body.length);
    put(table, signature).putInt(HEADER_BYTES + body.length).put((byte) revision).put((byte) 0);
    put(put(table, "VMXSIM"), "VMXSIM  ").putInt(1);
    put(table, "VMXS").putInt(1).put(body);
    byte[] bytes = bytes(table);
    bytes[CHECKSUM] = checksum(bytes, bytes.length);
    return bytes;
  }

  private int place(byte[] bytes, int alignment) {
    int address = (next + alignment - 1) & -alignment;
    memory.writeBytes(address, bytes, 0, bytes.length);
    next = address + bytes.length;
    return address;
  }

  /** The byte that makes the sum of the first {@code length} bytes 0. */
  private static byte checksum(byte[] bytes, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += bytes[i];
    }
    return (byte) -sum;
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.wrap(new byte[bytes]).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  private static ByteBuffer put(ByteBuffer buffer, String text) {
    return buffer.put(text.getBytes(StandardCharsets.US_ASCII));
  }
}
