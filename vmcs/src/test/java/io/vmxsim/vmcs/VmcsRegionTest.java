package io.vmxsim.vmcs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class VmcsRegionTest {

  private final VmxCapabilities everything = TestCapabilities.everything();
  private final VmcsRegion region = new VmcsRegion(everything);

  @Property
  void aVmcsComesBackFromItsImage(
      @ForAll @Size(205) long[] values, @ForAll boolean shadow, @ForAll boolean launched) {
    Vmcs vmcs = RandomVmcs.of(values, shadow, launched);
    Vmcs back = new Vmcs(0);
    region.load(region.image(vmcs), back);
    assertEquals(vmcs, back);
  }

  @Property
  void anyBytesAreSomeVmcsThatStoresAsTheSameBytes(@ForAll @Size(4096) byte[] image) {
    Vmcs vmcs = new Vmcs(0);
    region.load(image, vmcs);
    byte[] stored = image.clone();
    region.store(vmcs, stored);
    Vmcs back = new Vmcs(0);
    region.load(stored, back);
    assertEquals(vmcs, back);
    assertArrayEquals(Arrays.copyOf(image, 8), Arrays.copyOf(stored, 8));
    int fields = 12;
    assertArrayEquals(
        Arrays.copyOfRange(image, fields, VmcsRegion.SIZE),
        Arrays.copyOfRange(stored, fields, VmcsRegion.SIZE));
  }

  @Test
  void theFirstWordsAreWhereTheSdmPutsThem() {
    // SDM (June 2016) 24.2 “Format of the VMCS Region”, Table 24-1
    Vmcs vmcs = new Vmcs(0x1234_5678);
    vmcs.setShadow(true);
    byte[] image = region.image(vmcs);
    assertArrayEquals(
        new byte[] {0x78, 0x56, 0x34, (byte) 0x92, 0, 0, 0, 0}, Arrays.copyOf(image, 8));
    assertEquals(0x1234_5678, VmcsRegion.revisionId(image));
    assertTrue(VmcsRegion.isShadow(image));
    image[4] = 6;
    assertEquals(6, VmcsRegion.abortIndicator(image));
  }

  @Test
  void memoryThatWasNeverClearedHasLaunchStateClear() {
    byte[] image = new byte[VmcsRegion.SIZE];
    Arrays.fill(image, (byte) 0xA5);
    Vmcs vmcs = new Vmcs(0);
    region.load(image, vmcs);
    assertFalse(vmcs.launched());
  }

  @Test
  void aProcessorsFieldsFitTheRegionSizeItReports() {
    Map<Integer, Long> msrs = TestCapabilities.msrs();
    msrs.put(0x480, TestCapabilities.REVISION | (0x400L << 32) | (6L << 50));
    assertTrue(new VmcsRegion(new VmxCapabilities(msrs)).used() <= 0x400);
    msrs.put(0x480, TestCapabilities.REVISION | (0x100L << 32) | (6L << 50));
    VmxCapabilities tooSmall = new VmxCapabilities(msrs);
    assertThrows(IllegalArgumentException.class, () -> new VmcsRegion(tooSmall));
  }

  @Test
  void onlyTheFieldsOfTheProcessorTakeRoom() {
    VmcsRegion first = new VmcsRegion(TestCapabilities.supporting());
    assertTrue(first.used() < 1024, "used " + first.used());
    assertTrue(region.used() <= VmcsRegion.SIZE, "used " + region.used());
    Vmcs vmcs = new Vmcs(0);
    vmcs.set(VmcsField.EPT_POINTER, 0x1234_5000L);
    vmcs.set(VmcsField.HOST_RIP, -1L);
    Vmcs back = new Vmcs(0);
    first.load(first.image(vmcs), back);
    assertEquals(0, back.get(VmcsField.EPT_POINTER));
    assertEquals(-1L, back.get(VmcsField.HOST_RIP));
  }
}
