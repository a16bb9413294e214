package io.vmxsim.vmcs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class VmcsAccessTest {

  private static final VmxCapabilities EVERYTHING = TestCapabilities.everything();

  private final VmcsAccess access = new VmcsAccess(EVERYTHING);
  private final Vmcs vmcs = new Vmcs(TestCapabilities.REVISION);

  @Property
  void whatIsWrittenIn64BitModeIsReadBackInTheFieldsWidth(
      @ForAll VmcsField field, @ForAll long value) {
    access.write(vmcs, field.encoding(), value, true);
    long expected =
        switch (field.width()) {
          case BITS_16 -> value & 0xFFFFL;
          case BITS_32 -> value & 0xFFFF_FFFFL;
          case BITS_64, NATURAL -> value;
        };
    assertEquals(expected, access.read(vmcs, field.encoding(), true));
    assertEquals(expected, vmcs.get(field));
    assertEquals(expected & 0xFFFF_FFFFL, access.read(vmcs, field.encoding(), false));
  }

  @Property
  void outside64BitModeAFullWriteClearsTheHighHalf(
      @ForAll VmcsField field, @ForAll long before, @ForAll long value) {
    access.write(vmcs, field.encoding(), before, true);
    access.write(vmcs, field.encoding(), value, false);
    assertEquals(value & field.width().mask() & 0xFFFF_FFFFL, vmcs.get(field));
  }

  @Property
  void theHighEncodingReachesBits63To32Only(
      @ForAll VmcsField field, @ForAll long before, @ForAll long value, @ForAll boolean mode) {
    if (field.width() != VmcsField.Width.BITS_64) {
      return;
    }
    access.write(vmcs, field.encoding(), before, true);
    assertEquals(before >>> 32, access.read(vmcs, field.highEncoding(), mode));
    access.write(vmcs, field.highEncoding(), value, mode);
    assertEquals((value << 32) | (before & 0xFFFF_FFFFL), vmcs.get(field));
  }

  @Property
  void writingAFieldChangesNoOther(@ForAll VmcsField field, @ForAll long value) {
    Vmcs before = vmcs.copy();
    access.write(vmcs, field.encoding(), value, true);
    for (VmcsField other : VmcsField.values()) {
      if (other != field) {
        assertEquals(before.get(other), vmcs.get(other));
      }
    }
  }

  @Test
  void aFieldTheProcessorLacksIsAnUnsupportedComponent() {
    VmcsAccess first = new VmcsAccess(TestCapabilities.supporting());
    long eptPointer = VmcsField.EPT_POINTER.encoding();
    assertEquals(12, number(first.checkRead(eptPointer, true)));
    assertEquals(12, number(first.checkWrite(eptPointer, true)));
    assertNull(first.checkRead(VmcsField.GUEST_CR3.encoding(), true));
    // Read-only, but not there: what is unsupported comes first.
    assertEquals(12, number(first.checkWrite(VmcsField.GUEST_PHYSICAL_ADDRESS.encoding(), true)));
    assertThrows(IllegalStateException.class, () -> first.read(vmcs, eptPointer, true));
  }

  @Test
  void noFieldHasTheseEncodings() {
    for (long encoding : new long[] {0x6801, 0x0801, 0x4001, 0x1000, 0x8000, 0x0C0E, 0x2036}) {
      assertEquals(12, number(access.checkRead(encoding, true)), Long.toHexString(encoding));
    }
  }

  @Test
  void bitsAbove31OfTheEncodingCountIn64BitModeOnly() {
    long encoding = (1L << 32) | VmcsField.GUEST_RIP.encoding();
    assertEquals(12, number(access.checkRead(encoding, true)));
    assertEquals(12, number(access.checkWrite(encoding, true)));
    assertNull(access.checkRead(encoding, false));
  }

  @Test
  void exitInformationIsReadOnlyUnlessMiscBit29() {
    long exitReason = VmcsField.EXIT_REASON.encoding();
    assertNull(access.checkRead(exitReason, true));
    assertEquals(13, number(access.checkWrite(exitReason, true)));
    assertEquals(13, number(access.checkWrite(VmcsField.VM_INSTRUCTION_ERROR.encoding(), true)));

    Map<Integer, Long> msrs = TestCapabilities.msrs();
    msrs.put(0x485, TestCapabilities.MISC | (1L << 29));
    VmcsAccess writesAll = new VmcsAccess(new VmxCapabilities(msrs));
    assertNull(writesAll.checkWrite(exitReason, true));
  }

  private static int number(@org.jspecify.annotations.Nullable VmInstructionError error) {
    return error == null ? 0 : error.number();
  }
}
