package io.vmxsim.vmcs;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a processor's VMX supports, as its VMX capability MSRs (480H to 493H) report it. Immutable.
 *
 * <p>Source: SDM (June 2016) Appendix A “VMX Capability Reporting Facility”; the MSRs 492H and 493H
 * and the newer bits from later editions.
 */
@SuppressWarnings("EnumOrdinal") // arrays indexed by vector
public final class VmxCapabilities {

  public static final int IA32_VMX_BASIC = 0x480;
  public static final int IA32_VMX_MISC = 0x485;
  public static final int IA32_VMX_CR0_FIXED0 = 0x486;
  public static final int IA32_VMX_CR0_FIXED1 = 0x487;
  public static final int IA32_VMX_CR4_FIXED0 = 0x488;
  public static final int IA32_VMX_CR4_FIXED1 = 0x489;
  public static final int IA32_VMX_VMCS_ENUM = 0x48A;
  public static final int IA32_VMX_EPT_VPID_CAP = 0x48C;

  private static final int FIRST_MSR = 0x480;
  private static final int LAST_MSR = 0x493;

  private final long[] values = new long[LAST_MSR - FIRST_MSR + 1];
  private int present; // bit n: the processor has MSR 480H + n
  private final long[] mayBe0 = new long[ControlWord.values().length];
  private final long[] mayBe1 = new long[ControlWord.values().length];

  /**
   * The capabilities these MSRs report.
   *
   * @param msrs value by MSR number; an absent number is an MSR the processor does not have
   * @throws IllegalArgumentException if no processor could report this: the message names the MSR
   *     and what the SDM says of it
   */
  public VmxCapabilities(Map<Integer, Long> msrs) {
    for (Map.Entry<Integer, Long> entry : msrs.entrySet()) {
      int number = entry.getKey();
      if (number < FIRST_MSR || number > LAST_MSR) {
        throw new IllegalArgumentException("%XH is no VMX capability MSR".formatted(number));
      }
      values[number - FIRST_MSR] = entry.getValue();
      present |= 1 << (number - FIRST_MSR);
    }
    for (ControlWord word : ControlWord.values()) {
      readAllowedSettings(word);
    }
    VmxCapabilityRules.check(this);
  }

  private void readAllowedSettings(ControlWord word) {
    int number = hasTrueControls() ? word.trueCapabilityMsr() : word.capabilityMsr();
    long value = msr(number);
    boolean both = word.hasAllowed0Settings();
    mayBe0[word.ordinal()] = both ? (~value & 0xFFFF_FFFFL) : -1L;
    mayBe1[word.ordinal()] = both ? value >>> 32 : value;
  }

  /** Whether the processor has the MSR. */
  public boolean hasMsr(int number) {
    return number >= FIRST_MSR
        && number <= LAST_MSR
        && (present & (1 << (number - FIRST_MSR))) != 0;
  }

  /** The MSR's value; 0 if the processor does not have it. */
  public long msr(int number) {
    return hasMsr(number) ? values[number - FIRST_MSR] : 0;
  }

  /** All MSRs of this processor, value by number, in ascending order. */
  public Map<Integer, Long> msrs() {
    Map<Integer, Long> all = new TreeMap<>();
    for (int number = FIRST_MSR; number <= LAST_MSR; number++) {
      if (hasMsr(number)) {
        all.put(number, msr(number));
      }
    }
    return all;
  }

  // Controls

  /** The allowed 0-settings: a bit is 1 where VM entry lets the control be 0. */
  public long mayBeZero(ControlWord word) {
    return mayBe0[word.ordinal()];
  }

  /** The allowed 1-settings: a bit is 1 where VM entry lets the control be 1. */
  public long mayBeOne(ControlWord word) {
    return mayBe1[word.ordinal()];
  }

  /** Whether VM entry lets {@code control} be 0. */
  public boolean mayBeZero(Control control) {
    return control.in(mayBeZero(control.word()));
  }

  /** Whether VM entry lets {@code control} be 1. */
  public boolean mayBeOne(Control control) {
    return control.in(mayBeOne(control.word()));
  }

  /** Whether the processor supports the 1-setting of {@code control}. */
  public boolean supports(Control control) {
    return mayBeOne(control);
  }

  /**
   * {@code wanted} with every reserved control at the setting this processor requires, as SDM
   * 31.5.1 “Algorithms for Determining VMX Capabilities” has software do.
   */
  public long adjust(ControlWord word, long wanted) {
    return (wanted | ~mayBeZero(word)) & mayBeOne(word);
  }

  // IA32_VMX_BASIC

  /** The VMCS revision identifier, 31 bits. */
  public int revisionId() {
    return (int) msr(IA32_VMX_BASIC) & 0x7FFF_FFFF;
  }

  /** The size of VMXON and VMCS regions in bytes, at most 4096. */
  public int regionSize() {
    return (int) (msr(IA32_VMX_BASIC) >>> 32) & 0x1FFF;
  }

  /** Whether addresses of VMX structures are limited to 32 bits. */
  public boolean limitsAddressesTo32Bits() {
    return bit(IA32_VMX_BASIC, 48);
  }

  /** Whether VM exits by INS and OUTS report VM-exit instruction information. */
  public boolean reportsInsOutsInformation() {
    return bit(IA32_VMX_BASIC, 54);
  }

  /** Whether some default1 controls may be 0, and the TRUE capability MSRs exist. */
  public boolean hasTrueControls() {
    return bit(IA32_VMX_BASIC, 55);
  }

  /** Whether VM entry delivers any hardware exception with or without an error code. */
  public boolean injectsExceptionsRegardlessOfErrorCode() {
    return bit(IA32_VMX_BASIC, 56);
  }

  // IA32_VMX_MISC

  /** The TSC bit whose change makes the VMX-preemption timer count down by one. */
  public int preemptionTimerRate() {
    return (int) msr(IA32_VMX_MISC) & 0x1F;
  }

  /** Whether VM exits store IA32_EFER.LMA into “IA-32e mode guest”. */
  public boolean storesLmaOnExit() {
    return bit(IA32_VMX_MISC, 5);
  }

  /** Whether VM entry can establish activity state {@code state}; 0 (active) always. */
  public boolean supportsActivityState(int state) {
    return state == 0 || (state > 0 && state <= 3 && bit(IA32_VMX_MISC, 5 + state));
  }

  /** The number of CR3-target values, 0 to 256. */
  public int cr3TargetCount() {
    return (int) (msr(IA32_VMX_MISC) >>> 16) & 0x1FF;
  }

  /** The recommended maximum number of MSRs in each MSR list. */
  public int recommendedMsrListSize() {
    return 512 * ((int) ((msr(IA32_VMX_MISC) >>> 25) & 7) + 1);
  }

  /** Whether VMWRITE can write VM-exit information fields. */
  public boolean vmwriteReachesReadOnlyFields() {
    return bit(IA32_VMX_MISC, 29);
  }

  /** Whether VM entry injects software events with an instruction length of 0. */
  public boolean injectsZeroLengthInstructions() {
    return bit(IA32_VMX_MISC, 30);
  }

  /** The highest index (bits 9:1) of any field's encoding. */
  public int highestFieldIndex() {
    return ((int) msr(IA32_VMX_VMCS_ENUM) >>> 1) & 0x1FF;
  }

  // CR0 and CR4

  /** The bits of CR0 that must be 1 in VMX operation. */
  public long cr0Fixed1() {
    return msr(IA32_VMX_CR0_FIXED0);
  }

  /** The bits of CR0 that may be 1 in VMX operation. */
  public long cr0MayBe1() {
    return msr(IA32_VMX_CR0_FIXED1);
  }

  /** The bits of CR4 that must be 1 in VMX operation. */
  public long cr4Fixed1() {
    return msr(IA32_VMX_CR4_FIXED0);
  }

  /** The bits of CR4 that may be 1 in VMX operation. */
  public long cr4MayBe1() {
    return msr(IA32_VMX_CR4_FIXED1);
  }

  // IA32_VMX_EPT_VPID_CAP

  /** Whether the processor reports the EPT or VPID feature. */
  public boolean supports(EptVpidCapability capability) {
    return bit(IA32_VMX_EPT_VPID_CAP, capability.bit());
  }

  private boolean bit(int number, int position) {
    return ((msr(number) >>> position) & 1) != 0;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof VmxCapabilities that && msrs().equals(that.msrs());
  }

  @Override
  public int hashCode() {
    return msrs().hashCode();
  }
}
