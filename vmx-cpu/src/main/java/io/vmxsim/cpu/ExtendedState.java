package io.vmxsim.cpu;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The state that XSAVE manages: x87, SSE and AVX registers, and the bytes of the components that
 * have no instructions here ("XSAVE-Supported Features and State-Component Bitmaps", volume 1,
 * 13.1).
 */
public final class ExtendedState {
  public static final int X87 = 0;
  public static final int SSE = 1;
  public static final int AVX = 2;
  public static final int PKRU = 9;

  /** MXCSR with every exception masked, as reset leaves it. */
  public static final int MXCSR_INIT = 0x1f80;

  /** MXCSR_MASK: the bits that software may set. */
  public static final int MXCSR_MASK = 0xffff;

  private static final int CONTROL_INIT = 0x37f;
  private static final int EXCEPTIONS = 0x3f;
  private static final int SUMMARY_AND_BUSY = 0x8080;
  private static final int COMPONENTS = 63;

  /** Longs of one vector register. */
  public static final int VECTOR = 4;

  /** YMM0 to YMM15, four longs each, the lowest first. */
  public final long[] vectors = new long[16 * VECTOR];

  public int mxcsr = MXCSR_INIT;

  /** Significands of the physical x87 registers R0 to R7, which are MM0 to MM7. */
  public final long[] significands = new long[8];

  /** Sign and biased exponent of R0 to R7. */
  public final int[] exponents = new int[8];

  /** The x87 control word; at first as firmware's FNINIT leaves it. */
  public int control = CONTROL_INIT;

  /** The x87 status word, TOP included. */
  public int status;

  /** Bit {@code i}: R{@code i} is not empty. */
  public int used;

  /** The last x87 instruction and its operand. */
  public long instructionPointer;

  public int instructionSelector;
  public long dataPointer;
  public int dataSelector;
  public int opcode;

  /** Whether the data pointer is that of each instruction, not only of one with an exception. */
  public final boolean notesEveryOperand;

  /** Whether the selectors of instruction and operand are kept, not 0. */
  public final boolean keepsSelectors;

  private final byte[] @Nullable [] others = new byte[COMPONENTS][];

  /** Bits above those of a linear address. */
  private final int notCanonicalBits;

  ExtendedState(Cpuid cpuid) {
    notCanonicalBits = cpuid.has(CpuidFeature.LA57) ? 7 : 16;
    notesEveryOperand = !cpuid.has(CpuidFeature.FDP_EXCPTN_ONLY);
    keepsSelectors = !cpuid.has(CpuidFeature.ZERO_FCS_FDS);
  }

  /** FNINIT, and the initial configuration of the x87 component but for its registers. */
  public void initX87() {
    control = CONTROL_INIT;
    status = 0;
    used = 0;
    instructionPointer = 0;
    instructionSelector = 0;
    dataPointer = 0;
    dataSelector = 0;
    opcode = 0;
  }

  /** ES and B say whether an exception is pending that the control word does not mask. */
  public void summarizeX87() {
    boolean pending = (status & ~control & EXCEPTIONS) != 0;
    status = pending ? status | SUMMARY_AND_BUSY : status & ~SUMMARY_AND_BUSY;
  }

  /** Sets the instruction pointer from a 64-bit image, of which it keeps a canonical address. */
  public void setInstructionPointer(long image) {
    instructionPointer = image << notCanonicalBits >> notCanonicalBits;
  }

  /** TOP of the x87 stack. */
  public int top() {
    return status >>> 11 & 7;
  }

  /** Sets TOP. */
  public void setTop(int top) {
    status = (status & ~(7 << 11)) | (top & 7) << 11;
  }

  /** The bytes of a component without instructions, null while it is all zero. */
  public byte @Nullable [] other(int component) {
    return others[component];
  }

  /** Sets the bytes of such a component; null for its initial configuration. */
  public void setOther(int component, byte @Nullable [] bytes) {
    boolean zero = bytes == null || isZero(bytes);
    others[component] = zero ? null : bytes;
  }

  private static boolean isZero(byte[] bytes) {
    for (byte b : bytes) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  /** XINUSE, but for PKRU, which is not here: the components not in their initial configuration. */
  public long inUse() {
    long bits = isX87InUse() ? 1 << X87 : 0;
    bits |= isAny(0) ? 1 << SSE : 0;
    bits |= isAny(2) ? 1 << AVX : 0;
    for (int i = AVX + 1; i < COMPONENTS; i++) {
      bits |= others[i] != null ? 1L << i : 0;
    }
    return bits;
  }

  private boolean isX87InUse() {
    return control != CONTROL_INIT
        || (status | used | instructionSelector | dataSelector | opcode) != 0
        || (instructionPointer | dataPointer) != 0
        || Arrays.stream(significands).anyMatch(s -> s != 0)
        || Arrays.stream(exponents).anyMatch(e -> e != 0);
  }

  /** Whether any vector register has a bit in the half that starts at that long. */
  private boolean isAny(int half) {
    for (int i = half; i < vectors.length; i += VECTOR) {
      if ((vectors[i] | vectors[i + 1]) != 0) {
        return true;
      }
    }
    return false;
  }
}
