package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProfileReaderTest {
  private static final String HEAD =
      """
      name = mine
      title = A test
      based-on = haswell
      [sources]
      paper = A paper
      """;

  @TempDir Path folder = Path.of("");

  @Test
  void aProfileOfOneLineTakesTheRestFromItsBase() throws IOException {
    CpuProfile mine = profile("[costs]\nvmread = 99 cycles | measured | @paper, table 2\n");
    assertEquals("mine", mine.name());
    assertEquals(99, mine.costs().of(Cost.VMREAD));
    assertEquals(19, mine.costs().of(Cost.VMWRITE));
    ProfileEntry entry = Objects.requireNonNull(mine.entries().get("vmread"));
    assertEquals("A paper, table 2", entry.source());
    assertTrue(entry.origin().endsWith("mine.profile:7"), entry.origin());
    assertEquals(ProfileStatus.MEASURED, entry.status());
  }

  @Test
  void commentsBlankLinesAndSpacesDoNotMatter() throws IOException {
    CpuProfile mine =
        profile("\n  # a comment\n[costs]\n\n   vmread   =   99   cycles|measured|a paper  \n");
    assertEquals(99, mine.costs().of(Cost.VMREAD));
  }

  /** Line 6 opens the section; the bad line is line 7. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "costs; vmread; expected '[section]' or 'key = value', not 'vmread'",
        "costs; vmraed = 5 cycles | assumed | x; did you mean vmread",
        "costs; vmread = 5 cycles; expected 'vmread = value cycles | status | source'",
        "costs; vmread = 5 cycles | assumed; expected 'vmread = value cycles | status | source'",
        "costs; vmread = 5 | assumed | x; expected the unit 'cycles'",
        "costs; vmread = 5 ns | assumed | x; expected the unit 'cycles'",
        "costs; vmread = -5 cycles | assumed | x; expected a whole number",
        "costs; vmread = 1e3 cycles | assumed | x; expected a whole number",
        "costs; vmread = 1000000000 cycles | assumed | x; expected a whole number from 0 to 999999999",
        "costs; vmread = 5 cycles | guessed | x; expected the status measured, published or assumed",
        "costs; vmread = 5 cycles | set by user | x; expected the status measured, published or assumed",
        "costs; vmread = 5 cycles | assumed |; expected a source after the status",
        "costs; vmread = 5 cycles | assumed | @book; expected a line 'book = …' in [sources]",
        "costs; vm-exit.NOTHING = 5 cycles | assumed | x; expected a key of [costs], not 'vm-exit.NOTHING'",
        "geometry; STLB.size = 5 entries | assumed | x; expected a key of [geometry], not 'STLB.size'",
        "geometry; STLB.pages = 4K 8K pages | assumed | x; some of: 4K 2M 1G",
        "geometry; STLB.serves = everything serves | assumed | x; some of: load store fetch",
        "vmx; IA32_VMX_BASIS = 0x0000000000000000 msr | assumed | x; did you mean IA32_VMX_BASIC",
        "vmx; IA32_VMX_BASIC = 0x12 msr | assumed | x; expected 0x and 16 hexadecimal digits",
        "cpuid; 1 = 0x00000000 0x00000000 0x00000000 0x00000000 registers | assumed | x; expected a key of [cpuid], not '1'",
        "cpuid; 0x1 = 0x00000000 0x00000000 0x00000000 registers | assumed | x; expected four registers",
        "prices; x = 1; expected one of [sources] [cpuid] [vmx] [geometry] [costs]"
      })
  void aBadLineIsNamedWithWhatWasExpected(String section, String line, String expected) {
    InputException e =
        assertThrows(InputException.class, () -> profile("[" + section + "]\n" + line + "\n"));
    int number = section.equals("prices") ? 6 : 7;
    assertTrue(message(e).contains("mine.profile: line " + number + ": "), message(e));
    assertTrue(message(e).contains(expected), message(e));
  }

  @Test
  void aSecondValueForAKeyIsNamedWithTheFirst() {
    String twice = "vmread = 5 cycles | assumed | x\n";
    InputException e =
        assertThrows(InputException.class, () -> profile("[costs]\n" + twice + twice));
    assertTrue(message(e).contains("line 8: expected each key once"), message(e));
    assertTrue(message(e).contains("mine.profile:7"), message(e));
  }

  @Test
  void aMissingKeyIsNamed() {
    InputException e =
        assertThrows(InputException.class, () -> read("name = mine\ntitle = Nothing\n"));
    assertTrue(message(e).contains("expected a key 'guest.pml5e' in [geometry]"), message(e));
  }

  @ParameterizedTest
  @CsvSource({
    "title = x, expected a line 'name",
    "name = mine, expected a line 'title",
    "name = Not A Name, expected name in lower-case",
    "vendor = x, 'expected name, title or based-on'",
    "[costs], expected a line 'name"
  })
  void theLinesBeforeTheFirstSectionAreChecked(String text, String expected) {
    InputException e = assertThrows(InputException.class, () -> read(text + "\n"));
    assertTrue(message(e).contains(expected), message(e));
  }

  @Test
  void anUnknownBaseListsThoseThereAre() {
    InputException e =
        assertThrows(InputException.class, () -> read("name = a\ntitle = b\nbased-on = pentium\n"));
    assertTrue(message(e).contains("sapphire-rapids"), message(e));
  }

  @Test
  void capabilitiesThatNoProcessorCouldReportAreRefused() {
    InputException e =
        assertThrows(
            InputException.class,
            () ->
                profile("[vmx]\nIA32_VMX_PINBASED_CTLS = 0x0000000000000016 msr | assumed | x\n"));
    assertTrue(
        message(e).contains("expected possible [vmx] values: VMX capability MSR 481H"), message(e));
  }

  @Test
  void aFileThatIsNotUtf8IsRefused() throws IOException {
    Path file = folder.resolve("bad.profile");
    Files.write(file, new byte[] {(byte) 0xC3, (byte) 0x28});
    InputException e = assertThrows(InputException.class, () -> CpuProfile.read(file));
    assertTrue(message(e).contains("expected a readable profile in UTF-8"), message(e));
  }

  @Property
  void anyPriceReadsBackAsWritten(@ForAll @IntRange(max = 999_999_999) int price) {
    ProfileReader.Text text =
        ProfileReader.read(
            "p",
            List.of(
                "name = p", "title = t", "[costs]", "vmread = " + price + " cycles | assumed | x"));
    ProfileEntry entry = text.entries().get("vmread");
    assertTrue(entry != null && entry.value().equals(Integer.toString(price)));
  }

  @Property
  void anyTextIsReadOrRefusedWithItsLine(@ForAll @StringLength(max = 60) String line) {
    try {
      ProfileReader.Text text =
          ProfileReader.read("p", List.of("name = p", "title = t", "[costs]", line));
      assertTrue(text.entries().size() <= 1);
    } catch (InputException refused) {
      assertTrue(message(refused).startsWith("p: line 4: expected"), message(refused));
    }
  }

  private CpuProfile profile(String rest) throws IOException {
    return read(HEAD + rest);
  }

  private CpuProfile read(String text) throws IOException {
    Path file = folder.resolve("mine.profile");
    Files.writeString(file, text);
    return CpuProfile.read(file);
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }
}
