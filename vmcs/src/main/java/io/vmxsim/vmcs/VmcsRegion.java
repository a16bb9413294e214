package io.vmxsim.vmcs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The VMCS region in memory: the 4-KByte image of a VMCS of one processor.
 *
 * <p>The first two words are architectural; the VMCS data behind them are the processor's own, and
 * this is our format: the launch state, then the fields the processor has, by width and in table
 * order, little-endian and unpadded. The processor writes only the VMCS data: the first word is
 * software's, and the second changes at a VMX abort.
 *
 * <p>Source: SDM (June 2016) 24.2 “Format of the VMCS Region”.
 */
@SuppressWarnings("EnumOrdinal") // an array indexed by field
public final class VmcsRegion {

  /** The size of an image, and the alignment of a region. */
  public static final int SIZE = 4096;

  /** Where bits 30:0 are the VMCS revision identifier and bit 31 the shadow-VMCS indicator. */
  public static final int REVISION_OFFSET = 0;

  /** Where a VMX abort leaves its indicator. */
  public static final int ABORT_INDICATOR_OFFSET = 4;

  private static final int LAUNCH_STATE_OFFSET = 8;
  private static final int FIELDS_OFFSET = 12;
  private static final int LAUNCHED = 1;
  private static final int ABSENT = -1;
  private static final int SHADOW_INDICATOR = 1 << 31;
  private static final VmcsField[] FIELDS = VmcsField.values();

  private static final VarHandle BITS_16 = littleEndian(short[].class);
  private static final VarHandle BITS_32 = littleEndian(int[].class);
  private static final VarHandle BITS_64 = littleEndian(long[].class);

  private final int[] offsets = new int[VmcsField.COUNT];
  private final int used;

  /**
   * The format of a processor with these capabilities.
   *
   * @throws IllegalArgumentException if its fields need more than the region size it reports
   */
  public VmcsRegion(VmxCapabilities capabilities) {
    int offset = FIELDS_OFFSET;
    for (VmcsField field : FIELDS) {
      boolean exists = field.existsOn(capabilities);
      offsets[field.ordinal()] = exists ? offset : ABSENT;
      offset += exists ? field.width().bits() / Byte.SIZE : 0;
    }
    used = offset;
    if (used > capabilities.regionSize()) {
      throw new IllegalArgumentException(
          "the fields of this processor take %d bytes; IA32_VMX_BASIC reports regions of %d"
              .formatted(used, capabilities.regionSize()));
    }
  }

  /** How many bytes of the region this format uses. */
  public int used() {
    return used;
  }

  /** The VMCS revision identifier in an image. */
  public static int revisionId(byte[] image) {
    return (int) BITS_32.get(image, REVISION_OFFSET) & ~SHADOW_INDICATOR;
  }

  /** The shadow-VMCS indicator in an image. */
  public static boolean isShadow(byte[] image) {
    return ((int) BITS_32.get(image, REVISION_OFFSET) & SHADOW_INDICATOR) != 0;
  }

  /** The VMX-abort indicator in an image. */
  public static int abortIndicator(byte[] image) {
    return (int) BITS_32.get(image, ABORT_INDICATOR_OFFSET);
  }

  /** Takes over the whole image, as VMPTRLD does; a field the processor does not have becomes 0. */
  public void load(byte[] image, Vmcs vmcs) {
    vmcs.setRevisionIdentifier(revisionId(image));
    vmcs.setShadow(isShadow(image));
    vmcs.setLaunched((int) BITS_32.get(image, LAUNCH_STATE_OFFSET) == LAUNCHED);
    for (VmcsField field : FIELDS) {
      int offset = offsets[field.ordinal()];
      vmcs.set(field, offset == ABSENT ? 0 : load(image, offset, field.width()));
    }
  }

  /** Writes the VMCS data to an image, as VMCLEAR does; the first two words stay as they are. */
  public void store(Vmcs vmcs, byte[] image) {
    BITS_32.set(image, LAUNCH_STATE_OFFSET, vmcs.launched() ? LAUNCHED : 0);
    for (VmcsField field : FIELDS) {
      int offset = offsets[field.ordinal()];
      if (offset != ABSENT) {
        store(image, offset, field.width(), vmcs.get(field));
      }
    }
  }

  /** A new image of {@code vmcs}: the first word too, and no VMX-abort indicator. */
  public byte[] image(Vmcs vmcs) {
    byte[] image = new byte[SIZE];
    int indicator = vmcs.isShadow() ? SHADOW_INDICATOR : 0;
    BITS_32.set(image, REVISION_OFFSET, vmcs.revisionId() | indicator);
    store(vmcs, image);
    return image;
  }

  private static long load(byte[] image, int offset, VmcsField.Width width) {
    return switch (width) {
      case BITS_16 -> Short.toUnsignedLong((short) BITS_16.get(image, offset));
      case BITS_32 -> Integer.toUnsignedLong((int) BITS_32.get(image, offset));
      case BITS_64, NATURAL -> (long) BITS_64.get(image, offset);
    };
  }

  private static void store(byte[] image, int offset, VmcsField.Width width, long value) {
    switch (width) {
      case BITS_16 -> BITS_16.set(image, offset, (short) value);
      case BITS_32 -> BITS_32.set(image, offset, (int) value);
      case BITS_64, NATURAL -> BITS_64.set(image, offset, value);
    }
  }

  private static VarHandle littleEndian(Class<?> view) {
    return MethodHandles.byteArrayViewVarHandle(view, ByteOrder.LITTLE_ENDIAN);
  }
}
