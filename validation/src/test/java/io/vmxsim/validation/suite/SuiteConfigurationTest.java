package io.vmxsim.validation.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.vmcs.InputException;
import java.util.List;
import org.junit.jupiter.api.Test;

class SuiteConfigurationTest {
  private static List<SuiteTest> parse(String text) {
    return SuiteConfiguration.parse("unittests.cfg", text.lines().toList());
  }

  @Test
  void aSectionIsATest() {
    List<SuiteTest> tests =
        parse(
            """
            # a comment
            [apic]
            file = apic.flat
            smp = 2
            test_args = "one two"
            qemu_params = -cpu qemu64,-x2apic,+tsc-deadline -m 2g
            arch = x86_64
            groups = apic smp

            [plain]
            file = plain.flat
            """);
    assertEquals(
        List.of(
            new SuiteTest(
                "apic",
                "apic.flat",
                2,
                2L << 30,
                "one two",
                "max,-x2apic,+tsc-deadline",
                "x86_64",
                List.of("apic", "smp"),
                List.of()),
            new SuiteTest(
                "plain", "plain.flat", 1, 128 << 20, "", "max", "", List.of(""), List.of())),
        tests);
  }

  @Test
  void coresThatHaveAProfileAreThatProfile() {
    assertEquals("ivybridge,phys-bits=36", cpu("IvyBridge,phys-bits=36,host-phys-bits=off"));
    assertEquals("skylake-sp", cpu("Skylake-Server"));
    assertEquals("max", cpu("Opteron_G1,vendor=AuthenticAMD"));
    assertEquals(
        "max,-vmx-mode-based-execute-control-for-ept", cpu("max,host-phys-bits,-vmx-mbec"));
  }

  @Test
  void askingForVmxGivesWhatKvmHasToGive() {
    assertEquals("kvm-guest,+vmx", cpu("max,+vmx"));
    assertEquals(
        "kvm-guest,+vmx,-vmx-mode-based-execute-control-for-ept",
        cpu("max,host-phys-bits,+vmx,-vmx-mbec"));
  }

  private static String cpu(String qemu) {
    return parse("[t]\nfile = t.flat\nqemu_params = -cpu " + qemu).get(0).cpu();
  }

  @Test
  void whatHasNoMeaningHereIsNoted() {
    SuiteTest test =
        parse("[t]\nfile = t.flat\nqemu_params = -cpu max,+svm -device edu -m 2560").get(0);
    assertEquals(List.of("+svm", "-device", "edu"), test.ignored());
    assertEquals(2560L << 20, test.memoryBytes());
  }

  @Test
  void aLineThatCannotBeReadIsNamed() {
    for (String text : new String[] {"[a]\nfile = f\nnonsense", "[a]\nsmp = 1\n", "x = 1"}) {
      assertThrows(InputException.class, () -> parse(text));
    }
    assertThrows(InputException.class, () -> parse("[a]\nfile = f\nsmp = many"));
    assertThrows(InputException.class, () -> parse("[a]\nfile = f\nqemu_params = -m lots"));
  }

  @Test
  void testsAreChosenByNameAndGroup() {
    List<SuiteTest> tests =
        parse("[a]\nfile=f\ngroups=g\n[b]\nfile=f\ngroups=g nodefault\n[c]\nfile=f");
    assertEquals(List.of("a", "c"), names(SuiteTest.select(tests, List.of())));
    assertEquals(List.of("a", "b"), names(SuiteTest.select(tests, List.of("g"))));
    assertEquals(List.of("c"), names(SuiteTest.select(tests, List.of("c"))));
    assertThrows(InputException.class, () -> SuiteTest.select(tests, List.of("d")));
  }

  private static List<String> names(List<SuiteTest> tests) {
    return tests.stream().map(SuiteTest::name).toList();
  }
}
