package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.rules.EntryContext;

/** Fields, MSRs and bits as the SDM's text and tables number them. */
abstract class Reading {

  final EntryContext context;

  Reading(EntryContext context) {
    this.context = context;
  }

  /** Whether every check of the section passes. */
  abstract boolean proper();

  final long field(VmcsField field) {
    return context.get(field);
  }

  final long msr(int number) {
    return context.capabilities().msr(number);
  }

  static boolean bit(long value, int n) {
    return ((value >>> n) & 1) == 1;
  }

  static long bits(long value, int high, int low) {
    long result = 0;
    for (int n = high; n >= low; n--) {
      result = result * 2 + (bit(value, n) ? 1 : 0);
    }
    return result;
  }

  // Controls by bit position, tables 24-5 to 24-12 (and 27-8, 27-15 of June 2026).

  final boolean pin(int n) {
    return bit(field(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS), n);
  }

  final boolean primary(int n) {
    return bit(field(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS), n);
  }

  /** “VM entry operates as if each secondary … control were 0” without bit 31. */
  final boolean secondary(int n) {
    return primary(31) && bit(field(VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS), n);
  }

  final boolean tertiary(int n) {
    return primary(17) && bit(field(VmcsField.TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS), n);
  }

  final boolean exit(int n) {
    return bit(field(VmcsField.VM_EXIT_CONTROLS), n);
  }

  final boolean exit2(int n) {
    return exit(31) && bit(field(VmcsField.SECONDARY_VM_EXIT_CONTROLS), n);
  }

  final boolean entry(int n) {
    return bit(field(VmcsField.VM_ENTRY_CONTROLS), n);
  }

  /** “must be set properly”: Appendix A.2 to A.5. */
  final boolean reservedBitsProper(VmcsField controls, int msr, int trueMsr) {
    long allowed = msr(bit(msr(0x480), 55) ? trueMsr : msr);
    for (int x = 0; x < 32; x++) {
      boolean one = bit(field(controls), x);
      if (!one && bit(allowed, x)) {
        return false; // bit X is 1: the control must not be 0
      }
      if (one && !bit(allowed, 32 + x)) {
        return false; // bit 32+X is 0: the control must not be 1
      }
    }
    return true;
  }

  /** 64 allowed 1-settings: Appendix A.3.4, A.4.2, A.11. */
  final boolean reservedBitsCleared(VmcsField controls, int msr) {
    for (int x = 0; x < 64; x++) {
      if (bit(field(controls), x) && !bit(msr(msr), x)) {
        return false;
      }
    }
    return true;
  }

  /**
   * “should not set any bits beyond the processor's physical-address width”, and 26.2.1's BASIC.
   */
  final boolean withinWidth(long address) {
    int width = bit(msr(0x480), 48) ? 32 : context.cpu().physicalAddressBits();
    for (int n = width; n < 64; n++) {
      if (bit(address, n)) {
        return false;
      }
    }
    return true;
  }

  /** “Bits 11:0 of the address must be 0”, and the width. */
  final boolean page(VmcsField address) {
    return bits(field(address), 11, 0) == 0 && withinWidth(field(address));
  }

  /** “canonical”: bits 63 through to the most-significant implemented bit are all ones or zeros. */
  final boolean canonical(long address) {
    return identical(address, context.cpu().linearAddressBits() - 1);
  }

  /** Bits 63:low are identical. */
  static boolean identical(long value, int low) {
    for (int n = low; n < 64; n++) {
      if (bit(value, n) != bit(value, 63)) {
        return false;
      }
    }
    return true;
  }

  /** “bits reserved in the MSR must be 0”. */
  static boolean noneReserved(long value, long defined) {
    for (int n = 0; n < 64; n++) {
      if (bit(value, n) && !bit(defined, n)) {
        return false;
      }
    }
    return true;
  }

  /** “Each of the 8 bytes … must have one of the values 0, 1, 4, 5, 6, or 7.” */
  static boolean patProper(long pat) {
    for (int n = 0; n < 64; n += 8) {
      int type = (int) bits(pat, n + 7, n);
      if (!(type == 0 || type == 1 || type == 4 || type == 5 || type == 6 || type == 7)) {
        return false;
      }
    }
    return true;
  }

  // The injected event, table 24-13.

  final boolean injecting() {
    return bit(field(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION), 31);
  }

  final int injectedType() {
    return (int) bits(field(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION), 10, 8);
  }

  final int injectedVector() {
    return (int) bits(field(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION), 7, 0);
  }

  /** The MSR areas: three times the same two checks. */
  final boolean msrArea(VmcsField address, VmcsField count) {
    if (field(count) == 0) {
      return true;
    }
    if (bits(field(address), 3, 0) != 0 || !withinWidth(field(address))) {
      return false;
    }
    // “uses more bits than the processor's physical-address width”: the sum has at most 53 bits
    return withinWidth(field(address) + field(count) * 16 - 1);
  }
}
