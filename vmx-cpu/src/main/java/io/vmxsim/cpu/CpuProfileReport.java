package io.vmxsim.cpu;

import io.vmxsim.ept.MmuGeometry;
import io.vmxsim.ept.PagingStructureCacheGeometry;
import io.vmxsim.ept.TlbGeometry;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.SecondaryExitControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmFunction;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** The plain text of {@code vmxsim cpus} and {@code vmxsim cpus NAME}. */
public final class CpuProfileReport {
  private static final int WIDTH = 100;

  private final StringBuilder text = new StringBuilder();

  /** Sources in the order they are first cited; a value cites its source by number. */
  private final Set<String> sources = new LinkedHashSet<>();

  private CpuProfileReport() {}

  /** One line for each profile that comes with the program. */
  public static String list() {
    CpuProfileReport report = new CpuProfileReport();
    report.line(
        "%-16s %-9s %-7s %-10s %-8s %s",
        "NAME", "PHYSICAL", "LINEAR", "PUBLISHED", "ASSUMED", "CPU");
    for (String name : CpuProfile.names()) {
      CpuProfile profile = CpuProfile.named(name);
      report.line(
          "%-16s %-9s %-7s %-10d %-8d %s",
          name,
          profile.cpuid().maxPhyAddr() + " bits",
          profile.cpuid().linearAddressBits() + " bits",
          count(profile, ProfileStatus.PUBLISHED),
          count(profile, ProfileStatus.ASSUMED),
          profile.title());
    }
    report.line("");
    report.line("PUBLISHED and ASSUMED count a profile's values by how they are known;");
    report.line("'vmxsim cpus NAME' shows each with its source.");
    return report.text.toString();
  }

  /** Everything a profile says, each value with its status and source. */
  public static String of(CpuProfile profile) {
    CpuProfileReport report = new CpuProfileReport();
    report.head(profile);
    report.controls(profile.vmxCapabilities());
    report.geometry(profile.mmuGeometry());
    for (ProfileSection section :
        List.of(
            ProfileSection.COSTS,
            ProfileSection.GEOMETRY,
            ProfileSection.VMX,
            ProfileSection.CPUID)) {
      report.values(profile, section);
    }
    report.line("");
    report.line("Sources");
    int number = 1;
    for (String source : report.sources) {
      report.line("  [%d] %s", number++, source);
    }
    return report.text.toString();
  }

  private void head(CpuProfile profile) {
    line("%s: %s", profile.name(), profile.title());
    line(
        "physical addresses of %d bits, linear addresses of %d bits",
        profile.cpuid().maxPhyAddr(), profile.cpuid().linearAddressBits());
    line(
        "values: %d measured, %d published, %d assumed, %d set by user",
        count(profile, ProfileStatus.MEASURED),
        count(profile, ProfileStatus.PUBLISHED),
        count(profile, ProfileStatus.ASSUMED),
        count(profile, ProfileStatus.SET_BY_USER));
  }

  private void controls(VmxCapabilities vmx) {
    line("");
    line("VMX controls that may be 1");
    controls("pin-based", vmx, PinControl.values());
    controls("primary processor-based", vmx, PrimaryControl.values());
    controls("secondary processor-based", vmx, SecondaryControl.values());
    controls("tertiary processor-based", vmx, TertiaryControl.values());
    controls("VM-exit", vmx, ExitControl.values());
    controls("secondary VM-exit", vmx, SecondaryExitControl.values());
    controls("VM-entry", vmx, EntryControl.values());
    controls("VM functions", vmx, VmFunction.values());
    wrapped(
        "EPT and VPID",
        Arrays.stream(EptVpidCapability.values()).filter(vmx::supports).map(Enum::name).toList());
  }

  private void controls(String word, VmxCapabilities vmx, Control[] all) {
    List<String> names = new ArrayList<>();
    for (Control control : all) {
      if (vmx.supports(control)) {
        names.add(control.name());
      }
    }
    wrapped(word, names);
  }

  private void geometry(MmuGeometry geometry) {
    line("");
    line("Translation caches");
    for (TlbGeometry tlb : geometry.tlbs()) {
      line(
          "  %-14s %5d entries %5d sets of %d %s",
          tlb.name(),
          tlb.entries(),
          tlb.sets(),
          tlb.ways(),
          tlb.pageSizes().stream().map(Object::toString).collect(Collectors.joining(" ")));
    }
    caches("guest caches", geometry.guestCaches());
    caches("EPT caches", geometry.eptCaches());
  }

  private void caches(String name, PagingStructureCacheGeometry caches) {
    line(
        "  %-14s PML5E %d, PML4E %d, PDPTE %d, PDE %d entries",
        name, caches.pml5e(), caches.pml4e(), caches.pdpte(), caches.pde());
  }

  private void values(CpuProfile profile, ProfileSection section) {
    line("");
    line("[%s]", section.title());
    for (ProfileEntry entry : profile.entries().values()) {
      if (entry.section() == section) {
        sources.add(entry.source());
        line(
            "  %-30s %s %s, %s [%d]",
            entry.key(),
            entry.value(),
            entry.unit(),
            entry.status().word(),
            new ArrayList<>(sources).indexOf(entry.source()) + 1);
      }
    }
  }

  private void wrapped(String label, List<String> words) {
    StringBuilder row = new StringBuilder("  " + label + ":");
    for (String word : words.isEmpty() ? List.of("none") : words) {
      if (row.length() + 1 + word.length() > WIDTH) {
        line("%s", row);
        row = new StringBuilder("   ");
      }
      row.append(' ').append(word);
    }
    line("%s", row);
  }

  private void line(String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }

  private static long count(CpuProfile profile, ProfileStatus status) {
    return profile.entries().values().stream().filter(e -> e.status() == status).count();
  }
}
