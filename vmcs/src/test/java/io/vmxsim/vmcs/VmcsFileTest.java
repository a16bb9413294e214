package io.vmxsim.vmcs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class VmcsFileTest {

  @TempDir Path folder = Path.of("");

  @Property(tries = 300)
  void restoringASavedVmcsGivesItBackAndSavingThatTheSameText(
      @ForAll @Size(205) long[] values, @ForAll boolean shadow, @ForAll boolean launched)
      throws IOException {
    Vmcs vmcs = RandomVmcs.of(values, shadow, launched);
    String text = VmcsFile.toJson(vmcs);
    Vmcs restored = restore(text);
    assertEquals(vmcs, restored);
    assertEquals(text, VmcsFile.toJson(restored));
  }

  @Property(tries = 300)
  void aTruncatedFileIsRefusedWithItsPosition(@ForAll @Size(205) long[] values, @ForAll int cut)
      throws IOException {
    String text = VmcsFile.toJson(RandomVmcs.of(values, false, false)).strip();
    String part = text.substring(0, Math.floorMod(cut, text.length()));
    String complaint = refused(part);
    assertTrue(complaint.startsWith("x.json: line "), complaint);
    assertFalse(complaint.contains("\n"), complaint);
  }

  @Test
  void aSavedFileIsReadable() {
    Vmcs vmcs = new Vmcs(0x12);
    vmcs.set(VmcsField.GUEST_CR3, 0x1000);
    vmcs.set(VmcsField.GUEST_CS_SELECTOR, 8);
    vmcs.set(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS, 0x1F);
    vmcs.set(VmcsField.EXIT_REASON, 30);
    vmcs.set(VmcsField.EXIT_QUALIFICATION, 0x0060_0048L);
    vmcs.set(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION, 0x8000_0B0EL);
    List<String> lines = VmcsFile.toJson(vmcs).lines().map(String::strip).toList();
    for (String line :
        List.of(
            "\"revisionIdentifier\" : \"0x12\",",
            "\"launchState\" : \"clear\",",
            "\"GUEST_CR3\" : \"0x0000000000001000\",",
            "\"GUEST_CS_SELECTOR\" : \"0x0008\",",
            "\"PIN_BASED_VM_EXECUTION_CONTROLS\" : \"EXTERNAL_INTERRUPT_EXITING, NMI_EXITING,"
                + " bit 1, bit 2, bit 4\",",
            "\"EXIT_REASON\" : \"IO_INSTRUCTION\",",
            "\"EXIT_QUALIFICATION\" : \"in port 0x60, 1 byte\"",
            "\"VM_EXIT_INTERRUPTION_INFORMATION\" : \"HARDWARE_EXCEPTION, vector 14, with error"
                + " code\",")) {
      assertTrue(lines.contains(line), line + " in " + lines);
    }
  }

  @Test
  void aFileWithFewFieldsHasTheOthersZero() throws IOException {
    Vmcs vmcs = restore(file("\"GUEST_RIP\": \"0xFFF0\""));
    assertEquals(0xFFF0, vmcs.get(VmcsField.GUEST_RIP));
    assertEquals(0, vmcs.get(VmcsField.GUEST_CR3));
    assertEquals(1, vmcs.revisionId());
    assertTrue(vmcs.launched());
  }

  @Test
  void aBadFileIsRefusedWithLineColumnAndWhatWasExpected() {
    assertRefused("line 2, column", "field", "\"GUEST_CR9\": \"0x0\"", "GUEST_CR9");
    assertRefused("line 2, column", "up to ffff", "\"GUEST_CS_SELECTOR\": \"0x10000\"", "ffff");
    assertRefused("line 2, column", "hexadecimal", "\"GUEST_CR3\": 4096", "0x");
    assertRefused(
        "line 2, column", "Duplicate", "\"GUEST_CR3\": \"0x0\", \"GUEST_CR3\": \"0x1\"", "");
  }

  @Test
  void everyMemberIsRequiredAndNoOtherTaken() {
    assertTrue(refused("{}").contains("“format”"));
    assertTrue(refused("[]").contains("an object"));
    assertTrue(refused(file("").replace("launched", "flying")).contains("“clear” or “launched”"));
    assertTrue(refused(file("").replace("\"version\": 1", "\"version\": 2")).contains("version 1"));
    assertTrue(refused(file("").replace("\"0x1\"", "\"0x80000000\"")).contains("7fffffff"));
    assertTrue(refused(file("").replace("shadow", "shade")).contains("“shade”"));
    assertTrue(refused(file("") + "{}").contains("nothing after"));
  }

  @Test
  void savingReplacesTheFileAndLeavesNoOther() throws IOException {
    Path file = folder.resolve("a.vmcs.json");
    Vmcs vmcs = new Vmcs(3);
    VmcsFile.save(vmcs, file);
    vmcs.set(VmcsField.HOST_RSP, 0x7000);
    VmcsFile.save(vmcs, file);
    byte[] saved = Files.readAllBytes(file);
    Vmcs restored = VmcsFile.restore(file);
    assertEquals(vmcs, restored);
    VmcsFile.save(restored, file);
    assertArrayEquals(saved, Files.readAllBytes(file));
    try (var files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void filesThatCannotBeUsedAreNamed() throws IOException {
    Path missing = folder.resolve("none").resolve("a.json");
    assertTrue(
        message(() -> VmcsFile.restore(missing))
            .endsWith("cannot be read: no such file or directory"));
    assertTrue(
        message(() -> VmcsFile.save(new Vmcs(0), missing))
            .endsWith("cannot be written: no such file or directory"));
    Path binary = Files.write(folder.resolve("b"), new byte[] {(byte) 0xFF, (byte) 0xFE, 0});
    assertTrue(message(() -> VmcsFile.restore(binary)).contains("UTF-8"));
  }

  private static void assertRefused(String position, String expected, String fields, String also) {
    String complaint = refused(file(fields));
    assertTrue(complaint.contains(position), complaint);
    assertTrue(complaint.contains(expected) && complaint.contains(also), complaint);
  }

  private static String file(String fields) {
    return """
    {"format": "vmxsim-vmcs", "version": 1, "revisionIdentifier": "0x1", "shadow": false,
     "launchState": "launched", "fields": {%s}}\
    """
        .formatted(fields);
  }

  private static Vmcs restore(String text) throws IOException {
    return VmcsFileReader.read("x.json", new StringReader(text));
  }

  private static String refused(String text) {
    return message(() -> restore(text));
  }

  private static String message(Executable action) {
    return String.valueOf(assertThrows(InputException.class, action).getMessage());
  }
}
