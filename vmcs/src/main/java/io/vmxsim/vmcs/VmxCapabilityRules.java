package io.vmxsim.vmcs;

/**
 * What the SDM says is true of every processor's VMX capability MSRs.
 *
 * <p>Source: SDM (June 2016) Appendix A “VMX Capability Reporting Facility”.
 */
final class VmxCapabilityRules {

  private static final long DEFAULT1_PIN_BASED = bits(1, 2, 4);
  private static final long DEFAULT1_PRIMARY = bits(1, 4, 5, 6, 8, 13, 14, 15, 16, 26);
  private static final long DEFAULT1_VM_EXIT =
      bits(0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 14, 16, 17);
  private static final long DEFAULT1_VM_ENTRY = bits(0, 1, 2, 3, 4, 5, 6, 7, 8, 12);

  private final VmxCapabilities capabilities;

  private VmxCapabilityRules(VmxCapabilities capabilities) {
    this.capabilities = capabilities;
  }

  /**
   * Checks every rule.
   *
   * @throws IllegalArgumentException naming the first MSR that breaks one, and the rule
   */
  static void check(VmxCapabilities capabilities) {
    VmxCapabilityRules rules = new VmxCapabilityRules(capabilities);
    rules.existence();
    rules.basic();
    for (ControlWord word : ControlWord.values()) {
      rules.allowedSettings(word);
    }
    rules.fixedBits(VmxCapabilities.IA32_VMX_CR0_FIXED0);
    rules.fixedBits(VmxCapabilities.IA32_VMX_CR4_FIXED0);
    rules.misc();
  }

  private void existence() {
    for (int number = 0x480; number <= 0x48A; number++) {
      exists(number, true, "every processor with VMX has it");
    }
    exists(
        0x48B,
        supports(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS),
        "exists only with “activate secondary controls”");
    exists(
        0x48C,
        supports(SecondaryControl.ENABLE_EPT) || supports(SecondaryControl.ENABLE_VPID),
        "exists only with “enable EPT” or “enable VPID”");
    for (int number = 0x48D; number <= 0x490; number++) {
      exists(number, capabilities.hasTrueControls(), "exists only if IA32_VMX_BASIC[55] is 1");
    }
    exists(
        0x491,
        supports(SecondaryControl.ENABLE_VM_FUNCTIONS),
        "exists only with “enable VM functions”");
    exists(
        0x492,
        supports(PrimaryControl.ACTIVATE_TERTIARY_CONTROLS),
        "exists only with “activate tertiary controls”");
    exists(
        0x493,
        supports(ExitControl.ACTIVATE_SECONDARY_CONTROLS),
        "exists only with the VM-exit control “activate secondary controls”");
  }

  private void exists(int number, boolean expected, String rule) {
    require(capabilities.hasMsr(number) == expected, number, rule);
  }

  private void basic() {
    long basic = capabilities.msr(VmxCapabilities.IA32_VMX_BASIC);
    require((basic & (1L << 31)) == 0, VmxCapabilities.IA32_VMX_BASIC, "bit 31 is 0");
    int size = capabilities.regionSize();
    require(
        size > 0 && size <= 4096,
        VmxCapabilities.IA32_VMX_BASIC,
        "bits 44:32 are a region size from 1 to 4096");
    long memoryType = (basic >>> 50) & 0xF;
    require(
        memoryType == 0 || memoryType == 6,
        VmxCapabilities.IA32_VMX_BASIC,
        "bits 53:50 are memory type 0 (UC) or 6 (WB)");
  }

  private void allowedSettings(ControlWord word) {
    int number = word.capabilityMsr();
    if (!word.hasAllowed0Settings() || !capabilities.hasMsr(number)) {
      return;
    }
    consistent(number);
    long default1 = default1(word);
    require(
        (capabilities.msr(number) & default1) == default1,
        number,
        "bits 31:0 are 1 for the controls of the default1 class");
    if (word == ControlWord.SECONDARY_PROCESSOR_BASED) {
      require((int) capabilities.msr(number) == 0, number, "bits 31:0 are always 0");
    }
    int trueNumber = word.trueCapabilityMsr();
    if (trueNumber != number && capabilities.hasTrueControls()) {
      consistent(trueNumber);
      require(
          ((capabilities.msr(number) ^ capabilities.msr(trueNumber)) & ~default1 & 0xFFFF_FFFFL)
              == 0,
          trueNumber,
          "bits 31:0 differ from %XH for default1 controls only".formatted(number));
    }
  }

  private void consistent(int number) {
    long value = capabilities.msr(number);
    require(
        ((int) value & ~(int) (value >>> 32)) == 0,
        number,
        "a control that must be 1 (bits 31:0) may be 1 (bits 63:32)");
  }

  private void fixedBits(int fixed0) {
    require(
        (capabilities.msr(fixed0) & ~capabilities.msr(fixed0 + 1)) == 0,
        fixed0,
        "a bit that is 1 is also 1 in %XH".formatted(fixed0 + 1));
  }

  private void misc() {
    require(
        capabilities.cr3TargetCount() <= 256,
        VmxCapabilities.IA32_VMX_MISC,
        "bits 24:16 are a number of CR3-target values from 0 to 256");
    require(
        capabilities.storesLmaOnExit() || !supports(SecondaryControl.UNRESTRICTED_GUEST),
        VmxCapabilities.IA32_VMX_MISC,
        "bit 5 is 1 with “unrestricted guest”");
  }

  private boolean supports(Control control) {
    return capabilities.supports(control);
  }

  private static void require(boolean holds, int number, String rule) {
    if (!holds) {
      throw new IllegalArgumentException("VMX capability MSR %XH: %s".formatted(number, rule));
    }
  }

  private static long default1(ControlWord word) {
    return switch (word) {
      case PIN_BASED -> DEFAULT1_PIN_BASED;
      case PRIMARY_PROCESSOR_BASED -> DEFAULT1_PRIMARY;
      case VM_EXIT -> DEFAULT1_VM_EXIT;
      case VM_ENTRY -> DEFAULT1_VM_ENTRY;
      default -> 0;
    };
  }

  private static long bits(int... positions) {
    long mask = 0;
    for (int position : positions) {
      mask |= 1L << position;
    }
    return mask;
  }
}
