package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.HOST_CR0;
import static io.vmxsim.vmcs.VmcsField.HOST_CR4;
import static io.vmxsim.vmcs.VmcsField.HOST_IA32_EFER;
import static io.vmxsim.vmcs.VmcsField.HOST_IA32_PERF_GLOBAL_CTRL;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;

import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.SecondaryExitControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.CpuFacts.CheckedMsr;
import java.util.List;

/** SDM (June 2016) 26.2.2 “Checks on Host Control Registers and MSRs”. */
final class HostRegisterRules {

  /** VM exits do not change them, so they are never checked. */
  private static final long CR0_UNCHECKED = RegisterBits.CR0_NW | RegisterBits.CR0_CD;

  private HostRegisterRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.HOST_REGISTERS);
    RegisterChecks checks = new RegisterChecks(list, "host");
    controlRegisters(list, checks);
    checks.canonical("sysenter-esp", "IA32_SYSENTER_ESP", VmcsField.HOST_IA32_SYSENTER_ESP);
    checks.canonical("sysenter-eip", "IA32_SYSENTER_EIP", VmcsField.HOST_IA32_SYSENTER_EIP);
    CheckedMsr perf = CheckedMsr.IA32_PERF_GLOBAL_CTRL;
    checks
        .reserved("perf-global-ctrl", perf, on(ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL))
        .then(RegisterChecks.noneReserved(perf, HOST_IA32_PERF_GLOBAL_CTRL));
    checks.pat(on(ExitControl.LOAD_IA32_PAT), VmcsField.HOST_IA32_PAT);
    efer(list, checks);
    Condition cet = on(ExitControl.LOAD_CET_STATE);
    checks.supervisorCet(cet, VmcsField.HOST_IA32_S_CET);
    checks.shadowStackPointer(cet, VmcsField.HOST_SSP);
    checks.pkrs(on(ExitControl.LOAD_PKRS), VmcsField.HOST_IA32_PKRS);
    checks.fred(
        on(SecondaryExitControl.LOAD_FRED),
        VmcsField.HOST_IA32_FRED_CONFIG,
        List.of(
            VmcsField.HOST_IA32_FRED_RSP1,
            VmcsField.HOST_IA32_FRED_RSP2,
            VmcsField.HOST_IA32_FRED_RSP3),
        List.of(
            VmcsField.HOST_IA32_FRED_SSP1,
            VmcsField.HOST_IA32_FRED_SSP2,
            VmcsField.HOST_IA32_FRED_SSP3));
    return list.rules();
  }

  private static void controlRegisters(RuleList list, RegisterChecks checks) {
    list.rule(
            "host-cr0-fixed-1",
            "The host CR0 field must have 1 where IA32_VMX_CR0_FIXED0 has 1, except CD and NW.")
        .then(
            c -> (~c.get(HOST_CR0) & c.capabilities().cr0Fixed1() & ~CR0_UNCHECKED) == 0, HOST_CR0);
    list.rule(
            "host-cr0-fixed-0",
            "The host CR0 field must have 0 where IA32_VMX_CR0_FIXED1 has 0, except CD and NW.")
        .then(
            c -> (c.get(HOST_CR0) & ~c.capabilities().cr0MayBe1() & ~CR0_UNCHECKED) == 0, HOST_CR0);
    list.rule("host-cr4-fixed-1", "The host CR4 field must have 1 where IA32_VMX_CR4_FIXED0 has 1.")
        .then(c -> (~c.get(HOST_CR4) & c.capabilities().cr4Fixed1()) == 0, HOST_CR4);
    list.rule("host-cr4-fixed-0", "The host CR4 field must have 0 where IA32_VMX_CR4_FIXED1 has 0.")
        .then(c -> (c.get(HOST_CR4) & ~c.capabilities().cr4MayBe1()) == 0, HOST_CR4);
    checks.cetNeedsWriteProtect(HOST_CR0, HOST_CR4);
    checks.cr3(VmcsField.HOST_CR3);
  }

  private static void efer(RuleList list, RegisterChecks checks) {
    Condition load = on(ExitControl.LOAD_IA32_EFER);
    checks
        .reserved("efer", CheckedMsr.IA32_EFER, load)
        .then(RegisterChecks.noneReserved(CheckedMsr.IA32_EFER, HOST_IA32_EFER));
    eferBit(list, "lma", RegisterBits.EFER_LMA);
    eferBit(list, "lme", RegisterBits.EFER_LME);
  }

  private static void eferBit(RuleList list, String bit, long mask) {
    list.rule(
            "host-efer-" + bit,
            "LM%s in the host IA32_EFER field must be equal to “host address-space size”."
                .formatted(bit.equals("lma") ? "A" : "E"))
        .when(on(ExitControl.LOAD_IA32_EFER))
        .then(
            reading(
                c -> c.all(HOST_IA32_EFER, mask) == c.on(ExitControl.HOST_ADDRESS_SPACE_SIZE),
                HOST_IA32_EFER,
                VmcsField.VM_EXIT_CONTROLS));
  }
}
