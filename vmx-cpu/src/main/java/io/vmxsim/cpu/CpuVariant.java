package io.vmxsim.cpu;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A profile with features added and taken away: {@code +x2apic}, {@code -pku}, {@code
 * -vmx-unrestricted-guest}, {@code phys-bits=39}. Feature names are those of {@link CpuidFeature}
 * and, after {@code vmx-}, of the VMX controls, in lower case with hyphens.
 *
 * <p>What hangs on a feature follows it: its bit in CR4, and the VMX controls that need it.
 */
final class CpuVariant {
  private static final Pattern SWITCH = Pattern.compile("([+-])([a-z0-9-]+)");
  private static final Pattern PHYSICAL_BITS = Pattern.compile("phys-bits=(3[2-9]|4\\d|5[0-2])");
  private static final String CONTROL = "vmx-";
  private static final String ADDRESS_SIZES = "0x80000008";
  private static final String XSAVE_USER = "0xD/0x0";
  private static final String XSAVE_SUPERVISOR = "0xD/0x1";
  private static final int LINEAR_BITS_LA57 = 57;
  private static final int LINEAR_BITS = 48;
  private static final int ALLOWED_1 = 32;

  private final Map<String, ProfileEntry> entries;

  /**
   * @param entries the profile's, which are changed
   */
  CpuVariant(Map<String, ProfileEntry> entries) {
    this.entries = entries;
  }

  /**
   * Applies one setting.
   *
   * @throws InputException if it is none
   */
  void apply(String setting) {
    Matcher toggle = SWITCH.matcher(setting);
    Matcher bits = PHYSICAL_BITS.matcher(setting);
    if (toggle.matches()) {
      set(toggle.group(2), toggle.group(1).equals("+"));
    } else if (bits.matches()) {
      int width = Integer.parseInt(bits.group(1));
      changeWord(ADDRESS_SIZES, Cpuid.EAX, word -> (word & ~0xff) | width);
    } else {
      throw new InputException(
          "--cpu", setting, "expected +feature, -feature or phys-bits=32 to phys-bits=52");
    }
  }

  private void set(String name, boolean there) {
    CpuidFeature feature = names().get(name);
    if (feature != null) {
      set(feature, there);
      return;
    }
    Control control = name.startsWith(CONTROL) ? controls().get(name) : null;
    if (control == null) {
      List<String> known = new ArrayList<>(names().keySet());
      known.addAll(controls().keySet());
      throw new InputException(
          "--cpu", name, "expected a feature of CPUID or VMX" + NearNames.hint(name, known));
    }
    allow(control, there);
  }

  /** Takes a feature out of CPUID and its bit out of CR4, and leaves its VMX controls. */
  void hide(CpuidFeature feature) {
    if (feature.in(Cpuid.of(entries.values()))) {
      toggle(feature, false);
    }
  }

  private void toggle(CpuidFeature feature, boolean there) {
    changeWord(cpuidKey(feature), feature.register(), word -> word ^ 1 << feature.bit());
    ProfileRule.cr4BitOf(feature)
        .ifPresent(position -> changeMsr(VmxMsr.IA32_VMX_CR4_FIXED1.number(), position, there));
    if (!there) {
      XsaveComponents.of(feature).forEach(this::removeComponent);
    }
  }

  /** A component of the XSAVE area that no feature uses any more. */
  private void removeComponent(int number) {
    changeWord(XSAVE_USER, Cpuid.EAX, word -> word & ~(1 << number));
    changeWord(XSAVE_SUPERVISOR, Cpuid.ECX, word -> word & ~(1 << number));
    String key = String.format("0xD/0x%X", number);
    for (int register = Cpuid.EAX; register <= Cpuid.EDX && entries.containsKey(key); register++) {
      changeWord(key, register, word -> 0);
    }
    XsaveLayout left = new XsaveLayout(Cpuid.of(entries.values()));
    changeWord(XSAVE_USER, Cpuid.ECX, word -> left.standardSize(left.user()));
  }

  /** Adds a feature or takes it away. */
  void set(CpuidFeature feature, boolean there) {
    if (feature.in(Cpuid.of(entries.values())) == there) {
      return;
    }
    toggle(feature, there);
    if (feature == CpuidFeature.LA57) {
      int linear = there ? LINEAR_BITS_LA57 : LINEAR_BITS;
      changeWord(ADDRESS_SIZES, Cpuid.EAX, word -> (word & ~0xff00) | linear << 8);
    }
    ProfileRule.controlsOf(feature).forEach(control -> allow(control, there));
  }

  /** The entry that holds a feature: only leaves with several subleaves number the first. */
  private String cpuidKey(CpuidFeature feature) {
    String leaf = String.format("0x%X", feature.leaf());
    String indexed = leaf + String.format("/0x%X", feature.subleaf());
    return entries.containsKey(indexed) ? indexed : leaf;
  }

  private void allow(Control control, boolean mayBeOne) {
    ControlWord word = control.word();
    int position = control.bit() + (word.hasAllowed0Settings() ? ALLOWED_1 : 0);
    changeMsr(word.capabilityMsr(), position, mayBeOne);
    changeMsr(word.trueCapabilityMsr(), position, mayBeOne);
  }

  private interface Change {
    int of(int word);
  }

  /** Changes one register of a leaf; one that the profile lacks has zeros. */
  private void changeWord(String key, int register, Change change) {
    ProfileEntry entry = entries.get(key);
    String[] words =
        (entry == null ? "0x00000000 ".repeat(4).strip() : entry.value()).split(" ", -1);
    int word = Long.decode(words[register]).intValue();
    words[register] = String.format("0x%08X", change.of(word));
    put(ProfileSection.CPUID, key, String.join(" ", words));
  }

  private void changeMsr(int number, int position, boolean one) {
    for (VmxMsr msr : VmxMsr.values()) {
      ProfileEntry entry = entries.get(msr.name());
      if (msr.number() == number && entry != null) {
        long value = Long.parseUnsignedLong(entry.value().substring(2), 16);
        long changed = one ? value | 1L << position : value & ~(1L << position);
        put(ProfileSection.VMX, msr.name(), String.format("0x%016X", changed));
      }
    }
  }

  private void put(ProfileSection section, String key, String value) {
    String unit = String.valueOf(section.unitOf(key));
    entries.put(
        key,
        new ProfileEntry(
            section, key, value, unit, ProfileStatus.SET_BY_USER, "command line", "--cpu"));
  }

  private static Map<String, CpuidFeature> names() {
    Map<String, CpuidFeature> names = new TreeMap<>();
    for (CpuidFeature feature : CpuidFeature.values()) {
      names.put(spelled(feature.name()), feature);
    }
    return names;
  }

  private static Map<String, Control> controls() {
    Map<String, Control> names = new TreeMap<>();
    for (ControlWord word : ControlWord.values()) {
      for (Control control : word.controls()) {
        names.putIfAbsent(CONTROL + spelled(control.name()), control);
      }
    }
    return names;
  }

  private static String spelled(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
