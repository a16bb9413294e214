package io.vmxsim.cli;

import io.vmxsim.cpu.board.Machine;
import io.vmxsim.traces.LiveRun;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import io.vmxsim.vmm.VmPaging;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a kernel image as a guest of the VMM. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    description = {
      "Runs a kernel image as `boot` does, but in VMX non-root operation under a small VMM shaped"
          + " like KVM, and shows its VM exits by reason. Without IMAGE it lists the guests that"
          + " come with vmxsim.",
    })
final class RunCommand implements Callable<Integer> {
  private enum Output {
    NONE,
    TEXT,
    JSON
  }

  static final class OutputChoice extends Choice<Output> {
    OutputChoice() {
      super(Output.values(), Output::name);
    }
  }

  @Parameters(paramLabel = "IMAGE", arity = "0..1", description = GuestImage.DESCRIPTION)
  private @Nullable String image;

  @Option(
      names = "--paging",
      paramLabel = "MODE",
      converter = PagingChoice.class,
      completionCandidates = PagingChoice.class,
      description = "How the VMM gives the guest its memory: ${COMPLETION-CANDIDATES}.")
  private VmPaging paging = VmPaging.EPT;

  @Mixin private KernelOptions kernel;

  @Option(
      names = "--top",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "Also the N instructions, pages, ports and MSRs with the most exits.")
  private long top;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = OutputChoice.class,
      completionCandidates = OutputChoice.class,
      description =
          "Statistics at the end, behind the serial output: ${COMPLETION-CANDIDATES};"
              + " docs/run.schema.json describes the JSON.")
  private Output output = Output.TEXT;

  @Spec private CommandSpec spec;

  static final class PagingChoice extends Choice<VmPaging> {
    PagingChoice() {
      super(VmPaging.values(), VmPaging::name);
    }
  }

  @Override
  public Integer call() {
    if (image == null) {
      spec.commandLine().getOut().print(GuestsCommand.list());
      return ExitCode.FINE;
    }
    GuestImage guest = GuestImage.of(image);
    VmOptions options = PagingOptions.of(paging);
    return new KernelRun(spec, kernel)
        .run(guest, new Hypervisor(options), machine -> report(guest, machine, options));
  }

  private Supplier<String> report(GuestImage guest, Machine machine, VmOptions options) {
    int hotSpots = (int) Math.min(top, Integer.MAX_VALUE);
    LiveRun run = new LiveRun(guest.name(), machine, kernel.cpu(), options, hotSpots);
    return switch (output) {
      case NONE -> () -> "";
      case TEXT -> run::text;
      case JSON -> run::json;
    };
  }
}
