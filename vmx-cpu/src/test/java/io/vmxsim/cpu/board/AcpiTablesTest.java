package io.vmxsim.cpu.board;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.ept.PhysicalMemory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Reads the tables as an operating system does (ACPI specification 6.5, 5.2). */
class AcpiTablesTest {
  private final PhysicalMemory memory = new PhysicalMemory(40);
  private final long wakingVector = AcpiTables.write(memory, 3);
  private final Map<String, Long> tables = new HashMap<>();

  AcpiTablesTest() {
    long xsdt = memory.read64(rsdp() + 24);
    assertSum(xsdt, memory.read32(xsdt + 4));
    for (long at = xsdt + 36; at < xsdt + memory.read32(xsdt + 4); at += 8) {
      long table = memory.read64(at);
      assertSum(table, memory.read32(table + 4));
      tables.put(text(table, 4), table);
    }
  }

  private long rsdp() {
    for (long at = 0xe_0000; at < 0x10_0000; at += 16) {
      if (text(at, 8).equals("RSD PTR ")) {
        return at;
      }
    }
    throw new AssertionError("no RSDP");
  }

  private long table(String signature) {
    return tables.getOrDefault(signature, 0L);
  }

  private String text(long address, int length) {
    byte[] bytes = new byte[length];
    memory.readBytes(address, bytes, 0, length);
    return new String(bytes, StandardCharsets.US_ASCII);
  }

  private void assertSum(long address, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += memory.read8(address + i);
    }
    assertEquals(0, sum & 0xff, text(address, 4));
  }

  @Test
  void theRootPointerHasBothChecksums() {
    assertSum(rsdp(), 20);
    assertSum(rsdp(), 36);
    assertEquals("RSDT", text(memory.read32(rsdp() + 16), 4));
  }

  @Test
  void bothRootTablesListTheSameTables() {
    long rsdt = memory.read32(rsdp() + 16);
    assertSum(rsdt, memory.read32(rsdt + 4));
    List<Long> listed = new ArrayList<>();
    for (long at = rsdt + 36; at < rsdt + memory.read32(rsdt + 4); at += 4) {
      listed.add((long) memory.read32(at));
    }
    assertEquals(tables.values().stream().sorted().toList(), listed.stream().sorted().toList());
  }

  @Test
  void theFixedTableNamesThePortsOfPowerManagement() {
    long fadt = table("FACP");
    assertEquals(244, memory.read32(fadt + 4));
    assertEquals(9, memory.read16(fadt + 46));
    assertEquals(0x600, memory.read32(fadt + 56));
    assertEquals(0x604, memory.read32(fadt + 64));
    assertEquals(0x608, memory.read32(fadt + 76));
    assertEquals(4, memory.read8(fadt + 91)); // PM_TMR_LEN
    assertEquals(0x32, memory.read8(fadt + 108));
    assertEquals(0xcf9, memory.read64(fadt + 120));
    assertEquals(6, memory.read8(fadt + 128));
    assertEquals(0x608, memory.read64(fadt + 212));
    assertEquals("DSDT", text(memory.read32(fadt + 40), 4));
  }

  @Test
  void theWakingVectorIsInTheControlStructure() {
    long facs = memory.read32(table("FACP") + 36);
    assertEquals("FACS", text(facs, 4));
    assertEquals(0, facs % 64);
    assertEquals(facs + 12, wakingVector);
  }

  @Test
  void theInterruptTableHasEveryProcessorAndTheTimersOverride() {
    long madt = table("APIC");
    List<String> entries = new ArrayList<>();
    for (long at = madt + 44; at < madt + memory.read32(madt + 4); at += memory.read8(at + 1)) {
      StringBuilder entry = new StringBuilder();
      for (int i = 0; i < memory.read8(at + 1); i++) {
        entry.append(String.format("%02x", memory.read8(at + i)));
      }
      entries.add(entry.toString());
    }
    assertEquals(
        List.of(
            "0008000001000000",
            "0008010101000000",
            "0008020201000000",
            "010c03000000c0fe00000000",
            "020a0000020000000000",
            "020a0009090000000d00",
            "0406ff000001"),
        entries);
  }
}
