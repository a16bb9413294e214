package io.vmxsim.vmcs.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.VmcsField;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class FieldDecoderTest {

  @Test
  void namesTheBitsThatAreOne() {
    assertEquals(
        "PE, MP, ET, NE, WP, AM, PG", FieldDecoder.decode(VmcsField.GUEST_CR0, 0x8005_0033L));
    assertEquals("SCE, LME, LMA, NXE", FieldDecoder.decode(VmcsField.GUEST_IA32_EFER, 0xD01));
    assertEquals(
        "LOAD_DEBUG_CONTROLS, IA_32E_MODE_GUEST",
        FieldDecoder.decode(VmcsField.VM_ENTRY_CONTROLS, 0x204));
  }

  @Test
  void numbersTheBitsThatHaveNoName() {
    assertEquals("PE, bit 6", FieldDecoder.decode(VmcsField.GUEST_CR0, 0x41));
  }

  @Test
  void saysWhatSegmentItIs() {
    assertEquals(
        "type=execute/read code accessed, S=code or data, P, L, G",
        FieldDecoder.decode(VmcsField.GUEST_CS_ACCESS_RIGHTS, 0xA09B).replace(", DPL=0", ""));
    assertTrue(
        FieldDecoder.decode(VmcsField.GUEST_TR_ACCESS_RIGHTS, 0x8B).startsWith("type=busy TSS"));
  }

  @Test
  void saysWhatEventItIs() {
    assertEquals(
        "vector=0xd1, type=external interrupt, valid",
        FieldDecoder.decode(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_00D1L));
    assertEquals(
        "not valid", FieldDecoder.decode(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0xD1));
  }

  @Test
  void saysMemoryTypesAndActivity() {
    assertTrue(
        FieldDecoder.decode(VmcsField.GUEST_IA32_PAT, 0x0407_0506_0007_0106L)
            .startsWith("PA0=WB, PA1=WC, PA2=UC-, PA3=UC"));
    assertEquals("state=HLT", FieldDecoder.decode(VmcsField.GUEST_ACTIVITY_STATE, 1));
  }

  @Property
  void everyValueOfEveryFieldHasWords(@ForAll long value) {
    for (VmcsField field : VmcsField.values()) {
      FieldDecoder.decode(field, value & field.width().mask());
    }
  }

  @Test
  void partsOfALayoutDoNotOverlap() {
    for (VmcsField field : VmcsField.values()) {
      BitLayout layout = FieldDecoder.layout(field, 0);
      long seen = 0;
      for (BitLayout.Part part : layout == null ? BitLayout.of("none:0").parts() : layout.parts()) {
        assertEquals(0, seen & part.mask(), field + " " + part);
        seen |= part.mask();
      }
    }
  }

  @Test
  void aFieldIsFoundByNameAndByEncoding() {
    String byName = FieldText.of("guest_rflags");

    assertEquals(byName, FieldText.of("6820"));
    assertEquals(byName, FieldText.of("0x6820"));
    assertTrue(byName.contains("guest-rflags-if"), byName);
    assertThrows(InputException.class, () -> FieldText.of("GUEST_RFLAG5"));
    assertThrows(InputException.class, () -> FieldText.of("GUEST_CS_SELECTOR=10000"));
  }
}
