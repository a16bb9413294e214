package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PhysicalMemory;
import org.junit.jupiter.api.Test;

class MemorySlotTest {
  private static final long GIB = 1L << 30;

  @Test
  void translatesByArithmetic() {
    Vm vm = Vm.of(new PhysicalMemory(46), 64 * GIB);
    vm.addSlot(new MemorySlot(100 * GIB, GIB, 80 * GIB));
    assertEquals(4 * GIB + 0x1234_5678L, vm.toHost(0x1234_5678L));
    assertEquals(80 * GIB + 5, vm.toHost(100 * GIB + 5));
    assertNull(vm.slot(64 * GIB));
    assertNull(vm.slot(-1));
  }

  @Test
  void sixtyFourGibibytesCostNothing() {
    PhysicalMemory memory = new PhysicalMemory(46);
    Vm.of(memory, 64 * GIB);
    assertEquals(0, memory.allocatedBytes());
  }

  @Test
  void refusesOverlapsAndPartsOfPages() {
    Vm vm = Vm.of(new PhysicalMemory(40), GIB);
    assertThrows(
        IllegalArgumentException.class,
        () -> vm.addSlot(new MemorySlot(GIB - 4096, 8192, 32 * GIB)));
    assertThrows(IllegalArgumentException.class, () -> new MemorySlot(1, 4096, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> vm.addSlot(new MemorySlot(2 * GIB, GIB, (1L << 40) - 4096)));
  }

  @Test
  void aLargePageNeedsCongruentAddressesAndMustFit() {
    MemorySlot congruent = new MemorySlot(0x1000, 4 * GIB, 8 * GIB + 0x1000);
    assertEquals(PageSize.SIZE_4K, congruent.largestPage(0x1000, PageSize.SIZE_1G));
    assertEquals(PageSize.SIZE_2M, congruent.largestPage(0x20_0000, PageSize.SIZE_1G));
    assertEquals(PageSize.SIZE_1G, congruent.largestPage(GIB + 7, PageSize.SIZE_1G));
    assertEquals(PageSize.SIZE_2M, congruent.largestPage(GIB + 7, PageSize.SIZE_2M));
    assertEquals(PageSize.SIZE_4K, congruent.largestPage(4 * GIB, PageSize.SIZE_1G));
    MemorySlot shifted = new MemorySlot(0, 4 * GIB, 8 * GIB + 0x20_0000);
    assertEquals(PageSize.SIZE_2M, shifted.largestPage(GIB, PageSize.SIZE_1G));
  }

  @Test
  void framesAreZeroedWhenReused() {
    PhysicalMemory memory = new PhysicalMemory(40);
    HostFrames frames = new HostFrames(memory, 0x10_0000, 0x10_2000);
    long frame = frames.allocate();
    memory.write64(frame + 4088, 7);
    frames.release(frame);
    assertEquals(frame, frames.allocate());
    assertEquals(0, memory.read64(frame + 4088));
    assertEquals(0x10_1000, frames.allocate());
    assertThrows(IllegalStateException.class, frames::allocate);
    assertEquals(2, frames.inUse());
  }
}
