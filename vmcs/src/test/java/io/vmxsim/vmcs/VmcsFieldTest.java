package io.vmxsim.vmcs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.vmcs.VmcsField.Width;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class VmcsFieldTest {

  private static final Map<String, String> NAMED_SO_IN_2016 =
      Map.of(
          "PRIMARY_VM_EXIT_CONTROLS", "VM_EXIT_CONTROLS",
          "INJECTED_EVENT_IDENTIFICATION", "VM_ENTRY_INTERRUPTION_INFORMATION",
          "INJECTED_EVENT_ERROR_CODE", "VM_ENTRY_EXCEPTION_ERROR_CODE",
          "EXITING_EVENT_IDENTIFICATION", "VM_EXIT_INTERRUPTION_INFORMATION",
          "EXITING_EVENT_ERROR_CODE", "VM_EXIT_INTERRUPTION_ERROR_CODE",
          "ORIGINAL_EVENT_IDENTIFICATION", "IDT_VECTORING_INFORMATION",
          "ORIGINAL_EVENT_ERROR_CODE", "IDT_VECTORING_ERROR_CODE");

  @Test
  void everyRowIsTheSdmsRowInItsOrder() throws IOException {
    List<String> ours = new ArrayList<>();
    for (VmcsField field : VmcsField.values()) {
      ours.add("%08X %s".formatted(field.encoding(), field));
    }
    List<String> sdm = new ArrayList<>();
    for (String line : sdmLines()) {
      if (!line.startsWith("B-")) {
        sdm.add(line.substring(0, 9) + constantFor(line.substring(9)));
      }
    }
    assertEquals(String.join("\n", sdm), String.join("\n", ours));
  }

  @Test
  void everyTableHasTheSdmsNumberOfEncodings() throws IOException {
    List<String> ours = new ArrayList<>();
    Width[] widthInTableOrder = {Width.BITS_16, Width.BITS_64, Width.BITS_32, Width.NATURAL};
    for (Width width : widthInTableOrder) {
      for (VmcsField.Type type : VmcsField.Type.values()) {
        long fields =
            Arrays.stream(VmcsField.values())
                .filter(field -> field.width() == width && field.type() == type)
                .count();
        if (fields > 0) {
          ours.add(
              "B-%d %d".formatted(ours.size() + 1, width == Width.BITS_64 ? 2 * fields : fields));
        }
      }
    }
    assertEquals(sdmLines().stream().filter(line -> line.startsWith("B-")).toList(), ours);
    assertEquals(282, ours.stream().mapToInt(VmcsFieldTest::count).sum());
  }

  @Test
  void encodingIsDecodedAsTheSdmStructuresIt() {
    // SDM (June 2016) 24.11.2 “VMREAD, VMWRITE, and Encodings of VMCS Fields”, Table 24-17
    assertEquals(Width.BITS_16, VmcsField.GUEST_CS_SELECTOR.width());
    assertEquals(VmcsField.Type.GUEST_STATE, VmcsField.GUEST_CS_SELECTOR.type());
    assertEquals(1, VmcsField.GUEST_CS_SELECTOR.index());
    assertEquals(Width.NATURAL, VmcsField.EXIT_QUALIFICATION.width());
    assertEquals(VmcsField.Type.READ_ONLY_DATA, VmcsField.EXIT_QUALIFICATION.type());
    assertEquals(VmcsField.Type.HOST_STATE, VmcsField.HOST_RIP.type());
    assertEquals(11, VmcsField.HOST_RIP.index());
    assertEquals(Width.BITS_32, VmcsField.TPR_THRESHOLD.width());
    assertEquals(0x201B, VmcsField.EPT_POINTER.highEncoding());
    assertThrows(IllegalStateException.class, VmcsField.GUEST_CR3::highEncoding);
  }

  @Test
  void bothHalvesOfA64BitFieldReachIt() {
    for (VmcsField field : VmcsField.values()) {
      assertSame(field, VmcsField.ofEncoding(field.encoding()));
      boolean has64 = field.width() == Width.BITS_64;
      assertSame(has64 ? field : null, VmcsField.ofEncoding(field.encoding() | 1));
    }
  }

  @Property
  void onlyTheTablesEncodingsReachAField(@ForAll int encoding) {
    VmcsField field = VmcsField.ofEncoding(encoding);
    if (field != null) {
      assertEquals(field.encoding(), encoding & ~1);
    }
    assertNull(VmcsField.ofEncoding(encoding | (1 << 12)));
    assertNull(VmcsField.ofEncoding(encoding | (1 << 31)));
  }

  private static int count(String tableLine) {
    return Integer.parseInt(tableLine.substring(tableLine.indexOf(' ') + 1));
  }

  private static String constantFor(String sdmName) {
    String name =
        sdmName
            .replaceAll(" \\(.*\\)", "")
            .replace("I/O", "IO")
            .replaceAll("[^A-Za-z0-9]", "_")
            .toUpperCase(Locale.ROOT);
    return NAMED_SO_IN_2016.getOrDefault(name, name);
  }

  private static List<String> sdmLines() throws IOException {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    VmcsFieldTest.class.getResourceAsStream("field-encodings.txt")),
                StandardCharsets.UTF_8))) {
      return reader.lines().filter(line -> !line.startsWith("#")).toList();
    }
  }
}
