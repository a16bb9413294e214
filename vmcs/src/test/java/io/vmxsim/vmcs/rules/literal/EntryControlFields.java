package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.CpuFacts;
import io.vmxsim.vmcs.rules.EntryContext;

/** 26.2.1.3 “VM-Entry Control Fields”, with 29.2.1.3 of June 2026. */
final class EntryControlFields extends Reading {

  EntryControlFields(EntryContext context) {
    super(context);
  }

  @Override
  boolean proper() {
    if (!reservedBitsProper(VmcsField.VM_ENTRY_CONTROLS, 0x484, 0x490)) {
      return false;
    }
    if (injecting() && !eventProper()) {
      return false;
    }
    if (!msrArea(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS, VmcsField.VM_ENTRY_MSR_LOAD_COUNT)) {
      return false;
    }
    boolean entryToSmm = entry(10);
    boolean deactivate = entry(11);
    if (!context.environment().isInSmm() && (entryToSmm || deactivate)) {
      return false;
    }
    return !(entryToSmm && deactivate);
  }

  private boolean eventProper() {
    return typeProper() && vectorProper() && errorCodeProper() && restProper();
  }

  /** “supports the 1-setting of the ‘monitor trap flag’ VM-execution control”. */
  private boolean supportsMtf() {
    return bit(msr(bit(msr(0x480), 55) ? 0x48E : 0x482), 32 + 27);
  }

  private boolean typeProper() {
    if (injectedType() == 1) {
      return false;
    }
    return injectedType() != 7 || supportsMtf() || context.cpu().has(CpuFacts.Feature.FRED);
  }

  private boolean vectorProper() {
    int vector = injectedVector();
    if (injectedType() == 2) {
      return vector == 2;
    }
    if (injectedType() == 3) {
      return vector <= 31;
    }
    if (injectedType() == 7) {
      boolean fredWillBeEnabled = bit(field(VmcsField.GUEST_CR4), 32);
      return (vector == 0 && supportsMtf()) || ((vector == 1 || vector == 2) && fredWillBeEnabled);
    }
    return true;
  }

  private boolean errorCodeProper() {
    boolean deliver = bit(field(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION), 11);
    boolean hardwareException = injectedType() == 3;
    boolean unrestricted = secondary(7);
    boolean pe = bit(field(VmcsField.GUEST_CR0), 0);
    boolean basic56 = bit(msr(0x480), 56);
    int v = injectedVector();
    boolean normallyDelivers =
        v == 8 || v == 10 || v == 11 || v == 12 || v == 13 || v == 14 || v == 17;
    boolean must1 = hardwareException && (!unrestricted || pe) && !basic56 && normallyDelivers;
    boolean neverDelivers =
        (v >= 0 && v <= 7) || v == 9 || v == 15 || v == 16 || (v >= 18 && v <= 31);
    boolean must0 = !hardwareException || (unrestricted && !pe) || (!basic56 && neverDelivers);
    return !(must1 && !deliver) && !(must0 && deliver);
  }

  private boolean restProper() {
    long information = field(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
    boolean nested = bit(information, 13);
    if (nested && (injectedType() != 3 || !bit(msr(0x480), 58))) {
      return false;
    }
    if (bits(information, 30, 14) != 0 || bit(information, 12)) {
      return false;
    }
    if (bit(information, 11) && bits(field(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE), 31, 16) != 0) {
      return false;
    }
    boolean software =
        injectedType() == 4
            || injectedType() == 5
            || injectedType() == 6
            || (injectedType() == 7 && (injectedVector() == 1 || injectedVector() == 2));
    if (software) {
      long length = field(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH);
      if (length > 15 || (length == 0 && !bit(msr(0x485), 30))) {
        return false;
      }
    }
    return true;
  }
}
