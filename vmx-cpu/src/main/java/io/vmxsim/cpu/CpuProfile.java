package io.vmxsim.cpu;

import io.vmxsim.ept.MmuGeometry;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.rules.CpuFacts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One CPU: what CPUID and the VMX capability MSRs say, the shapes of its translation caches, and
 * what things cost on it, every value with unit, source and status.
 *
 * <p>Immutable. docs/profiles.md describes the file format.
 */
public final class CpuProfile {
  private static final List<String> NAMES =
      List.of(
          "pentium4-672",
          "core2duo",
          "nehalem",
          "ivybridge",
          "haswell",
          "skylake-sp",
          "icelake-sp",
          "sapphire-rapids",
          "max",
          "kvm-guest");

  /** Holds what no profile knows better; not a CPU. */
  private static final String BASE = "base";

  private final String name;
  private final String title;
  private final Map<String, ProfileEntry> entries;
  private final Cpuid cpuid;
  private final VmxCapabilities vmxCapabilities;
  private final MmuGeometry geometry;

  /** Whether CPUID says less than the processor has. */
  private final boolean hides;

  private CpuProfile(String file, String name, String title, Map<String, ProfileEntry> entries) {
    this(file, name, title, entries, false);
  }

  private CpuProfile(
      String file, String name, String title, Map<String, ProfileEntry> entries, boolean hides) {
    this.hides = hides;
    this.name = name;
    this.title = title;
    this.entries = Collections.unmodifiableMap(entries);
    for (ProfileSection section : List.of(ProfileSection.GEOMETRY, ProfileSection.COSTS)) {
      for (String key : section.keys()) {
        if (!entries.containsKey(key)) {
          throw new InputException(
              file, "", "expected a key '" + key + "' in [" + section.title() + "]");
        }
      }
    }
    cpuid = Cpuid.of(entries.values());
    vmxCapabilities = vmxCapabilities(file, entries);
    geometry = new GeometryReader(file, entries).read();
    for (ProfileRule rule : ProfileRule.values()) {
      boolean applies = !hides || rule != ProfileRule.CONTROLS_HAVE_THEIR_FEATURE;
      String broken = applies ? rule.broken(cpuid, vmxCapabilities) : null;
      if (broken != null) {
        throw new InputException(file, "", "expected " + rule.requirement() + ", but " + broken);
      }
    }
  }

  /** The profiles that come with the program, oldest CPU first. */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * A profile that comes with the program.
   *
   * @throws InputException if there is none of that name, listing those there are
   */
  public static CpuProfile named(String name) {
    if (!NAMES.contains(name)) {
      throw new InputException(
          name, "", "expected a CPU profile: one of " + String.join(", ", NAMES) + ", or a file");
    }
    return build(name + ".profile", builtIn(name));
  }

  /**
   * A profile from a file of the user's.
   *
   * @throws InputException naming file, line and what was expected there
   */
  public static CpuProfile read(Path file) {
    try {
      return build(file.toString(), ProfileReader.read(file.toString(), Files.readAllLines(file)));
    } catch (IOException failure) {
      throw new InputException(
          file.toString(), "", "expected a readable profile in UTF-8", failure);
    }
  }

  /**
   * What {@code --cpu} takes: the name of a profile that comes with the program, or a file; behind
   * it, with commas, features added and taken away as {@code +name} and {@code -name}, and {@code
   * phys-bits=N}.
   *
   * @throws InputException if it is none, or the features do not go together
   */
  public static CpuProfile of(String profile) {
    String[] parts = profile.split(",", -1);
    boolean file = !NAMES.contains(parts[0]) && Files.isRegularFile(Path.of(parts[0]));
    CpuProfile base = file ? read(Path.of(parts[0])) : named(parts[0]);
    return parts.length == 1 ? base : base.variant(List.of(parts).subList(1, parts.length));
  }

  private CpuProfile variant(List<String> settings) {
    Map<String, ProfileEntry> changed = new LinkedHashMap<>(entries);
    CpuVariant variant = new CpuVariant(changed);
    settings.forEach(variant::apply);
    return new CpuProfile("--cpu", name, title, changed);
  }

  /** This profile without some features, and without what hangs on them. */
  public CpuProfile without(Collection<CpuidFeature> features) {
    Map<String, ProfileEntry> changed = new LinkedHashMap<>(entries);
    CpuVariant variant = new CpuVariant(changed);
    features.forEach(feature -> variant.set(feature, false));
    return new CpuProfile(name, name, title, changed, hides);
  }

  /**
   * This profile as a machine that executes code shows it: {@link UnmodelledFeatures} are hidden in
   * CPUID. What VMX offers stays as it is.
   */
  public CpuProfile executable() {
    Map<String, ProfileEntry> changed = new LinkedHashMap<>(entries);
    CpuVariant variant = new CpuVariant(changed);
    UnmodelledFeatures.of(this).forEach(variant::hide);
    return new CpuProfile(name, name, title, changed, true);
  }

  /** This profile with one price or geometry number replaced; see {@link #with(Map)}. */
  public CpuProfile with(String key, String value) {
    return with(Map.of(key, value));
  }

  /**
   * This profile with prices or geometry values replaced, reported as set by the user. All are
   * replaced before the result is checked, so that entries and ways can change together.
   *
   * @throws InputException for a key that is no price or geometry, with names near it, or a value
   *     that the key cannot have
   */
  public CpuProfile with(Map<String, String> settings) {
    Map<String, ProfileEntry> changed = new LinkedHashMap<>(entries);
    // Sorted: the order of a map from the caller may differ from run to run.
    new TreeMap<>(settings).forEach((key, value) -> changed.put(key, setting(key, value)));
    return new CpuProfile("--set", name, title, changed);
  }

  /** The name that {@code --cpu} takes. */
  public String name() {
    return name;
  }

  /** What the profile describes, in a line. */
  public String title() {
    return title;
  }

  /** Every value with its provenance, by key, in the order of the files. */
  public Map<String, ProfileEntry> entries() {
    return entries;
  }

  /** What CPUID returns. */
  public Cpuid cpuid() {
    return cpuid;
  }

  /** What VMX offers. */
  public VmxCapabilities vmxCapabilities() {
    return vmxCapabilities;
  }

  /** What the checks of VM entry need to know of it besides {@link #vmxCapabilities()}. */
  public CpuFacts cpuFacts() {
    return EntryCpuFacts.of(cpuid, cpuid.maxPhyAddr());
  }

  /** The core's clock in MHz, constant, and the TSC's. */
  public long clockMhz() {
    return Long.parseLong(Objects.requireNonNull(entries.get(ProfileSection.CLOCK)).value());
  }

  /** The shapes of the TLBs and paging-structure caches. */
  public MmuGeometry mmuGeometry() {
    return geometry;
  }

  /** A new cost model, which records its own lookups. */
  public CostModel costs() {
    return new CostModel(entries);
  }

  /**
   * The assumed values a run depended on: every assumed geometry value, and the assumed prices that
   * were looked up in {@code costs}.
   */
  public List<ProfileEntry> assumedInUse(CostModel costs) {
    List<ProfileEntry> found = new ArrayList<>();
    for (ProfileEntry entry : entries.values()) {
      if (entry.section() == ProfileSection.GEOMETRY && entry.status() == ProfileStatus.ASSUMED) {
        found.add(entry);
      }
    }
    found.addAll(costs.assumedInUse());
    return found;
  }

  /** The values that the user has set. */
  public List<ProfileEntry> setByUser() {
    return entries.values().stream().filter(e -> e.status() == ProfileStatus.SET_BY_USER).toList();
  }

  private ProfileEntry setting(String key, String value) {
    List<String> known = new ArrayList<>(ProfileSection.COSTS.keys());
    for (ProfileEntry entry : entries.values()) {
      if (entry.section() == ProfileSection.GEOMETRY) {
        known.add(entry.key());
      }
    }
    String costUnit = ProfileSection.COSTS.unitOf(key);
    if (costUnit == null && !known.contains(key)) {
      throw new InputException(
          "--set", key, "expected a price or geometry key" + NearNames.hint(key, known));
    }
    ProfileSection section = costUnit != null ? ProfileSection.COSTS : ProfileSection.GEOMETRY;
    ProfileSection.Form form = section.formOf(key);
    if (!form.pattern().matcher(value).matches()) {
      throw new InputException(
          "--set", key, "expected " + form.expected() + ", not '" + value + "'");
    }
    String unit = String.valueOf(section.unitOf(key));
    return new ProfileEntry(
        section, key, value, unit, ProfileStatus.SET_BY_USER, "command line", "--set");
  }

  private static VmxCapabilities vmxCapabilities(String file, Map<String, ProfileEntry> entries) {
    Map<Integer, Long> msrs = new TreeMap<>();
    for (VmxMsr msr : VmxMsr.values()) {
      ProfileEntry entry = entries.get(msr.name());
      long value = entry == null ? 0 : Long.parseUnsignedLong(entry.value().substring(2), 16);
      if (value != 0) { // a profile that has an MSR less than the one it is based on says 0
        msrs.put(msr.number(), value);
      }
    }
    try {
      return new VmxCapabilities(msrs);
    } catch (IllegalArgumentException impossible) {
      throw new InputException(
          file, "", "expected possible [vmx] values: " + impossible.getMessage(), impossible);
    }
  }

  /** Applies the chain of bases under {@code text}: the nearest that has a key gives it. */
  private static CpuProfile build(String file, ProfileReader.Text text) {
    Map<String, ProfileEntry> entries = new LinkedHashMap<>();
    merge(file, text, entries, 0);
    return new CpuProfile(file, text.name(), text.title(), entries);
  }

  private static void merge(
      String file, ProfileReader.Text text, Map<String, ProfileEntry> into, int depth) {
    String base = text.basedOn();
    if (base != null) {
      if (!(NAMES.contains(base) || base.equals(BASE)) || depth > NAMES.size()) {
        throw new InputException(
            file, "", "expected based-on to name one of " + String.join(", ", NAMES));
      }
      merge(base + ".profile", builtIn(base), into, depth + 1);
    }
    into.putAll(text.entries());
  }

  private static ProfileReader.Text builtIn(String name) {
    String file = name + ".profile";
    try (@Nullable InputStream stream = CpuProfile.class.getResourceAsStream("profiles/" + file)) {
      if (stream == null) {
        throw new IllegalStateException("profile " + file + " is not in the program");
      }
      String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      return ProfileReader.read(file, text.lines().toList());
    } catch (IOException failure) {
      throw new IllegalStateException("profile " + file + " cannot be read", failure);
    }
  }
}
