package io.vmxsim.cli;

import io.vmxsim.traces.ReplayResult;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayTextReport;
import io.vmxsim.vmm.ShadowPolicy;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Replays traces in every paging mode and puts the modes side by side. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    description = {
      "Replays a trace natively, under shadow paging with each policy, and under EPT, and puts the"
          + " modes side by side: exits by reason, page walks and what they read, and cycles spent"
          + " by the guest, on translation, on exits and in the VMM. The trace is read once, and the"
          + " modes run on the cores there are.",
    })
final class CompareCommand implements Callable<Integer> {
  @Mixin private RunOptions runs;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    ReplayResult result = runs.replay(List.of(Paging.values()), List.of(ShadowPolicy.values()));
    return runs.report().print(spec, result, ReplayTextReport::comparison);
  }
}
