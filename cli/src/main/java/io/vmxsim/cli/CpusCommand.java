package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuProfileReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the CPU profiles, or shows one. */
@Command(
    name = "cpus",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the CPU profiles; with a name or a file, shows everything that profile says: CPUID, VMX"
          + " capabilities, TLB geometry and costs, each number with its source and whether it was"
          + " measured, published or assumed.",
      "docs/profiles.md tells how to write a profile.",
    })
final class CpusCommand implements Runnable {
  @Parameters(paramLabel = "NAME|FILE", arity = "0..1", description = "The profile to show.")
  private @Nullable String cpu;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    String text = cpu == null ? CpuProfileReport.list() : CpuProfileReport.of(CpuProfile.of(cpu));
    spec.commandLine().getOut().print(text);
  }
}
