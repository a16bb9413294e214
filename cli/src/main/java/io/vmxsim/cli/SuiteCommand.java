package io.vmxsim.cli;

import io.vmxsim.validation.suite.SuiteConfiguration;
import io.vmxsim.validation.suite.SuiteOptions;
import io.vmxsim.validation.suite.SuiteReport;
import io.vmxsim.validation.suite.SuiteResult;
import io.vmxsim.validation.suite.SuiteResult.Outcome;
import io.vmxsim.validation.suite.SuiteRun;
import io.vmxsim.validation.suite.SuiteTest;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs test kernels as their configuration file says. */
@Command(
    name = "suite",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    description = {
      "Runs the images of kvm-unit-tests on the bare machine or, with --paging, as guests of the"
          + " VMM, each with the processors, memory, CPU features and arguments that unittests.cfg"
          + " gives it, and counts what they say.",
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:nothing failed", "1:something failed or was stopped"})
final class SuiteCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "DIR",
      description = "The folder of the images and of unittests.cfg.")
  private Path folder = Path.of("");

  @Parameters(
      index = "1..*",
      paramLabel = "NAME",
      description = "Tests or groups; all but group nodefault by default.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--max-instructions",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "Stop a test after N instructions; 2G by default.")
  private long limit = 2_000_000_000;

  @Option(
      names = "--env",
      paramLabel = "KEY=VALUE",
      description =
          "An environment variable of the kernels, such as TEST_DEVICE=0, which leaves out what"
              + " needs KVM's hypercalls. Repeatable.")
  private List<String> environment = new ArrayList<>();

  @Mixin private PagingOptions paging;

  @Option(
      names = "--logs",
      paramLabel = "DIR",
      description = "Write what each guest says to NAME.log there.")
  private @Nullable Path logs;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = Choice.OfOutput.class,
      completionCandidates = Choice.OfOutput.class,
      description = "One of ${COMPLETION-CANDIDATES}.")
  private Output output = Output.TEXT;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    List<SuiteTest> tests = SuiteTest.select(SuiteConfiguration.read(folder), names);
    SuiteOptions options = new SuiteOptions(folder, limit, environment, paging::platform);
    List<SuiteResult> results = new ArrayList<>();
    boolean text = output == Output.TEXT;
    print(text ? SuiteReport.head(tests) : "");
    for (SuiteTest test : tests) {
      SuiteResult result = SuiteRun.of(test, options, this::log);
      results.add(result);
      print(text ? SuiteReport.row(tests, result) : "");
    }
    print(text ? SuiteReport.summary(results) : SuiteReport.json(results));
    boolean broken =
        results.stream()
            .map(SuiteResult::outcome)
            .anyMatch(outcome -> outcome == Outcome.FAIL || outcome == Outcome.ABORT);
    return broken ? ExitCode.BROKEN : ExitCode.FINE;
  }

  /** Rows appear as their tests end. */
  private void print(String text) {
    spec.commandLine().getOut().print(text);
    spec.commandLine().getOut().flush();
  }

  private void log(SuiteTest test, String said) {
    if (logs == null) {
      return;
    }
    Path file = logs.resolve(test.name() + ".log");
    try {
      Files.createDirectories(logs);
      Files.writeString(file, said, StandardCharsets.ISO_8859_1);
    } catch (IOException failure) {
      throw InputException.of(file, "expected to write it", failure);
    }
  }
}
