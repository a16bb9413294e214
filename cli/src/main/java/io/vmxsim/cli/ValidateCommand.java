package io.vmxsim.cli;

import io.vmxsim.validation.Crossover;
import io.vmxsim.validation.CrossoverChart;
import io.vmxsim.validation.PublishedTable;
import io.vmxsim.validation.Validation;
import io.vmxsim.validation.ValidationJsonReport;
import io.vmxsim.validation.ValidationPage;
import io.vmxsim.validation.ValidationReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Puts published numbers beside the simulator's. */
@Command(
    name = "validate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs published tables through the simulator and prints published numbers beside ours. Exit"
          + " code 1 if an exact row differs or a shape does not hold; docs/validation.md has all"
          + " rows with their sources.",
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:every binding row holds", "1:an exact row differs or a shape does not hold"})
final class ValidateCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "TABLE",
      arity = "0..*",
      completionCandidates = TableChoice.class,
      description = "Any of ${COMPLETION-CANDIDATES}; all by default.")
  private List<String> tables = new ArrayList<>();

  @Option(names = "--strict", description = "Exit code 1 for a predicted row out of its band, too.")
  private boolean strict;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = Choice.OfOutput.class,
      completionCandidates = Choice.OfOutput.class,
      description =
          "One of ${COMPLETION-CANDIDATES}; docs/validation.schema.json describes the JSON.")
  private Output output = Output.TEXT;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Also write the tables with their sources, as docs/validation.md.")
  private @Nullable Path markdown;

  @Option(
      names = "--report",
      paramLabel = "FILE.html",
      description = "Also write a page with the tables and the picture, complete in one file.")
  private @Nullable Path page;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Also draw table C3, where EPT overtakes shadow paging.")
  private @Nullable Path svg;

  @Spec private CommandSpec spec;

  static final class TableChoice extends Choice<PublishedTable> {
    TableChoice() {
      super(PublishedTable.values(), PublishedTable::name);
    }
  }

  @Override
  public Integer call() {
    Validation validation = Validation.of(chosen());
    if (markdown != null) {
      OutputFile.write(markdown, ValidationReport.markdown(validation));
    }
    if (page != null) {
      OutputFile.write(page, ValidationPage.of(validation));
    }
    if (svg != null) {
      OutputFile.write(svg, CrossoverChart.svg(Crossover.sweep()));
    }
    spec.commandLine()
        .getOut()
        .print(
            output == Output.JSON
                ? ValidationJsonReport.of(validation)
                : ValidationReport.text(validation));
    return validation.fails(strict) ? ExitCode.BROKEN : ExitCode.FINE;
  }

  /** Picocli takes a bad value of an optional parameter for a parameter too many. */
  private List<PublishedTable> chosen() {
    if (tables.isEmpty()) {
      return Arrays.asList(PublishedTable.values());
    }
    try {
      return tables.stream().map(new TableChoice()::convert).toList();
    } catch (TypeConversionException e) {
      throw new ParameterException(spec.commandLine(), "TABLE: " + e.getMessage(), e);
    }
  }
}
