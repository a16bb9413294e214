package io.vmxsim.validation.suite;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.vmcs.InputException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What QEMU's {@code -cpu} means here. Its models that stand for no core, and those of other
 * makers, are the profile {@code max}, or, with VMX asked for, {@code kvm-guest}.
 */
final class QemuCpu {
  private static final Map<String, String> MODELS =
      Map.of("skylake-server", "skylake-sp", "icelake-server", "icelake-sp");

  /** QEMU's names of VMX features whose controls have longer names. */
  private static final Map<String, String> FEATURES =
      Map.of("vmx-mbec", "vmx-mode-based-execute-control-for-ept");

  private static final String ANY = "max";

  /**
   * With this setting a guest of KVM has what nested virtualization offers, and not all there is.
   */
  private static final String VMX = "+vmx";

  private static final String NESTED = "kvm-guest";

  private static final Pattern SETTING = Pattern.compile("[+-].*|phys-bits=.*");

  private QemuCpu() {}

  /**
   * What {@code --cpu} takes in place of QEMU's {@code -cpu}.
   *
   * @param model QEMU's model and its features, with commas between
   * @param ignored takes what has no meaning here
   */
  static String profile(String model, List<String> ignored) {
    String[] parts = model.split(",", -1);
    String name = parts[0].toLowerCase(Locale.ROOT);
    String profile = MODELS.getOrDefault(name, name);
    if (profile.equals(ANY) || !CpuProfile.names().contains(profile)) {
      profile = List.of(parts).contains(VMX) ? NESTED : ANY;
    }
    for (String part : List.of(parts).subList(1, parts.length)) {
      String changed = profile + "," + translated(part);
      if (SETTING.matcher(part).matches() && isPossible(changed)) {
        profile = changed;
      } else {
        ignored.add(part);
      }
    }
    return profile;
  }

  private static String translated(String setting) {
    String feature = setting.substring(1);
    return setting.charAt(0) + FEATURES.getOrDefault(feature, feature);
  }

  private static boolean isPossible(String profile) {
    try {
      CpuProfile.of(profile);
      return true;
    } catch (InputException unknown) {
      return false;
    }
  }
}
