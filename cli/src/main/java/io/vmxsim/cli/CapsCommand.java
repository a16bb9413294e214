package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.vmcs.doctor.CapabilityText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows what a processor's VMX capability MSRs allow. */
@Command(
    name = "caps",
    mixinStandardHelpOptions = true,
    description = {
      "Shows what a processor's VMX capability MSRs allow: every control that must be 1, may be"
          + " either, or must be 0; the fixed bits of CR0 and CR4; EPT and VPID capabilities.",
    })
final class CapsCommand implements Runnable {
  @Option(
      names = "--cpu",
      paramLabel = "NAME|FILE",
      required = true,
      description = "The processor; “vmxsim cpus” lists them.")
  private String cpu = "";

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    CpuProfile profile = CpuProfile.of(cpu);
    String text = CapabilityText.of(profile.name(), profile.vmxCapabilities(), profile.cpuFacts());
    spec.commandLine().getOut().print(text);
  }
}
