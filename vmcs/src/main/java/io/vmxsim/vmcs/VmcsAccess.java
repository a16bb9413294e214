package io.vmxsim.vmcs;

import org.jspecify.annotations.Nullable;

/**
 * VMREAD and VMWRITE: a processor's access to a VMCS by encoding, as software sees it.
 *
 * <p>The checks come first and say which VM-instruction error the instruction reports; the access
 * is for an encoding that passed them. Operand sizes follow the mode: outside 64-bit mode encodings
 * and values have 32 bits.
 *
 * <p>Source: SDM (June 2016) 24.11.2 “VMREAD, VMWRITE, and Encodings of VMCS Fields”; 30.3
 * “VMREAD—Read Field from Virtual-Machine Control Structure” and “VMWRITE—Write Field to
 * Virtual-Machine Control Structure”.
 */
@SuppressWarnings("EnumOrdinal") // an array indexed by field
public final class VmcsAccess {

  private static final long LOW_32 = 0xFFFF_FFFFL;

  private final boolean[] exists = new boolean[VmcsField.COUNT];
  private final boolean mayWriteReadOnlyData;

  /** The access of a processor with these capabilities. */
  public VmcsAccess(VmxCapabilities capabilities) {
    for (VmcsField field : VmcsField.values()) {
      exists[field.ordinal()] = field.existsOn(capabilities);
    }
    mayWriteReadOnlyData = capabilities.vmwriteReachesReadOnlyFields();
  }

  /**
   * The error of a VMREAD of {@code encoding}; null if it succeeds.
   *
   * @param encoding the register operand; bits beyond the operand size are ignored
   */
  public @Nullable VmInstructionError checkRead(long encoding, boolean in64BitMode) {
    return field(encoding, in64BitMode) == null
        ? VmInstructionError.UNSUPPORTED_VMCS_COMPONENT
        : null;
  }

  /**
   * The error of a VMWRITE to {@code encoding}; null if it succeeds.
   *
   * @param encoding the register operand; bits beyond the operand size are ignored
   */
  public @Nullable VmInstructionError checkWrite(long encoding, boolean in64BitMode) {
    VmcsField field = field(encoding, in64BitMode);
    if (field == null) {
      return VmInstructionError.UNSUPPORTED_VMCS_COMPONENT;
    }
    return field.type() == VmcsField.Type.READ_ONLY_DATA && !mayWriteReadOnlyData
        ? VmInstructionError.VMWRITE_TO_READ_ONLY_VMCS_COMPONENT
        : null;
  }

  /**
   * What VMREAD puts in its destination operand, zero-extended.
   *
   * @throws IllegalStateException if {@link #checkRead} has an error for {@code encoding}
   */
  public long read(Vmcs vmcs, long encoding, boolean in64BitMode) {
    long value = vmcs.get(existing(encoding, in64BitMode));
    if (VmcsField.isHighAccess((int) encoding)) {
      return value >>> 32;
    }
    return in64BitMode ? value : value & LOW_32;
  }

  /**
   * What VMWRITE does with its source operand.
   *
   * @param source the source operand; bits beyond the operand size or the field are ignored
   * @throws IllegalStateException if {@code encoding} reaches no field of this processor
   */
  public void write(Vmcs vmcs, long encoding, long source, boolean in64BitMode) {
    VmcsField field = existing(encoding, in64BitMode);
    if (VmcsField.isHighAccess((int) encoding)) {
      vmcs.set(field, (vmcs.get(field) & LOW_32) | (source << 32));
    } else {
      // Outside 64-bit mode a full access clears bits 63:32 of the fields that have them.
      long operand = in64BitMode ? source : source & LOW_32;
      vmcs.set(field, operand & field.width().mask());
    }
  }

  private @Nullable VmcsField field(long encoding, boolean in64BitMode) {
    if (in64BitMode && encoding >>> 32 != 0) {
      return null;
    }
    VmcsField field = VmcsField.ofEncoding((int) encoding);
    return field != null && exists[field.ordinal()] ? field : null;
  }

  private VmcsField existing(long encoding, boolean in64BitMode) {
    VmcsField field = field(encoding, in64BitMode);
    if (field == null) {
      throw new IllegalStateException("no VMCS field has encoding " + Long.toHexString(encoding));
    }
    return field;
  }
}
