package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.CpuFacts.CheckedMsr;
import io.vmxsim.vmcs.rules.CpuFacts.Feature;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.2.2 “Checks on Host Control Registers and MSRs”, with 29.2.2 of June 2026. */
final class HostRegisters extends Reading {

  HostRegisters(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    return crs() && msrs() && cet() && fred();
  }

  private boolean crs() {
    long cr0 = field(VmcsField.HOST_CR0);
    long cr4 = field(VmcsField.HOST_CR4);
    for (int n = 0; n < 64; n++) {
      // NW (29) and CD (30) are never checked
      if (n != 29 && n != 30 && !supported(bit(cr0, n), 0x486, n)) {
        return false;
      }
      if (!supported(bit(cr4, n), 0x488, n)) {
        return false;
      }
    }
    if (bit(cr4, 23) && !bit(cr0, 16)) {
      return false;
    }
    long cr3 = field(VmcsField.HOST_CR3);
    for (int n = context.cpu().physicalAddressBits(); n < 64; n++) {
      boolean lam = (n == 61 || n == 62) && context.cpu().has(Feature.LAM);
      if (bit(cr3, n) && !lam) {
        return false;
      }
    }
    return !bit(msr(0x480), 48) || bits(cr3, 63, 32) == 0;
  }

  /** 23.8: fixed to 1 if FIXED0 has 1, fixed to 0 if FIXED1 has 0. */
  private boolean supported(boolean one, int fixed0, int n) {
    return one ? bit(msr(fixed0 + 1), n) : !bit(msr(fixed0), n);
  }

  private boolean msrs() {
    if (!canonical(field(VmcsField.HOST_IA32_SYSENTER_ESP))
        || !canonical(field(VmcsField.HOST_IA32_SYSENTER_EIP))) {
      return false;
    }
    if (exit(12)
        && !noneReserved(
            field(VmcsField.HOST_IA32_PERF_GLOBAL_CTRL),
            context.cpu().defined(CheckedMsr.IA32_PERF_GLOBAL_CTRL))) {
      return false;
    }
    if (exit(19) && !patProper(field(VmcsField.HOST_IA32_PAT))) {
      return false;
    }
    if (exit(21)) {
      long efer = field(VmcsField.HOST_IA32_EFER);
      boolean size = exit(9);
      if (!noneReserved(efer, context.cpu().defined(CheckedMsr.IA32_EFER))
          || bit(efer, 10) != size
          || bit(efer, 8) != size) {
        return false;
      }
    }
    return !exit(29) || bits(field(VmcsField.HOST_IA32_PKRS), 63, 32) == 0;
  }

  private boolean cet() {
    if (!exit(28)) {
      return true;
    }
    long sCet = field(VmcsField.HOST_IA32_S_CET);
    return noneReserved(sCet, context.cpu().defined(CheckedMsr.IA32_S_CET))
        && !(bit(sCet, 10) && bit(sCet, 11))
        && bits(field(VmcsField.HOST_SSP), 1, 0) == 0;
  }

  private boolean fred() {
    if (!exit2(1)) {
      return true;
    }
    long config = field(VmcsField.HOST_IA32_FRED_CONFIG);
    if (bit(config, 2) || bits(config, 5, 4) != 0 || bit(config, 11) || !canonical(config)) {
      return false;
    }
    VmcsField[] rsp = {
      VmcsField.HOST_IA32_FRED_RSP1, VmcsField.HOST_IA32_FRED_RSP2, VmcsField.HOST_IA32_FRED_RSP3
    };
    VmcsField[] ssp = {
      VmcsField.HOST_IA32_FRED_SSP1, VmcsField.HOST_IA32_FRED_SSP2, VmcsField.HOST_IA32_FRED_SSP3
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
