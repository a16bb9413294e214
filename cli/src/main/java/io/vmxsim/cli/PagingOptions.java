package io.vmxsim.cli;

import io.vmxsim.cpu.board.Platform;
import io.vmxsim.ept.PageSize;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.vmm.Hypervisor;
import io.vmxsim.vmm.VmOptions;
import io.vmxsim.vmm.VmPaging;
import picocli.CommandLine.Option;

/** What runs a kernel: the bare machine, or the VMM with one way to give a guest its memory. */
final class PagingOptions {
  @Option(
      names = "--paging",
      paramLabel = "MODE",
      converter = Choice.OfPaging.class,
      completionCandidates = Choice.OfPaging.class,
      description = "One of ${COMPLETION-CANDIDATES}; native is the bare machine.")
  private Paging paging = Paging.NATIVE;

  /** What runs the kernel of one machine. */
  Platform platform() {
    return switch (paging) {
      case NATIVE -> Platform.BARE;
      case EPT -> new Hypervisor(of(VmPaging.EPT));
      case SHADOW -> new Hypervisor(of(VmPaging.SHADOW));
    };
  }

  /** How the VMM runs a kernel. */
  static VmOptions of(VmPaging paging) {
    return VmOptions.of(paging, PageSize.SIZE_4K);
  }
}
