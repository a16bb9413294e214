package io.vmxsim.cpu;

import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/**
 * Whether an operation would cause a VM exit under the controlling VMCS: "Instructions That Cause
 * VM Exits Conditionally" (25.1.3) and "Other Causes of VM Exits" (25.2). Pure questions; each
 * answers false outside VMX non-root operation, where nothing is intercepted.
 */
public final class Intercepts {
  private static final int PAGE_FAULT = 14;
  private static final int LAST_LOW_MSR = 0x1fff;
  private static final int FIRST_HIGH_MSR = 0xc0000000;

  private static final VmcsField[] CR3_TARGETS = {
    VmcsField.CR3_TARGET_VALUE_0,
    VmcsField.CR3_TARGET_VALUE_1,
    VmcsField.CR3_TARGET_VALUE_2,
    VmcsField.CR3_TARGET_VALUE_3
  };

  private final PhysicalMemory memory;
  private Vmcs vmcs = new Vmcs(0);
  private boolean active;
  private long pin;
  private long primary;
  private long secondary;
  private long tertiary;

  Intercepts(PhysicalMemory memory) {
    this.memory = memory;
  }

  /** VM entry: the controls of {@code controlling} are in force. */
  void enter(Vmcs controlling) {
    vmcs = controlling;
    active = true;
    pin = controlling.get(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS);
    primary = controlling.get(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
    secondary = effectiveSecondary(controlling);
    tertiary = effectiveTertiary(controlling);
  }

  /** VM exit: no control is in force. */
  void leave() {
    active = false;
    pin = 0;
    primary = 0;
    secondary = 0;
    tertiary = 0;
  }

  /**
   * The secondary controls as they act: all 0 while "activate secondary controls" is 0 ("Processor-
   * Based VM-Execution Controls", 24.6.2).
   */
  static long effectiveSecondary(Vmcs vmcs) {
    long primary = vmcs.get(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
    return PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.in(primary)
        ? vmcs.get(VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS)
        : 0;
  }

  /** The tertiary controls as they act: all 0 while "activate tertiary controls" is 0. */
  static long effectiveTertiary(Vmcs vmcs) {
    long primary = vmcs.get(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
    return PrimaryControl.ACTIVATE_TERTIARY_CONTROLS.in(primary)
        ? vmcs.get(VmcsField.TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS)
        : 0;
  }

  /** Whether "enable VPID" is 1 and acts. */
  static boolean vpidEnabled(Vmcs vmcs) {
    return SecondaryControl.ENABLE_VPID.in(effectiveSecondary(vmcs));
  }

  /** Whether a pin-based control is 1 and in force. */
  public boolean on(PinControl control) {
    return control.in(pin);
  }

  /** Whether a primary control is 1 and in force. */
  public boolean on(PrimaryControl control) {
    return control.in(primary);
  }

  /** Whether a secondary control is 1 and in force. */
  public boolean on(SecondaryControl control) {
    return control.in(secondary);
  }

  /** Whether a tertiary control is 1 and in force. */
  public boolean on(TertiaryControl control) {
    return control.in(tertiary);
  }

  /** Whether the instruction exists: in VMX non-root operation some need a control set to 1. */
  boolean isEnabled(Intercept row) {
    SecondaryControl enabledBy = row.enabledBy();
    return !active || enabledBy == null || on(enabledBy);
  }

  /** Whether the instruction of that row exits. */
  boolean exits(Intercept row) {
    Control control = row.exitsWhen();
    return active
        && (control == null || control.in(control instanceof PrimaryControl ? primary : secondary));
  }

  /**
   * An exception ("Exceptions", 25.2): its bit in the exception bitmap, whose meaning is reversed
   * for a page fault whose error code does not match under the mask.
   */
  public boolean exception(int vector, int errorCode) {
    if (!active) {
      return false;
    }
    boolean bit = (vmcs.get(VmcsField.EXCEPTION_BITMAP) >>> vector & 1) != 0;
    if (vector != PAGE_FAULT) {
      return bit;
    }
    long mask = vmcs.get(VmcsField.PAGE_FAULT_ERROR_CODE_MASK);
    long match = vmcs.get(VmcsField.PAGE_FAULT_ERROR_CODE_MATCH);
    return bit == ((errorCode & 0xffffffffL & mask) == match);
  }

  /** MOV to CR0: a masked bit whose new value differs from the read shadow. */
  public boolean movToCr0(long value) {
    return active
        && ((value ^ vmcs.get(VmcsField.CR0_READ_SHADOW)) & vmcs.get(VmcsField.CR0_GUEST_HOST_MASK))
            != 0;
  }

  /** MOV to CR4: a masked bit whose new value differs from the read shadow. */
  public boolean movToCr4(long value) {
    return active
        && ((value ^ vmcs.get(VmcsField.CR4_READ_SHADOW)) & vmcs.get(VmcsField.CR4_GUEST_HOST_MASK))
            != 0;
  }

  /** MOV to CR3: "CR3-load exiting" is 1 and no CR3-target value matches. */
  public boolean movToCr3(long value) {
    if (!PrimaryControl.CR3_LOAD_EXITING.in(primary)) {
      return false;
    }
    int count = (int) Math.min(vmcs.get(VmcsField.CR3_TARGET_COUNT), CR3_TARGETS.length);
    for (int i = 0; i < count; i++) {
      if (vmcs.get(CR3_TARGETS[i]) == value) {
        return false;
      }
    }
    return true;
  }

  /** CLTS: CR0.TS set in both the CR0 guest/host mask and the read shadow. */
  public boolean clts() {
    return active
        && (vmcs.get(VmcsField.CR0_GUEST_HOST_MASK)
                & vmcs.get(VmcsField.CR0_READ_SHADOW)
                & CpuState.CR0_TS)
            != 0;
  }

  /**
   * LMSW: it would change a masked bit of bits 3:1, or set a masked PE that the shadow has at 0.
   */
  public boolean lmsw(long source) {
    if (!active) {
      return false;
    }
    long mask = vmcs.get(VmcsField.CR0_GUEST_HOST_MASK);
    long shadow = vmcs.get(VmcsField.CR0_READ_SHADOW);
    boolean setsProtection = (mask & source & ~shadow & CpuState.CR0_PE) != 0;
    return setsProtection || ((source ^ shadow) & mask & 0xe) != 0;
  }

  /** CR0 as guest software reads it: masked bits from the read shadow (25.3, MOV from CR0). */
  public long readCr0(long cr0) {
    return active
        ? shadowed(
            cr0, vmcs.get(VmcsField.CR0_GUEST_HOST_MASK), vmcs.get(VmcsField.CR0_READ_SHADOW))
        : cr0;
  }

  /** CR4 as guest software reads it: masked bits from the read shadow (25.3, MOV from CR4). */
  long readCr4(long cr4) {
    return active
        ? shadowed(
            cr4, vmcs.get(VmcsField.CR4_GUEST_HOST_MASK), vmcs.get(VmcsField.CR4_READ_SHADOW))
        : cr4;
  }

  private static long shadowed(long real, long mask, long shadow) {
    return (real & ~mask) | (shadow & mask);
  }

  /** MOV to CR0 that does not exit leaves masked bits of the register alone (25.3). */
  long effectiveCr0(long value, long cr0) {
    return active ? shadowed(value, vmcs.get(VmcsField.CR0_GUEST_HOST_MASK), cr0) : value;
  }

  /** MOV to CR4 that does not exit leaves masked bits of the register alone (25.3). */
  long effectiveCr4(long value, long cr4) {
    return active ? shadowed(value, vmcs.get(VmcsField.CR4_GUEST_HOST_MASK), cr4) : value;
  }

  /**
   * An I/O instruction: the bitmaps if they are in use (a set bit for any port it accesses, or an
   * access that wraps past port FFFFH), else "unconditional I/O exiting".
   *
   * @param size 1, 2 or 4 ports
   */
  public boolean io(int port, int size) {
    if (!PrimaryControl.USE_IO_BITMAPS.in(primary)) {
      return PrimaryControl.UNCONDITIONAL_IO_EXITING.in(primary);
    }
    if (port + size > 0x10000) {
      return true;
    }
    for (int p = port; p < port + size; p++) {
      long bitmap =
          vmcs.get(
              p < 0x8000 ? VmcsField.ADDRESS_OF_IO_BITMAP_A : VmcsField.ADDRESS_OF_IO_BITMAP_B);
      if (bit(bitmap, p & 0x7fff)) {
        return true;
      }
    }
    return false;
  }

  /** RDMSR with that value of ECX ("MSR-Bitmap Address", 24.6.9). */
  public boolean rdmsr(int address) {
    return msr(address, 0);
  }

  /** WRMSR with that value of ECX ("MSR-Bitmap Address", 24.6.9). */
  public boolean wrmsr(int address) {
    return msr(address, 2048);
  }

  /** The four 1-KByte bitmaps: read low, read high, write low, write high. */
  private boolean msr(int address, int offset) {
    if (!PrimaryControl.USE_MSR_BITMAPS.in(primary)) {
      return active;
    }
    boolean low = (address & ~LAST_LOW_MSR) == 0;
    boolean high = (address & ~LAST_LOW_MSR) == FIRST_HIGH_MSR;
    long bitmap = vmcs.get(VmcsField.ADDRESS_OF_MSR_BITMAPS) + offset + (high ? 1024 : 0);
    return (!low && !high) || bit(bitmap, address & LAST_LOW_MSR);
  }

  /**
   * VMREAD or VMWRITE executed in VMX non-root operation: it exits unless "VMCS shadowing" is 1 and
   * the field's bit is 0 in the bitmap.
   */
  boolean vmcsAccess(long encoding, VmcsField bitmap) {
    return active
        && (!SecondaryControl.VMCS_SHADOWING.in(secondary)
            || encoding >>> 15 != 0
            || bit(vmcs.get(bitmap), (int) encoding));
  }

  /** XSAVES or XRSTORS of supervisor components, one of which is in the XSS-exiting bitmap. */
  boolean xss(long components) {
    return active && (components & vmcs.get(VmcsField.XSS_EXITING_BITMAP)) != 0;
  }

  private boolean bit(long bitmap, int index) {
    return (memory.read8(bitmap + (index >>> 3)) >>> (index & 7) & 1) != 0;
  }
}
