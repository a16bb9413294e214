package io.vmxsim.cli;

import io.vmxsim.vmcs.doctor.FieldText;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the fields of a VMCS, or shows one. */
@Command(
    name = "fields",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the fields of a VMCS; with a name or an encoding, shows that field's bits and the rules"
          + " of VM entry that read it; with a value, decodes that:",
      "  vmxsim fields GUEST_CS_ACCESS_RIGHTS=a09b",
    })
final class FieldsCommand implements Runnable {
  @Parameters(
      paramLabel = "NAME|ENCODING[=VALUE]",
      arity = "0..1",
      description = "The field; numbers are hexadecimal.")
  private @Nullable String field;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().getOut().print(field == null ? FieldText.list() : FieldText.of(field));
  }
}
