package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.rules.CpuFacts.CheckedMsr;
import io.vmxsim.vmcs.rules.CpuFacts.Feature;
import java.util.EnumSet;
import java.util.Map;
import java.util.TreeMap;

/** Two processors of opposite tastes: each rule can be broken on one of them. */
public enum TestCpu {
  /** Every control and every feature. */
  RICH,
  /** No FRED, no monitor trap flag, no accessed and dirty flags for EPT, no SGX, no RTM, no LAM. */
  LEAN;

  static final int REVISION = 0x12;
  static final int PHYSICAL_BITS = 46;

  @SuppressWarnings("ImmutableEnumChecker") // it is
  private final VmxCapabilities capabilities = new VmxCapabilities(msrs());

  @SuppressWarnings("ImmutableEnumChecker") // it is
  private final CpuFacts facts = facts();

  VmxCapabilities capabilities() {
    return capabilities;
  }

  CpuFacts cpuFacts() {
    return facts;
  }

  private boolean rich() {
    return name().equals("RICH");
  }

  private Map<Integer, Long> msrs() {
    Map<Integer, Long> msrs = new TreeMap<>();
    long basic = REVISION | 0x1000L << 32 | 6L << 50 | 1L << 55;
    msrs.put(0x480, rich() ? basic | 1L << 56 | 1L << 58 : basic);
    msrs.put(0x485, 7L << 6 | 1L << 5 | 4L << 16 | (rich() ? 1L << 30 : 0));
    msrs.put(0x486, 0x8000_0021L);
    msrs.put(0x487, 0xFFFF_FFFFL);
    msrs.put(0x488, 0x2000L);
    msrs.put(0x489, rich() ? 0x1_03F7_7FFFL : 0x03F7_7FFFL);
    msrs.put(0x48A, 0x60L);
    msrs.put(
        0x48C,
        1L << 6 | 1L << 14 | (rich() ? 1L << 7 | 1L << 8 | 1L << 21 | 1L << 23 : 0) | 1L << 32);
    for (ControlWord word : ControlWord.values()) {
      long must = Settings.MUST_BE_1.getOrDefault(word, 0L);
      long may = must;
      for (Control control : word.controls()) {
        may |= isOffered(control) ? control.mask() : 0;
      }
      if (!word.hasAllowed0Settings()) {
        msrs.put(word.capabilityMsr(), may);
        continue;
      }
      msrs.put(word.capabilityMsr(), may << 32 | must);
      if (word.trueCapabilityMsr() != word.capabilityMsr()) {
        msrs.put(
            word.trueCapabilityMsr(),
            may << 32 | (must & ~Settings.RELAXED.getOrDefault(word, 0L)));
      }
    }
    return msrs;
  }

  private boolean isOffered(Control control) {
    return rich()
        || (control != PrimaryControl.MONITOR_TRAP_FLAG
            && control != ExitControl.CLEAR_UINV
            && control != EntryControl.LOAD_FRED);
  }

  private CpuFacts facts() {
    return new CpuFacts(
        PHYSICAL_BITS,
        rich() ? 57 : 48,
        rich() ? EnumSet.allOf(Feature.class) : EnumSet.noneOf(Feature.class),
        Map.of(
            CheckedMsr.IA32_DEBUGCTL, 0xFFC3L,
            CheckedMsr.IA32_PERF_GLOBAL_CTRL, 0x7_0000_000FL,
            CheckedMsr.IA32_EFER, 0xD01L,
            CheckedMsr.IA32_BNDCFGS, -1L << 12 | 3,
            CheckedMsr.IA32_RTIT_CTL, 0x3FFFL,
            CheckedMsr.IA32_S_CET, ~(0xFL << 6),
            CheckedMsr.IA32_LBR_CTL, 0x7F000FL));
  }

  /** What the constants are made of. */
  private static final class Settings {
    static final Map<ControlWord, Long> MUST_BE_1 =
        Map.of(
            ControlWord.PIN_BASED, 0x16L,
            ControlWord.PRIMARY_PROCESSOR_BASED, 0x0401_E172L,
            ControlWord.VM_EXIT, 0x0003_6DFFL,
            ControlWord.VM_ENTRY, 0x0000_11FFL);

    /** Default1 controls that may be 0: CR3-load and CR3-store exiting, the debug controls. */
    static final Map<ControlWord, Long> RELAXED =
        Map.of(
            ControlWord.PIN_BASED, 0L,
            ControlWord.PRIMARY_PROCESSOR_BASED, 3L << 15,
            ControlWord.VM_EXIT, 4L,
            ControlWord.VM_ENTRY, 4L);
  }
}
