package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Instruction;

/**
 * From an offset in a segment to a linear address, with the checks on the way ("Limit Checking",
 * 5.3, "Type Checking", 5.5, and "Canonical Addressing", volume 1, 3.3.7.1).
 */
final class Segmentation {
  private static final int EXECUTABLE = 1 << 3;
  private static final int EXPAND_DOWN = 1 << 2;
  private static final int WRITABLE = 1 << 1;
  private static final long LINEAR_32 = 0xffffffffL;

  /** Bits of metadata that leave the address 48 or 57 bits, of which the highest is bit 63 too. */
  private static final int METADATA_48 = 15;

  private static final int METADATA_57 = 6;

  private final CpuState state;
  private final Faults faults;

  private CodeMode mode = CodeMode.BITS64;
  private boolean bits64;
  private boolean protectedMode;
  private int stackWidth;
  private int notCanonicalBits;

  /** Bits of metadata below bit 63 in pointers to the lower and the upper half. */
  private int userMetadata;

  private int supervisorMetadata;

  /** Whether any pointer may have metadata. */
  private boolean masks;

  Segmentation(CpuState state, Faults faults) {
    this.state = state;
    this.faults = faults;
  }

  /** Takes notice of the registers that may have changed: control registers, CS and SS. */
  void refresh() {
    bits64 = state.in64BitMode();
    protectedMode = (state.cr0() & CpuState.CR0_PE) != 0;
    boolean big = (state.accessRights(Segment.CS) & Segment.DEFAULT_BIG) != 0;
    mode = bits64 ? CodeMode.BITS64 : big ? CodeMode.BITS32 : CodeMode.BITS16;
    boolean bigStack = (state.accessRights(Segment.SS) & Segment.DEFAULT_BIG) != 0;
    stackWidth = bits64 ? 8 : bigStack ? 4 : 2;
    notCanonicalBits = (state.cr4() & CpuState.CR4_LA57) != 0 ? 7 : 16;
    refreshMasking();
  }

  /** "Linear-Address Masking" (4.4 of later editions), which is of 64-bit mode. */
  private void refreshMasking() {
    long cr3 = state.cr3();
    userMetadata =
        (cr3 & CpuState.CR3_LAM_U57) != 0
            ? METADATA_57
            : (cr3 & CpuState.CR3_LAM_U48) != 0 ? METADATA_48 : 0;
    supervisorMetadata = (state.cr4() & CpuState.CR4_LAM_SUP) != 0 ? notCanonicalBits - 1 : 0;
    masks = bits64 && (userMetadata | supervisorMetadata) != 0;
  }

  /** Replaces the metadata of a pointer by copies of the bit below it; bit 63 stays. */
  private long unmasked(long pointer) {
    int metadata = pointer < 0 ? supervisorMetadata : userMetadata;
    if (metadata == 0) {
      return pointer;
    }
    long address = pointer << (metadata + 1) >> (metadata + 1);
    return (address & Long.MAX_VALUE) | (pointer & Long.MIN_VALUE);
  }

  /** How code decodes now. */
  CodeMode mode() {
    return mode;
  }

  boolean bits64() {
    return bits64;
  }

  /** CR0.PE; outside protected mode a selector is a base, divided by 16. */
  boolean protectedMode() {
    return protectedMode;
  }

  boolean virtual8086() {
    return (state.controlFlags() & CpuState.VM) != 0;
  }

  /** What virtual-8086 mode permits with IOPL 3 only ("Sensitive Instructions", 20.2.7). */
  void requireVirtual8086Iopl() {
    if ((state.cr4() & CpuState.CR4_VME) != 0) {
      throw faults.notModelled("virtual-8086 mode extensions (CR4.VME)");
    }
    if ((state.controlFlags() & FlagsImage.IOPL) != FlagsImage.IOPL) {
      throw faults.generalProtection(0);
    }
  }

  /** Bytes of the stack pointer that pushes and pops use: 2, 4 or 8. */
  int stackWidth() {
    return stackWidth;
  }

  boolean isCanonical(long address) {
    return address << notCanonicalBits >> notCanonicalBits == address;
  }

  /** The linear address of an operand to load. */
  long forLoad(int segment, long offset, int size) {
    return bits64 ? linear64(segment, offset, size) : checked(segment, offset, size, false);
  }

  /** The linear address of an operand to store. */
  long forStore(int segment, long offset, int size) {
    return bits64 ? linear64(segment, offset, size) : checked(segment, offset, size, true);
  }

  /** The linear address alone, as INVLPG and LEA-like instructions form it. */
  long unchecked(int segment, long offset) {
    if (bits64) {
      return segment >= Instruction.FS ? offset + state.bases[segment] : offset;
    }
    return offset + state.bases[segment] & LINEAR_32;
  }

  private long linear64(int segment, long offset, int size) {
    long linear = segment >= Instruction.FS ? offset + state.bases[segment] : offset;
    long address = masks ? unmasked(linear) : linear;
    if (!isCanonical(address) || !isCanonical(address + size - 1)) {
      throw violation(segment);
    }
    return address;
  }

  private long checked(int segment, long offset, int size, boolean store) {
    int rights = state.accessRights[segment];
    if (protectedMode && !virtual8086() && !permits(rights, store)) {
      throw violation(segment);
    }
    long limit = state.limits[segment] & LINEAR_32;
    long last = offset + size - 1;
    boolean expandDown = (rights & (EXECUTABLE | EXPAND_DOWN)) == EXPAND_DOWN;
    boolean inside =
        expandDown
            ? offset > limit && last <= ((rights & Segment.DEFAULT_BIG) != 0 ? LINEAR_32 : 0xffff)
            : last <= limit;
    if (!inside) {
      throw violation(segment);
    }
    return offset + state.bases[segment] & LINEAR_32;
  }

  private static boolean permits(int rights, boolean store) {
    if ((rights & Segment.UNUSABLE) != 0) {
      return false;
    }
    boolean code = (rights & EXECUTABLE) != 0;
    boolean bit = (rights & WRITABLE) != 0; // of code: readable
    return store ? !code && bit : !code || bit;
  }

  private NotCompleted violation(int segment) {
    return segment == Instruction.SS ? faults.stack(0) : faults.generalProtection(0);
  }

  /** The linear address of the next instruction byte, which must lie in CS. */
  long code(long rip) {
    if (bits64) {
      if (!isCanonical(rip)) {
        throw faults.generalProtection(0);
      }
      return rip;
    }
    if (rip > (state.limits[Instruction.CS] & LINEAR_32)) {
      throw faults.generalProtection(0);
    }
    return rip + state.bases[Instruction.CS] & LINEAR_32;
  }

  /** A branch within the code segment may go there, else #GP(0). */
  void requireTarget(long rip) {
    boolean good = bits64 ? isCanonical(rip) : rip <= (state.limits[Instruction.CS] & LINEAR_32);
    if (!good) {
      throw faults.generalProtection(0);
    }
  }
}
