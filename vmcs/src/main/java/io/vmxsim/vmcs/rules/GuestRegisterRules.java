package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.GUEST_CR0;
import static io.vmxsim.vmcs.VmcsField.GUEST_CR4;
import static io.vmxsim.vmcs.VmcsField.GUEST_IA32_BNDCFGS;
import static io.vmxsim.vmcs.VmcsField.GUEST_IA32_DEBUGCTL;
import static io.vmxsim.vmcs.VmcsField.GUEST_IA32_EFER;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.off;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;
import static io.vmxsim.vmcs.rules.Condition.set;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.CpuFacts.CheckedMsr;
import java.util.List;

/** SDM (June 2016) 26.3.1.1 “Checks on Guest Control Registers, Debug Registers, and MSRs”. */
final class GuestRegisterRules {

  /** VM entries do not change them, so they are never checked. */
  private static final long CR0_UNCHECKED = RegisterBits.CR0_NW | RegisterBits.CR0_CD;

  private static final long CR0_OF_UNRESTRICTED_GUEST = RegisterBits.CR0_PE | RegisterBits.CR0_PG;
  private static final long PAGE_OFFSET = 0xFFF;

  private GuestRegisterRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.GUEST_REGISTERS);
    RegisterChecks checks = new RegisterChecks(list, "guest");
    controlRegisters(list, checks);
    debug(list, checks);
    ia32eMode(list, checks);
    msrs(checks);
    efer(list, checks);
    boundConfiguration(list, checks);
    newerState(list, checks);
    return list.rules();
  }

  private static void controlRegisters(RuleList list, RegisterChecks checks) {
    VmcsField[] reads = {
      GUEST_CR0,
      VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
      VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
    };
    list.rule(
            "guest-cr0-fixed-1",
            "The guest CR0 field must have 1 where IA32_VMX_CR0_FIXED0 has 1, except CD and NW, and"
                + " PE and PG of an unrestricted guest.")
        .then(c -> (~c.get(GUEST_CR0) & c.capabilities().cr0Fixed1() & checkedCr0(c)) == 0, reads);
    list.rule(
            "guest-cr0-fixed-0",
            "The guest CR0 field must have 0 where IA32_VMX_CR0_FIXED1 has 0, except CD and NW.")
        .then(c -> (c.get(GUEST_CR0) & ~c.capabilities().cr0MayBe1() & checkedCr0(c)) == 0, reads);
    list.rule("guest-cr0-pg-needs-pe", "If guest CR0.PG is 1, guest CR0.PE must also be 1.")
        .when(set(GUEST_CR0, RegisterBits.CR0_PG))
        .then(set(GUEST_CR0, RegisterBits.CR0_PE));
    list.rule(
            "guest-cr4-fixed-1", "The guest CR4 field must have 1 where IA32_VMX_CR4_FIXED0 has 1.")
        .then(c -> (~c.get(GUEST_CR4) & c.capabilities().cr4Fixed1()) == 0, GUEST_CR4);
    list.rule(
            "guest-cr4-fixed-0", "The guest CR4 field must have 0 where IA32_VMX_CR4_FIXED1 has 0.")
        .then(c -> (c.get(GUEST_CR4) & ~c.capabilities().cr4MayBe1()) == 0, GUEST_CR4);
    checks.cetNeedsWriteProtect(GUEST_CR0, GUEST_CR4);
  }

  private static long checkedCr0(EntryContext c) {
    boolean unrestricted = c.on(SecondaryControl.UNRESTRICTED_GUEST);
    return ~(CR0_UNCHECKED | (unrestricted ? CR0_OF_UNRESTRICTED_GUEST : 0));
  }

  private static void debug(RuleList list, RegisterChecks checks) {
    Condition load = on(EntryControl.LOAD_DEBUG_CONTROLS);
    checks
        .reserved("debugctl", CheckedMsr.IA32_DEBUGCTL, load)
        .then(RegisterChecks.noneReserved(CheckedMsr.IA32_DEBUGCTL, GUEST_IA32_DEBUGCTL));
    list.rule("guest-dr7-high", "Bits 63:32 in the guest DR7 field must be 0.")
        .when(load)
        .then(clear(VmcsField.GUEST_DR7, RegisterBits.BITS_63_32));
  }

  private static void ia32eMode(RuleList list, RegisterChecks checks) {
    Condition ia32e = on(EntryControl.IA_32E_MODE_GUEST);
    Condition legacy = off(EntryControl.IA_32E_MODE_GUEST);
    list.rule("ia32e-guest-needs-pg", "Guest CR0.PG must be 1 if “IA-32e mode guest” is 1.")
        .when(ia32e)
        .then(set(GUEST_CR0, RegisterBits.CR0_PG));
    list.rule("ia32e-guest-needs-pae", "Guest CR4.PAE must be 1 if “IA-32e mode guest” is 1.")
        .when(ia32e)
        .then(set(GUEST_CR4, RegisterBits.CR4_PAE));
    list.rule("guest-pcide-needs-ia32e", "Guest CR4.PCIDE must be 0 without “IA-32e mode guest”.")
        .when(legacy)
        .then(clear(GUEST_CR4, RegisterBits.CR4_PCIDE));
    list.rule("guest-fred-needs-ia32e", "Guest CR4.FRED must be 0 without “IA-32e mode guest”.")
        .newer()
        .when(legacy)
        .then(clear(GUEST_CR4, RegisterBits.CR4_FRED));
    checks.cr3(VmcsField.GUEST_CR3);
  }

  private static void msrs(RegisterChecks checks) {
    checks.canonical("sysenter-esp", "IA32_SYSENTER_ESP", VmcsField.GUEST_IA32_SYSENTER_ESP);
    checks.canonical("sysenter-eip", "IA32_SYSENTER_EIP", VmcsField.GUEST_IA32_SYSENTER_EIP);
    CheckedMsr perf = CheckedMsr.IA32_PERF_GLOBAL_CTRL;
    checks
        .reserved("perf-global-ctrl", perf, on(EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL))
        .then(RegisterChecks.noneReserved(perf, VmcsField.GUEST_IA32_PERF_GLOBAL_CTRL));
    checks.pat(on(EntryControl.LOAD_IA32_PAT), VmcsField.GUEST_IA32_PAT);
  }

  private static void efer(RuleList list, RegisterChecks checks) {
    Condition load = on(EntryControl.LOAD_IA32_EFER);
    checks
        .reserved("efer", CheckedMsr.IA32_EFER, load)
        .then(RegisterChecks.noneReserved(CheckedMsr.IA32_EFER, GUEST_IA32_EFER));
    list.rule("guest-efer-lma", "LMA in the guest IA32_EFER field must equal “IA-32e mode guest”.")
        .when(load)
        .then(
            c ->
                c.all(GUEST_IA32_EFER, RegisterBits.EFER_LMA)
                    == c.on(EntryControl.IA_32E_MODE_GUEST),
            GUEST_IA32_EFER,
            VmcsField.VM_ENTRY_CONTROLS);
    list.rule("guest-efer-lme", "LMA must equal LME in the guest IA32_EFER field if CR0.PG is 1.")
        .when(load)
        .when(set(GUEST_CR0, RegisterBits.CR0_PG))
        .then(
            c ->
                c.all(GUEST_IA32_EFER, RegisterBits.EFER_LMA)
                    == c.all(GUEST_IA32_EFER, RegisterBits.EFER_LME),
            GUEST_IA32_EFER);
  }

  private static void boundConfiguration(RuleList list, RegisterChecks checks) {
    Condition load = on(EntryControl.LOAD_IA32_BNDCFGS);
    checks
        .reserved("bndcfgs", CheckedMsr.IA32_BNDCFGS, load)
        .then(RegisterChecks.noneReserved(CheckedMsr.IA32_BNDCFGS, GUEST_IA32_BNDCFGS));
    list.rule(
            "guest-bndcfgs-canonical",
            "The linear address in bits 63:12 of the guest IA32_BNDCFGS field must be canonical.")
        .when(load)
        .then(
            reading(
                c -> c.isCanonical(c.get(GUEST_IA32_BNDCFGS) & ~PAGE_OFFSET), GUEST_IA32_BNDCFGS));
  }

  private static void newerState(RuleList list, RegisterChecks checks) {
    checks
        .reserved("rtit-ctl", CheckedMsr.IA32_RTIT_CTL, on(EntryControl.LOAD_IA32_RTIT_CTL))
        .newer()
        .then(RegisterChecks.noneReserved(CheckedMsr.IA32_RTIT_CTL, VmcsField.GUEST_IA32_RTIT_CTL));
    Condition cet = on(EntryControl.LOAD_CET_STATE);
    checks.newerCanonical("s-cet", "IA32_S_CET", cet, VmcsField.GUEST_IA32_S_CET);
    checks.newerCanonical(
        "interrupt-ssp-table",
        "IA32_INTERRUPT_SSP_TABLE_ADDR",
        cet,
        VmcsField.GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR);
    checks.supervisorCet(cet, VmcsField.GUEST_IA32_S_CET);
    checks
        .reserved("lbr-ctl", CheckedMsr.IA32_LBR_CTL, on(EntryControl.LOAD_GUEST_IA32_LBR_CTL))
        .newer()
        .then(RegisterChecks.noneReserved(CheckedMsr.IA32_LBR_CTL, VmcsField.GUEST_IA32_LBR_CTL));
    checks.pkrs(on(EntryControl.LOAD_PKRS), VmcsField.GUEST_IA32_PKRS);
    list.rule("guest-uinv-reserved", "Bits 15:8 of the guest UINV field must be 0.")
        .newer()
        .when(on(EntryControl.LOAD_UINV))
        .then(clear(VmcsField.GUEST_UINV, 0xFF00));
    checks.fred(
        on(EntryControl.LOAD_FRED),
        VmcsField.GUEST_IA32_FRED_CONFIG,
        List.of(
            VmcsField.GUEST_IA32_FRED_RSP1,
            VmcsField.GUEST_IA32_FRED_RSP2,
            VmcsField.GUEST_IA32_FRED_RSP3),
        List.of(
            VmcsField.GUEST_IA32_FRED_SSP1,
            VmcsField.GUEST_IA32_FRED_SSP2,
            VmcsField.GUEST_IA32_FRED_SSP3));
  }
}
