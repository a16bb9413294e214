package io.vmxsim.cli;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.Architectures;
import java.util.ArrayList;
import java.util.List;

/**
 * Who may import whom, as docs/ARCHITECTURE.md draws it: a module imports only from the left of it.
 * Maven keeps this between modules; here it is a rule over packages. {@code bench} is not on this
 * class path, so that it stays out of the program is true by construction.
 */
@AnalyzeClasses(packages = "io.vmxsim", importOptions = DoNotIncludeTests.class)
class LayerTest {
  private static final List<String> LEFT_TO_RIGHT =
      List.of("vmcs", "ept", "cpu", "vmm", "guests", "traces", "validation", "cli");

  @ArchTest static final ArchRule aModuleImportsOnlyFromItsLeft = layers();

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("io.vmxsim.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nothingReadsTheWallClockOrADefaultRandomSource =
      ArchRuleDefinition.noClasses()
          .that()
          .resideOutsideOfPackage("io.vmxsim.cli..")
          .should()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(Math.class, "random")
          .orShould()
          .callConstructor(java.util.Random.class)
          .orShould()
          .callMethod(java.time.Instant.class, "now");

  @ArchTest
  static final ArchRule onlyTheProgramPrintsAndExits =
      ArchRuleDefinition.noClasses()
          .that()
          .resideOutsideOfPackage("io.vmxsim.cli..")
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err")
          .orShould()
          .callMethod(System.class, "exit", int.class);

  private static ArchRule layers() {
    Architectures.LayeredArchitecture architecture =
        Architectures.layeredArchitecture().consideringOnlyDependenciesInLayers();
    for (String module : LEFT_TO_RIGHT) {
      architecture = architecture.optionalLayer(module).definedBy("io.vmxsim." + module + "..");
    }
    for (String module : LEFT_TO_RIGHT) {
      List<String> right =
          new ArrayList<>(
              LEFT_TO_RIGHT.subList(LEFT_TO_RIGHT.indexOf(module) + 1, LEFT_TO_RIGHT.size()));
      architecture =
          right.isEmpty()
              ? architecture.whereLayer(module).mayNotBeAccessedByAnyLayer()
              : architecture
                  .whereLayer(module)
                  .mayOnlyBeAccessedByLayers(right.toArray(String[]::new));
    }
    return architecture;
  }
}
