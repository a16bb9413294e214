package io.vmxsim.cpu;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import org.jspecify.annotations.Nullable;

/**
 * The instructions whose VM exits depend on single controls and not on operands: "Instructions That
 * Cause VM Exits Unconditionally" (25.1.2) and the plain rows of "Instructions That Cause VM Exits
 * Conditionally" (25.1.3). A row says, in the order the processor asks ("Relative Priority of
 * Faults and VM Exits", 25.1.1): the CPUID feature without which there is no such instruction, the
 * privilege checks that rank above the exit, the control that must be 1 for the instruction to
 * exist in VMX non-root operation, the control that makes it exit, the exit reason, and what it
 * costs when it completes.
 */
public enum Intercept {
  CPUID(null, Privilege.ANY, null, null, ExitReason.CPUID, InstructionClass.CPUID),
  INVD(null, Privilege.SYSTEM, null, null, ExitReason.INVD, InstructionClass.WBINVD),
  XSETBV(null, Privilege.SYSTEM, null, null, ExitReason.XSETBV, InstructionClass.XSETBV),
  VMCALL(null, Privilege.ANY, null, null, ExitReason.VMCALL, InstructionClass.SIMPLE),
  HLT(
      null,
      Privilege.SYSTEM,
      null,
      PrimaryControl.HLT_EXITING,
      ExitReason.HLT,
      InstructionClass.HLT),
  INVLPG(
      null,
      Privilege.SYSTEM,
      null,
      PrimaryControl.INVLPG_EXITING,
      ExitReason.INVLPG,
      InstructionClass.INVLPG),
  INVPCID(
      CpuidFeature.INVPCID,
      Privilege.SYSTEM,
      SecondaryControl.ENABLE_INVPCID,
      PrimaryControl.INVLPG_EXITING,
      ExitReason.INVPCID,
      InstructionClass.INVPCID),
  RDPMC(
      null,
      Privilege.PERFORMANCE_COUNTERS,
      null,
      PrimaryControl.RDPMC_EXITING,
      ExitReason.RDPMC,
      InstructionClass.RDPMC),
  RDTSC(
      null,
      Privilege.TIME_STAMP,
      null,
      PrimaryControl.RDTSC_EXITING,
      ExitReason.RDTSC,
      InstructionClass.RDTSC),
  RDTSCP(
      CpuidFeature.RDTSCP,
      Privilege.TIME_STAMP,
      SecondaryControl.ENABLE_RDTSCP,
      PrimaryControl.RDTSC_EXITING,
      ExitReason.RDTSCP,
      InstructionClass.RDTSC),
  MONITOR(
      CpuidFeature.MONITOR,
      Privilege.SYSTEM_ELSE_INVALID,
      null,
      PrimaryControl.MONITOR_EXITING,
      ExitReason.MONITOR_INSTRUCTION,
      InstructionClass.MONITOR),
  MWAIT(
      CpuidFeature.MONITOR,
      Privilege.SYSTEM_ELSE_INVALID,
      null,
      PrimaryControl.MWAIT_EXITING,
      ExitReason.MWAIT_INSTRUCTION,
      InstructionClass.MWAIT),
  UMWAIT(
      CpuidFeature.WAITPKG,
      Privilege.TIME_STAMP,
      SecondaryControl.ENABLE_USER_WAIT_AND_PAUSE,
      PrimaryControl.RDTSC_EXITING,
      ExitReason.UMWAIT,
      InstructionClass.PAUSE),
  TPAUSE(
      CpuidFeature.WAITPKG,
      Privilege.TIME_STAMP,
      SecondaryControl.ENABLE_USER_WAIT_AND_PAUSE,
      PrimaryControl.RDTSC_EXITING,
      ExitReason.TPAUSE,
      InstructionClass.PAUSE),
  WBINVD(
      null,
      Privilege.SYSTEM,
      null,
      SecondaryControl.WBINVD_EXITING,
      ExitReason.WBINVD,
      InstructionClass.WBINVD),
  RDRAND(
      CpuidFeature.RDRAND,
      Privilege.ANY,
      null,
      SecondaryControl.RDRAND_EXITING,
      ExitReason.RDRAND,
      InstructionClass.RDRAND),
  RDSEED(
      CpuidFeature.RDSEED,
      Privilege.ANY,
      null,
      SecondaryControl.RDSEED_EXITING,
      ExitReason.RDSEED,
      InstructionClass.RDRAND),
  /** LGDT and LIDT. */
  LOAD_GDTR_IDTR(
      null,
      Privilege.SYSTEM,
      null,
      SecondaryControl.DESCRIPTOR_TABLE_EXITING,
      ExitReason.GDTR_IDTR,
      InstructionClass.DESCRIPTOR_TABLE),
  /** SGDT and SIDT. */
  STORE_GDTR_IDTR(
      null,
      Privilege.UMIP,
      null,
      SecondaryControl.DESCRIPTOR_TABLE_EXITING,
      ExitReason.GDTR_IDTR,
      InstructionClass.DESCRIPTOR_TABLE),
  /** LLDT and LTR. */
  LOAD_LDTR_TR(
      null,
      Privilege.SYSTEM,
      null,
      SecondaryControl.DESCRIPTOR_TABLE_EXITING,
      ExitReason.LDTR_TR,
      InstructionClass.DESCRIPTOR_TABLE),
  /** SLDT and STR. */
  STORE_LDTR_TR(
      null,
      Privilege.UMIP,
      null,
      SecondaryControl.DESCRIPTOR_TABLE_EXITING,
      ExitReason.LDTR_TR,
      InstructionClass.DESCRIPTOR_TABLE);

  /** The privilege checks of the instruction, which rank above VM exits. */
  enum Privilege {
    /** No privilege needed. */
    ANY,
    /** CPL 0, else #GP(0). */
    SYSTEM,
    /** CPL 0, else #UD: MONITOR and MWAIT. */
    SYSTEM_ELSE_INVALID,
    /** CPL 0 if CR4.TSD is 1, else #GP(0). */
    TIME_STAMP,
    /** CPL 0 unless CR4.PCE is 1, else #GP(0). */
    PERFORMANCE_COUNTERS,
    /** CPL 0 if CR4.UMIP is 1, else #GP(0). */
    UMIP
  }

  private final @Nullable CpuidFeature feature;
  private final Privilege privilege;
  private final @Nullable SecondaryControl enabledBy;

  @SuppressWarnings("ImmutableEnumChecker") // every control is an enum constant
  private final @Nullable Control exitsWhen;

  private final ExitReason reason;
  private final InstructionClass instructionClass;

  Intercept(
      @Nullable CpuidFeature feature,
      Privilege privilege,
      @Nullable SecondaryControl enabledBy,
      @Nullable Control exitsWhen,
      ExitReason reason,
      InstructionClass instructionClass) {
    this.feature = feature;
    this.privilege = privilege;
    this.enabledBy = enabledBy;
    this.exitsWhen = exitsWhen;
    this.reason = reason;
    this.instructionClass = instructionClass;
  }

  /** The CPUID feature without which the instruction gets #UD anywhere, or null. */
  @Nullable CpuidFeature feature() {
    return feature;
  }

  /** The privilege check that ranks above the exit. */
  Privilege privilege() {
    return privilege;
  }

  /** The control without which the instruction gets #UD in VMX non-root operation, or null. */
  @Nullable SecondaryControl enabledBy() {
    return enabledBy;
  }

  /** The control that makes the instruction exit, or null if it always exits. */
  @Nullable Control exitsWhen() {
    return exitsWhen;
  }

  /** The basic exit reason. */
  ExitReason reason() {
    return reason;
  }

  /** What the instruction costs when it completes. */
  InstructionClass instructionClass() {
    return instructionClass;
  }
}
