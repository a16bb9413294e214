package io.vmxsim.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class PhysicalMemoryTest {
  private final PhysicalMemory memory = new PhysicalMemory(52);

  @Test
  void absentPageReadsZeroAndStaysAbsent() {
    assertEquals(0, memory.read64(0xf_ffff_ffff_fff8L));
    assertEquals(0, memory.pageForRead(0x1234_5000)[0]);
    assertEquals(0, memory.allocatedBytes());
  }

  @Test
  void firstWriteToAPageAllocatesFourKilobytes() {
    memory.write8(0x1000, 1);
    memory.write64(0x1ff8, 2);
    assertEquals(4096, memory.allocatedBytes());
    memory.write8(0x2000, 3);
    assertEquals(8192, memory.allocatedBytes());
  }

  @Test
  void valuesAreLittleEndian() {
    memory.write64(0x1000, 0x8877_6655_4433_2211L);
    assertEquals(0x11, memory.read8(0x1000));
    assertEquals(0x3322, memory.read16(0x1001));
    assertEquals(0x8877_6655, memory.read32(0x1004));
  }

  @Test
  void valueMayCrossIntoAnotherPageGigabyteAndSpan() {
    for (long boundary : new long[] {0x1000, 1L << 21, 1L << 30, 1L << 41}) {
      memory.write64(boundary - 3, 0x8877_6655_4433_2211L);
      assertEquals(0x8877_6655_4433_2211L, memory.read64(boundary - 3));
      assertEquals(0x44, memory.read8(boundary));
    }
  }

  @Test
  void pageIsTheMemoryItself() {
    byte[] page = memory.pageForWrite(0x5000);
    page[8] = 42;
    assertEquals(42, memory.read64(0x5008));
    assertSame(page, memory.pageForRead(0x5fff));
  }

  @Test
  void addressWiderThanTheMemoryIsRefusedAndNothingIsWritten() {
    PhysicalMemory small = new PhysicalMemory(32);
    assertThrows(IllegalArgumentException.class, () -> small.read8(1L << 32));
    assertThrows(IllegalArgumentException.class, () -> small.read8(-1));
    assertThrows(IllegalArgumentException.class, () -> small.write64((1L << 32) - 4, -1));
    assertEquals(0, small.read32((1L << 32) - 4));
  }

  record Write(long address, int width, long value) {}

  @Provide
  Arbitrary<List<Write>> writes() {
    // Near the boundaries of pages, chunks, regions and spans, so that writes cross and overlap.
    Arbitrary<Long> address =
        Combinators.combine(
                Arbitraries.of(0x1000L, 1L << 21, 1L << 30, 5L << 30, 1L << 41, 1L << 51),
                Arbitraries.longs().between(-20, 20))
            .as(Long::sum);
    return Combinators.combine(address, Arbitraries.of(1, 2, 4, 8), Arbitraries.longs())
        .as(Write::new)
        .list()
        .ofMaxSize(40);
  }

  @Property
  void behavesAsAnArrayOfBytes(@ForAll("writes") List<Write> writes) {
    PhysicalMemory tested = new PhysicalMemory(52);
    Map<Long, Integer> bytes = new HashMap<>();
    for (Write w : writes) {
      switch (w.width) {
        case 1 -> tested.write8(w.address, (int) w.value);
        case 2 -> tested.write16(w.address, (int) w.value);
        case 4 -> tested.write32(w.address, (int) w.value);
        default -> tested.write64(w.address, w.value);
      }
      for (int i = 0; i < w.width; i++) {
        bytes.put(w.address + i, (int) (w.value >>> (8 * i)) & 0xff);
      }
    }
    for (Write w : writes) {
      long expected = 0;
      for (int i = 7; i >= 0; i--) {
        expected = (expected << 8) | bytes.getOrDefault(w.address + i, 0);
      }
      assertEquals(expected, tested.read64(w.address));
      assertEquals((int) expected, tested.read32(w.address));
      assertEquals((int) expected & 0xffff, tested.read16(w.address));
      assertEquals((int) expected & 0xff, tested.read8(w.address));
    }
    long pages = bytes.keySet().stream().map(a -> a >>> 12).distinct().count();
    assertEquals(4096 * pages, tested.allocatedBytes());
  }
}
