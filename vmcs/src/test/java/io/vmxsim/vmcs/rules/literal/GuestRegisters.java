package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.CpuFacts.CheckedMsr;
import io.vmxsim.vmcs.rules.CpuFacts.Feature;
import io.vmxsim.vmcs.rules.EntryContext;

/**
 * 26.3.1.1 “Checks on Guest Control Registers, Debug Registers, and MSRs”, with 29.3.1.1 of June
 * 2026.
 */
final class GuestRegisters extends Reading {

  GuestRegisters(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    return crs() && ia32e() && debug() && msrs() && cet() && fred();
  }

  private boolean crs() {
    long cr0 = field(VmcsField.GUEST_CR0);
    long cr4 = field(VmcsField.GUEST_CR4);
    boolean unrestricted = secondary(7);
    for (int n = 0; n < 64; n++) {
      boolean checked = n != 29 && n != 30 && !(unrestricted && (n == 0 || n == 31));
      if (checked && !(bit(cr0, n) ? bit(msr(0x487), n) : !bit(msr(0x486), n))) {
        return false;
      }
      if (!(bit(cr4, n) ? bit(msr(0x489), n) : !bit(msr(0x488), n))) {
        return false;
      }
    }
    if (bit(cr0, 31) && !bit(cr0, 0)) {
      return false;
    }
    if (bit(cr4, 23) && !bit(cr0, 16)) {
      return false;
    }
    long cr3 = field(VmcsField.GUEST_CR3);
    for (int n = context.cpu().physicalAddressBits(); n < 64; n++) {
      boolean lam = (n == 61 || n == 62) && context.cpu().has(Feature.LAM);
      if (bit(cr3, n) && !lam) {
        return false;
      }
    }
    return true;
  }

  private boolean ia32e() {
    long cr0 = field(VmcsField.GUEST_CR0);
    long cr4 = field(VmcsField.GUEST_CR4);
    if (entry(9)) {
      return bit(cr0, 31) && bit(cr4, 5);
    }
    return !bit(cr4, 17) && !bit(cr4, 32);
  }

  private boolean debug() {
    if (!entry(2)) {
      return true;
    }
    return noneReserved(
            field(VmcsField.GUEST_IA32_DEBUGCTL), context.cpu().defined(CheckedMsr.IA32_DEBUGCTL))
        && bits(field(VmcsField.GUEST_DR7), 63, 32) == 0;
  }

  private boolean msrs() {
    if (!canonical(field(VmcsField.GUEST_IA32_SYSENTER_ESP))
        || !canonical(field(VmcsField.GUEST_IA32_SYSENTER_EIP))) {
      return false;
    }
    if (entry(13)
        && !noneReserved(
            field(VmcsField.GUEST_IA32_PERF_GLOBAL_CTRL),
            context.cpu().defined(CheckedMsr.IA32_PERF_GLOBAL_CTRL))) {
      return false;
    }
    if (entry(14) && !patProper(field(VmcsField.GUEST_IA32_PAT))) {
      return false;
    }
    if (entry(15) && !eferProper()) {
      return false;
    }
    if (entry(16)) {
      long bndcfgs = field(VmcsField.GUEST_IA32_BNDCFGS);
      if (!noneReserved(bndcfgs, context.cpu().defined(CheckedMsr.IA32_BNDCFGS))
          || !canonical(bits(bndcfgs, 63, 12) << 12)) {
        return false;
      }
    }
    if (entry(18)
        && !noneReserved(
            field(VmcsField.GUEST_IA32_RTIT_CTL),
            context.cpu().defined(CheckedMsr.IA32_RTIT_CTL))) {
      return false;
    }
    if (entry(21)
        && !noneReserved(
            field(VmcsField.GUEST_IA32_LBR_CTL), context.cpu().defined(CheckedMsr.IA32_LBR_CTL))) {
      return false;
    }
    if (entry(22) && bits(field(VmcsField.GUEST_IA32_PKRS), 63, 32) != 0) {
      return false;
    }
    return !entry(19) || bits(field(VmcsField.GUEST_UINV), 15, 8) == 0;
  }

  private boolean eferProper() {
    long efer = field(VmcsField.GUEST_IA32_EFER);
    if (!noneReserved(efer, context.cpu().defined(CheckedMsr.IA32_EFER))) {
      return false;
    }
    if (bit(efer, 10) != entry(9)) {
      return false;
    }
    return !bit(field(VmcsField.GUEST_CR0), 31) || bit(efer, 10) == bit(efer, 8);
  }

  private boolean cet() {
    if (!entry(20)) {
      return true;
    }
    long sCet = field(VmcsField.GUEST_IA32_S_CET);
    return canonical(sCet)
        && canonical(field(VmcsField.GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR))
        && noneReserved(sCet, context.cpu().defined(CheckedMsr.IA32_S_CET))
        && !(bit(sCet, 10) && bit(sCet, 11));
  }

  private boolean fred() {
    if (!entry(23)) {
      return true;
    }
    long config = field(VmcsField.GUEST_IA32_FRED_CONFIG);
    if (bit(config, 2) || bits(config, 5, 4) != 0 || bit(config, 11) || !canonical(config)) {
      return false;
    }
    VmcsField[] rsp = {
      VmcsField.GUEST_IA32_FRED_RSP1, VmcsField.GUEST_IA32_FRED_RSP2, VmcsField.GUEST_IA32_FRED_RSP3
    };
    VmcsField[] ssp = {
      VmcsField.GUEST_IA32_FRED_SSP1, VmcsField.GUEST_IA32_FRED_SSP2, VmcsField.GUEST_IA32_FRED_SSP3
    };
    for (int i = 0; i < 3; i++) {
      if (!canonical(field(rsp[i])) || bits(field(rsp[i]), 5, 0) != 0) {
        return false;
      }
      if (!canonical(field(ssp[i])) || bits(field(ssp[i]), 2, 0) != 0) {
        return false;
      }
    }
    return true;
  }
}
