package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.vmcs.doctor.Diagnosis;
import io.vmxsim.vmcs.doctor.DiagnosisJson;
import io.vmxsim.vmcs.doctor.DiagnosisText;
import io.vmxsim.vmcs.doctor.RuleText;
import io.vmxsim.vmcs.doctor.VmcsDump;
import io.vmxsim.vmcs.doctor.VmcsDumps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says why a VM entry fails. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Reads the VMCSs in a kernel log (KVM's dump_invalid_vmcs, Xen's VMCS Area) or in a VMCS"
          + " file, and names the rules of VM entry they break: the requirement, the values, what"
          + " hardware would report, and the smallest change that helps. The likely cause comes"
          + " first; docs/doctor.md has an example.",
    })
final class CheckCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Logs or VMCS files; - is a log on standard input.")
  private List<String> files = new ArrayList<>();

  @Option(
      names = "--cpu",
      paramLabel = "NAME|FILE",
      description =
          "The processor of the failure, as its capabilities decide; max by default, which has them"
              + " all. “vmxsim cpus” lists them.")
  private String cpu = "max";

  @Option(
      names = "--all",
      description = "Also the rules that cannot be told, and for want of what.")
  private boolean all;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = Choice.OfOutput.class,
      completionCandidates = Choice.OfOutput.class,
      description = "One of ${COMPLETION-CANDIDATES}; docs/check.schema.json describes the JSON.")
  private Output output = Output.TEXT;

  @Option(names = "--explain", paramLabel = "RULE", description = "Explain a rule, and no more.")
  private @Nullable String rule;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (rule == null && files.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "expected a FILE, or --explain RULE");
    }
    spec.commandLine().getOut().print(rule == null ? report() : RuleText.of(rule));
    return ExitCode.FINE;
  }

  private String report() throws IOException {
    CpuProfile profile = CpuProfile.of(cpu);
    List<Diagnosis> diagnoses = new ArrayList<>();
    for (String file : files) {
      for (VmcsDump dump : dumps(file)) {
        diagnoses.add(
            Diagnosis.of(dump, profile.name(), profile.vmxCapabilities(), profile.cpuFacts()));
      }
    }
    if (output == Output.JSON) {
      return DiagnosisJson.of(diagnoses);
    }
    return String.join(
        "\n", diagnoses.stream().map(diagnosis -> DiagnosisText.of(diagnosis, all)).toList());
  }

  private static List<VmcsDump> dumps(String file) throws IOException {
    if (!file.equals("-")) {
      return VmcsDumps.read(Path.of(file));
    }
    String text = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    return VmcsDumps.log("standard input", text);
  }
}
