package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.traces.LiveRun;
import io.vmxsim.traces.Recording;
import io.vmxsim.traces.ReplayCsvReport;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.html.ReplayPage;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import io.vmxsim.vmm.VmPaging;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
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
  private static final String PAGING = "paging";
  private static final String TOP = "top";

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

  @Mixin private SnapshotOptions snapshots;

  @Option(
      names = "--record",
      paramLabel = "FILE.vxt",
      description = "Also write what the guest does as a trace, for `vmxsim replay`.")
  private @Nullable Path record;

  @ArgGroup(validate = false, heading = "%nReport, behind the serial output:%n")
  private ReportOptions report = new ReportOptions();

  @Spec private CommandSpec spec;

  private @Nullable Recording recording;

  /** Has what is recorded begin with the state that the guest starts in. */
  private Runnable beginRecording = () -> {};

  static final class PagingChoice extends Choice<VmPaging> {
    PagingChoice() {
      super(VmPaging.values(), VmPaging::name);
    }
  }

  @Override
  public Integer call() {
    try {
      return run();
    } finally {
      if (recording != null) {
        recording.close();
      }
    }
  }

  private int run() {
    KernelRun run = new KernelRun(spec, kernel).leaving(snapshots.checkpoint());
    Path from = snapshots.restore(spec, image);
    boolean whole = from == null && snapshots.checkpoint() == null;
    if (!whole && (record != null || report.detailed())) {
      String option = record != null ? "--record" : "--report and --perfetto";
      throw new InputException(option, "", "expected neither --checkpoint nor --restore");
    }
    if (from != null) {
      return run.goOn(from, BootFacts.RUN, RunCommand::platform, this::report);
    } else if (image == null) {
      spec.commandLine().getOut().print(GuestsCommand.list());
      return ExitCode.FINE;
    }
    Map<String, String> said = Map.of(PAGING, paging.name(), TOP, Integer.toString(report.top()));
    run.whenLoaded(() -> beginRecording.run());
    return run.run(
        GuestImage.of(image), said, new Hypervisor(PagingOptions.of(paging)), this::report);
  }

  private static VmOptions optionsOf(BootFacts facts) {
    return PagingOptions.of(VmPaging.valueOf(facts.options().getOrDefault(PAGING, "")));
  }

  private static Platform platform(BootFacts facts) {
    return new Hypervisor(optionsOf(facts));
  }

  private Supplier<String> report(BootFacts facts, Machine machine) {
    int hotSpots = Integer.parseInt(facts.options().getOrDefault(TOP, ""));
    CpuProfile cpu = CpuProfile.of(facts.cpu());
    recording = record == null ? null : new Recording(machine, record);
    LiveRun run =
        new LiveRun(
            facts.image(), machine, cpu, optionsOf(facts), hotSpots, report.detailed(), recording);
    beginRecording = () -> run.record(facts.cpu());
    return () -> {
      List<RunResult> runs = List.of(run.result());
      report.writePictures(() -> ReplayPage.of(run), runs);
      return switch (report.output()) {
        case NONE -> "";
        case TEXT -> run.text();
        case JSON -> run.json();
        case CSV -> ReplayCsvReport.of(runs);
      };
    };
  }
}
