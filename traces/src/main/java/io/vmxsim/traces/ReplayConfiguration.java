package io.vmxsim.traces;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.ept.PageSize;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.VmOptions;

/**
 * One way to replay a trace.
 *
 * @param paging how guest addresses are translated
 * @param policy what the VMM does about a guest's page-table write; matters with SHADOW only
 * @param unsync whether shadowed leaf tables may go out of step until the guest flushes; SHADOW
 *     only
 * @param guestPage the guest's page size
 * @param hostPage the VMM's page size behind guest memory; ignored when NATIVE
 * @param cpu capabilities, translation caches and prices
 */
public record ReplayConfiguration(
    Paging paging,
    ShadowPolicy policy,
    boolean unsync,
    PageSize guestPage,
    PageSize hostPage,
    CpuProfile cpu) {

  /**
   * Checks that the CPU has what is asked for.
   *
   * @throws InputException naming what it lacks
   */
  public ReplayConfiguration {
    if (guestPage == PageSize.SIZE_1G && !cpu.cpuid().has(CpuidFeature.PAGE1GB)) {
      throw new InputException("--guest-page", "1g", cpu.name() + " has no 1-GByte pages");
    }
    if (paging == Paging.EPT
        && hostPage == PageSize.SIZE_1G
        && !cpu.vmxCapabilities().supports(EptVpidCapability.PAGES_1G)) {
      throw new InputException("--host-page", "1g", cpu.name() + " has no 1-GByte EPT pages");
    }
    if (paging == Paging.SHADOW && unsync && policy == ShadowPolicy.BYPASS) {
      throw new InputException(
          "--unsync",
          "",
          "a shadow policy that learns of entries late: drop or update, not bypass");
    }
  }

  /** The machine of this configuration. */
  ReplayMachine machine(long guestBytes) {
    return switch (paging) {
      case NATIVE -> new BareMachine(cpu);
      case EPT -> new VirtualMachine(cpu, guestBytes, VmOptions.ept(hostPage));
      case SHADOW ->
          new VirtualMachine(
              cpu, guestBytes, VmOptions.shadow(policy, hostPage).withUnsync(unsync));
    };
  }
}
