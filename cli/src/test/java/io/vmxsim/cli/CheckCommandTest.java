package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.doctor.Diagnosis;
import io.vmxsim.vmcs.doctor.Finding;
import io.vmxsim.vmcs.doctor.Remedy;
import io.vmxsim.vmcs.doctor.VmcsDump;
import io.vmxsim.vmcs.doctor.VmcsDumps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Dumps that re-create failures people reported in public, each on a processor of the time. They
 * are written by hand from what the reports say; docs/doctor.md tells which causes the reports
 * confirm and which are assumed.
 */
class CheckCommandTest {
  private static final Path DUMPS = Path.of("src/test/resources/io/vmxsim/cli/dumps");
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource({
    "edk2-91.txt,          haswell,         guest-rflags-if",
    "lkml-smi-in-sti-shadow.txt, icelake-sp, sti-needs-if",
    "linux-c5bad4fa2d5d.txt, sapphire-rapids, pending-debug-bs-1",
    "linux-48005f64d0ea.txt, ivybridge,      sti-excludes-mov-ss",
    "linux-8cb5b0333250.txt, nehalem,        guest-cs-base-v86",
    "xen-devel-2009-04.txt, nehalem,         guest-cs-base-v86",
    "xsa-170.txt,          haswell,         guest-rip-linear",
    "drakvuf-388.txt,      skylake-sp,      guest-cr3-width",
    "km-448.txt,           skylake-sp,      guest-cs-base-high",
    "haxm-193.txt,         ivybridge,       pending-debug-bs-1",
    "haxm-233.txt,         skylake-sp,      sti-needs-if",
    "hyperdbg-177.txt,     icelake-sp,      guest-ds-rights-reserved",
    "hyperkit-239.txt,     skylake-sp,      ia32e-guest-needs-pg",
    "vmcs-auditor-1.txt,   ivybridge,       secondary-controls-must-be-0",
    "hyperbone-14.txt,     skylake-sp,      eptp-walk-length",
    "hv-62.txt,            ivybridge,       host-fs-rpl-ti",
    "bareflank-944.txt,    icelake-sp,      guest-cr0-fixed-1",
    "hyperplatform-40.txt, haswell,         guest-cr4-fixed-1",
    "illumos-kvm-7.txt,    nehalem,         guest-ds-limit-v86",
    "bochs-10.txt,         sapphire-rapids, smi-blocking-in-smm",
    "noah-97.json,         haswell,         guest-cr3-width",
  })
  void namesTheCauseFirst(String file, String cpu, String cause) throws IOException {
    Invocation check = json(DUMPS.resolve(file), cpu);

    JsonNode dump = JSON.readTree(check.out()).path("dumps").path(0);
    assertEquals(cause, dump.path("broken").path(0).path("rule").asText(), check.out());
    assertEquals(0, dump.path("brokenButPassed").size(), check.out());
    assertEquals(0, dump.path("unread").size(), check.out());
    assertTrue(dump.path("broken").path(0).path("agreesWithReport").asBoolean(), check.out());
    assertTrue(dump.path("broken").path(0).path("changes").size() > 0, check.out());
    assertEquals(Set.of(), schema().validate(JSON.readTree(check.out())));
  }

  private static Invocation json(Path file, String cpu) {
    Invocation check = Invocation.of("check", file.toString(), "--cpu", cpu, "--output", "json");
    assertEquals(0, check.exitCode(), check.err());
    return check;
  }

  private static JsonSchema schema() throws IOException {
    return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
        .getSchema(Files.readString(Path.of("../docs/check.schema.json")));
  }

  @Test
  void jsonOfACutDumpKeepsToTheSchemaToo(@TempDir Path folder) throws IOException {
    String whole = Files.readString(DUMPS.resolve("edk2-91.txt"));
    String cut = whole.substring(0, whole.indexOf("EFER =")).replace("CR3 = 0x0000", "CR3 = 0x");
    Path file = Files.writeString(folder.resolve("log.txt"), cut);

    JsonNode json = JSON.readTree(json(file, "nehalem").out());

    assertEquals(Set.of(), schema().validate(json));
    JsonNode dump = json.path("dumps").path(0);
    assertEquals(1, dump.path("unread").size());
    assertTrue(dump.path("missing").size() > 20);
    assertTrue(dump.path("reported").isMissingNode());
  }

  @Test
  void theSchemaRefusesAFindingWithoutItsPlaceInTheSdm() throws IOException {
    String json = json(DUMPS.resolve("edk2-91.txt"), "haswell").out();

    Set<ValidationMessage> violations =
        schema().validate(JSON.readTree(json.replace("\"section\" :", "\"chapter\" :")));

    assertFalse(violations.isEmpty());
  }

  @Test
  void theTextHasAllThatAReaderNeeds() {
    String text =
        Invocation.of("check", DUMPS.resolve("edk2-91.txt").toString(), "--cpu", "haswell").out();

    for (String words :
        new String[] {
          "hardware reported: exit reason 33",
          "26.3.1.4 “Checks on Guest RIP and RFLAGS”",
          "RFLAGS.IF must be 1 if an external interrupt is injected.",
          "vector=0xd1, type=external interrupt, valid",
          "IF=0",
          "set IF in GUEST_RFLAGS",
          "clear valid in VM_ENTRY_INTERRUPTION_INFORMATION",
          "31 cannot be told",
        }) {
      assertTrue(text.contains(words), text);
    }
  }

  @Test
  void allListsWhatCannotBeToldAndForWantOfWhat() {
    String text = Invocation.of("check", DUMPS.resolve("edk2-91.txt").toString(), "--all").out();

    assertTrue(text.lines().anyMatch(l -> l.matches(" +link-pointer-aligned +VMCS_LINK_POINTER")));
  }

  @Test
  void anotherProcessorThanTheFailuresIsToldSo() {
    String path = DUMPS.resolve("edk2-91.txt").toString();

    String text = Invocation.of("check", path, "--cpu", "nehalem").out();

    assertTrue(text.contains("it was no nehalem"), text);
    assertTrue(text.indexOf("guest-rflags-if") < text.indexOf("it was no nehalem"), text);
  }

  @Test
  void whereNothingReadExplainsTheReportItSaysWhatCouldNotBeAsked(@TempDir Path folder)
      throws IOException {
    String healthy =
        Files.readString(DUMPS.resolve("bochs-10.txt"))
            .replace("Interruptibility = 00000004", "Interruptibility = 00000000");
    Path file = Files.writeString(folder.resolve("log.txt"), healthy);

    String text = Invocation.of("check", file.toString()).out();

    assertTrue(text.contains("No rule is known to be broken."), text);
    assertTrue(text.contains("link-pointer-aligned"), text);
  }

  @Test
  void aFileWithoutADumpIsOneLine(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("log.txt"), "all is well\n");

    Invocation.of("check", file.toString()).assertFails(2, "log.txt", "Guest State");
    Invocation.of("check", folder.resolve("none").toString()).assertFails(2, "none");
    Invocation.of("check").assertFails(2, "FILE");
  }

  @Test
  void explainsARule() {
    String text = Invocation.of("check", "--explain", "guest-rflags-if").out();

    assertTrue(text.contains("GUEST_RFLAGS (6820H)"), text);
    Invocation.of("check", "--explain", "rflags").assertFails(2, "guest-rflags-vm");
  }

  @Test
  void showsFieldsAndDecodesValues() {
    assertEquals(VmcsField.COUNT, Invocation.of("fields").out().lines().count());
    String decoded = Invocation.of("fields", "GUEST_RFLAGS=0x202").out();
    assertEquals("GUEST_RFLAGS = 0x0000000000000202  fixed 1, IF\n", decoded);
    Invocation.of("fields", "GUEST_RFLAX").assertFails(2, "GUEST_RFLAX");
  }

  @Test
  void showsCapabilities() {
    String text = Invocation.of("caps", "--cpu", "haswell").out();

    assertTrue(text.contains("CR0 must have 1 in PE, NE, PG"), text);
    assertTrue(text.lines().anyMatch(l -> l.contains("must be 0") && l.contains("ENABLE_PML")));
    Invocation.of("caps").assertFails(2, "--cpu");
  }

  @Property(tries = 300)
  void aRemedyMendsWhatItSaysItMends(@ForAll long seed) {
    Random random = new Random(seed);
    CpuProfile cpu = CpuProfile.named("skylake-sp");
    VmcsDump healthy = VmcsDumps.read(DUMPS.resolve("km-448.txt")).get(0);
    Vmcs vmcs = healthy.vmcs().copy();
    List<VmcsField> known = List.copyOf(healthy.known());
    for (int i = 0; i < 3; i++) {
      VmcsField field = known.get(random.nextInt(known.size()));
      vmcs.set(field, vmcs.get(field) ^ 1L << random.nextInt(field.width().bits()));
    }
    for (Finding finding : diagnosis(healthy, vmcs, cpu).findings()) {
      for (Remedy remedy : finding.remedies()) {
        Vmcs changed = vmcs.copy();
        changed.set(remedy.field(), remedy.after());
        Diagnosis after = diagnosis(healthy, changed, cpu);
        assertEquals(0, after.rank(finding.rule().id()), remedy::words);
        remedy.mends().forEach(rule -> assertEquals(0, after.rank(rule.id()), remedy::words));
        remedy.breaks().forEach(rule -> assertTrue(after.rank(rule.id()) > 0, remedy::words));
      }
    }
  }

  private static Diagnosis diagnosis(VmcsDump like, Vmcs vmcs, CpuProfile cpu) {
    VmcsDump dump =
        new VmcsDump(
            like.source(),
            like.line(),
            like.form(),
            like.title(),
            vmcs,
            like.known(),
            null,
            like.entryMsrs(),
            like.unread(),
            like.absent());
    return Diagnosis.of(dump, cpu.name(), cpu.vmxCapabilities(), cpu.cpuFacts());
  }
}
