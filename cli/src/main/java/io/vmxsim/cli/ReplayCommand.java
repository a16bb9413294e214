package io.vmxsim.cli;

import io.vmxsim.traces.ReplayCheckpoints;
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

/** Replays traces and shows each run by itself. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    description = {
      "Replays a trace and shows each run by itself: VM exits by reason, laid out as `perf kvm stat"
          + " report` does but in cycles; where the cycles went; and what the TLBs did. Under EPT,"
          + " or as it was recorded, unless --paging says otherwise.",
    })
final class ReplayCommand implements Callable<Integer> {
  @Mixin private RunOptions runs;
  @Mixin private ReplaySnapshots snapshots;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    List<Paging> modes = List.of(Paging.EPT);
    List<ShadowPolicy> policies = List.of(ShadowPolicy.UPDATE);
    ReplayCheckpoints checkpoints = snapshots.checkpoints(spec, runs.traces());
    ReplayResult result =
        checkpoints == null
            ? runs.replay(modes, policies)
            : runs.replay(modes, policies, checkpoints);
    return runs.report().print(spec, result, ReplayTextReport::exits);
  }
}
