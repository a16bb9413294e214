package io.vmxsim.validation.suite;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.validation.suite.SuiteResult.Outcome;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs one test on a machine of its own. */
public final class SuiteRun {
  private final SuiteTest test;
  private final ByteArrayOutputStream serial = new ByteArrayOutputStream();

  private SuiteRun(SuiteTest test) {
    this.test = test;
  }

  /**
   * Runs a test.
   *
   * @param log takes all that the guest said
   */
  public static SuiteResult of(SuiteTest test, SuiteOptions options, Log log) {
    SuiteRun run = new SuiteRun(test);
    SuiteResult result = run.run(options);
    log.take(test, run.said());
    return result;
  }

  /** Takes what a guest said. */
  public interface Log {
    /** Takes all of it at the end of the run. */
    void take(SuiteTest test, String said);
  }

  private String said() {
    return serial.toString(StandardCharsets.ISO_8859_1);
  }

  private SuiteResult run(SuiteOptions options) {
    Path image = options.folder().resolve(test.file());
    if (!Files.exists(image)) {
      return result(Outcome.SKIP, 0, 0, "no image " + test.file());
    }
    Machine machine =
        new Machine(
            CpuProfile.of(test.cpu()),
            test.memoryBytes(),
            test.processors(),
            serial::write,
            options.platform().get());
    try {
      byte[] bytes = Files.readAllBytes(image);
      ImageLoader.load(
          new BootRequest(test.file(), bytes, test.arguments(), modules(options)), machine);
      return ended(machine, machine.run(options.limit()));
    } catch (NotModelledException | InputException stop) {
      return result(Outcome.ABORT, 0, machine.instructions(), String.valueOf(stop.getMessage()));
    } catch (IOException failure) {
      throw InputException.of(image, "expected a readable image", failure);
    }
  }

  /** The environment is the only file that kvm-unit-tests look for. */
  private static List<BootRequest.Module> modules(SuiteOptions options) {
    if (options.environment().isEmpty()) {
      return List.of();
    }
    String text = String.join("\n", options.environment());
    return List.of(new BootRequest.Module("environment", text.getBytes(StandardCharsets.UTF_8)));
  }

  private SuiteResult ended(Machine machine, MachineEnd end) {
    long instructions = machine.instructions();
    Processor processor = machine.processor(end.processor());
    return switch (end.cause()) {
      case GUEST -> told(end.exitCode(), instructions);
      case LIMIT -> result(Outcome.ABORT, 0, instructions, "instruction limit at " + processor);
      case VMX_ABORT -> result(Outcome.ABORT, 0, instructions, "VMX abort at " + processor);
      case TRIPLE_FAULT -> result(Outcome.ABORT, 0, instructions, "triple fault at " + processor);
      case HALTED -> result(Outcome.ABORT, 0, instructions, "halted for good at " + processor);
      case RESET -> result(Outcome.ABORT, 0, instructions, "reset by the guest");
      case INTERRUPTED -> result(Outcome.ABORT, 0, instructions, "interrupted");
    };
  }

  /** The guest ended by itself, and its exit code says how. */
  private SuiteResult told(int exitCode, long instructions) {
    Outcome outcome =
        switch (exitCode) {
          case SuiteResult.PASSED -> Outcome.PASS;
          case SuiteResult.SKIPPED -> Outcome.SKIP;
          case SuiteResult.ABORTED -> Outcome.ABORT;
          default -> count("FAIL:") == 0 && count("XPASS:") > 0 ? Outcome.XPASS : Outcome.FAIL;
        };
    String reason = outcome == Outcome.PASS ? "" : firstLine(outcome);
    return result(outcome, exitCode, instructions, reason);
  }

  /** The first line that says what the outcome says, or else the last one. */
  private String firstLine(Outcome outcome) {
    String prefix = outcome + ":";
    List<String> lines = said().lines().filter(line -> !line.isBlank()).toList();
    String last = lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    return lines.stream().filter(line -> line.startsWith(prefix)).findFirst().orElse(last);
  }

  private SuiteResult result(Outcome outcome, int exitCode, long instructions, String reason) {
    return new SuiteResult(
        test.name(),
        outcome,
        exitCode,
        count("PASS:"),
        count("FAIL:"),
        count("SKIP:"),
        count("XPASS:"),
        instructions,
        reason);
  }

  private int count(String prefix) {
    return (int) said().lines().filter(line -> line.startsWith(prefix)).count();
  }
}
