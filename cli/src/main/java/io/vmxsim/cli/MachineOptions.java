package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmm.ShadowPolicy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The processor and the ways to translate guest addresses on it; lists give the cross product. */
final class MachineOptions {
  @Option(
      names = "--paging",
      paramLabel = "MODE",
      split = ",",
      hideParamSyntax = true,
      converter = Choice.OfPaging.class,
      completionCandidates = Choice.OfPaging.class,
      description = "Any of ${COMPLETION-CANDIDATES}.")
  private List<Paging> paging = new ArrayList<>();

  @Option(
      names = "--shadow-policy",
      paramLabel = "POLICY",
      split = ",",
      hideParamSyntax = true,
      converter = Choice.OfPolicy.class,
      completionCandidates = Choice.OfPolicy.class,
      description =
          "What the VMM does about a guest's page-table write: any of ${COMPLETION-CANDIDATES}."
              + " A guest page fault costs 3, 2 or 1 exits.")
  private List<ShadowPolicy> policies = new ArrayList<>();

  @Option(
      names = "--unsync",
      description = "Let shadowed leaf tables go out of step until the guest flushes.")
  private boolean unsync;

  @Option(
      names = "--guest-page",
      paramLabel = "SIZE",
      split = ",",
      hideParamSyntax = true,
      converter = Choice.OfPageSize.class,
      completionCandidates = Choice.OfPageSize.class,
      description = "Pages the guest kernel maps: any of ${COMPLETION-CANDIDATES}; first default.")
  private List<PageSize> guestPages = new ArrayList<>();

  @Option(
      names = "--host-page",
      paramLabel = "SIZE",
      split = ",",
      hideParamSyntax = true,
      converter = Choice.OfPageSize.class,
      completionCandidates = Choice.OfPageSize.class,
      description = "Pages the VMM puts behind guest memory, likewise.")
  private List<PageSize> hostPages = new ArrayList<>();

  @Option(
      names = "--cpu",
      paramLabel = "NAME|FILE",
      description =
          "CPU profile; of a recording its own, else skylake-sp by default. `vmxsim cpus` lists"
              + " them.")
  private @Nullable String cpuGiven;

  private String defaultCpu = "skylake-sp";

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace a number of the profile, such as walk.entry-read=40. Repeatable.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--data-caches",
      description =
          "Model the data caches, shared by page walks and data accesses, in place of one price for"
              + " every entry a walk reads; docs/cycles.md.")
  private boolean dataCaches;

  /** Has another CPU be the one that is taken where the user names none. */
  void setDefaultCpu(String name) {
    defaultCpu = name;
  }

  /** Whether data caches are modelled. */
  boolean dataCaches() {
    return dataCaches;
  }

  /**
   * The runs asked for: for each guest page size the modes in order, each virtualized one for each
   * host page size, shadow paging for each policy.
   *
   * @param defaultPaging modes if none was given
   * @param defaultPolicies shadow policies if none was given
   */
  List<ReplayConfiguration> configurations(
      List<Paging> defaultPaging, List<ShadowPolicy> defaultPolicies) {
    CpuProfile profile = CpuProfile.of(cpuGiven == null ? defaultCpu : cpuGiven).with(settings);
    List<ReplayConfiguration> runs = new ArrayList<>();
    for (PageSize guestPage : orElse(guestPages, List.of(PageSize.SIZE_4K))) {
      for (Paging mode : orElse(paging, permitted(defaultPaging, profile))) {
        for (PageSize hostPage : hostPages(mode, guestPage)) {
          for (ShadowPolicy policy : policies(mode, defaultPolicies, profile)) {
            runs.add(new ReplayConfiguration(mode, policy, unsync, guestPage, hostPage, profile));
          }
        }
      }
    }
    return runs;
  }

  private List<PageSize> hostPages(Paging mode, PageSize guestPage) {
    return mode == Paging.NATIVE
        ? List.of(guestPage)
        : orElse(hostPages, List.of(PageSize.SIZE_4K));
  }

  /** Of several modes, those that can be had. */
  private static List<Paging> permitted(List<Paging> modes, CpuProfile profile) {
    boolean ept = profile.vmxCapabilities().supports(SecondaryControl.ENABLE_EPT);
    return ept || modes.size() == 1
        ? modes
        : modes.stream().filter(mode -> mode != Paging.EPT).toList();
  }

  /** One policy where it does not matter; by default only those that can be had. */
  private List<ShadowPolicy> policies(
      Paging mode, List<ShadowPolicy> defaultPolicies, CpuProfile profile) {
    if (mode != Paging.SHADOW) {
      return defaultPolicies.subList(0, 1);
    }
    return orElse(
        policies,
        defaultPolicies.stream()
            .filter(policy -> ReplayConfiguration.permits(policy, unsync, profile))
            .toList());
  }

  private static <T> List<T> orElse(List<T> given, List<T> byDefault) {
    return given.isEmpty() ? byDefault : given.stream().distinct().toList();
  }
}
