package io.vmxsim.cpu;

/**
 * Where XSAVE and its kin keep each state component, as CPUID leaf 0DH reports it ("Enumeration of
 * CPU Support for XSAVE Instructions", volume 1, 13.2, and "XSAVE Area", 13.4).
 */
public final class XsaveLayout {
  /** Bytes of the legacy region and the header, in front of the extended region. */
  public static final int EXTENDED = 576;

  private static final long X87 = 1;
  private static final long SSE = 1 << 1;
  private static final long AVX = 1 << 2;
  private static final long MPX = 3 << 3;
  private static final long AVX512 = 7 << 5;
  private static final long AMX = 3 << 17;

  private static final int LEAF = 0xd;
  private static final int COMPONENTS = 63;
  private static final int FIRST_EXTENDED = 2;

  private final int[] sizes = new int[COMPONENTS];
  private final int[] offsets = new int[COMPONENTS];
  private final boolean[] aligned = new boolean[COMPONENTS];
  private final long user;
  private final long supervisor;

  XsaveLayout(Cpuid cpuid) {
    user = mask(cpuid.register(LEAF, 0, Cpuid.EAX), cpuid.register(LEAF, 0, Cpuid.EDX));
    supervisor = mask(cpuid.register(LEAF, 1, Cpuid.ECX), cpuid.register(LEAF, 1, Cpuid.EDX));
    for (int i = FIRST_EXTENDED; i < COMPONENTS; i++) {
      if (((user | supervisor) >>> i & 1) != 0) {
        sizes[i] = cpuid.register(LEAF, i, Cpuid.EAX);
        offsets[i] = cpuid.register(LEAF, i, Cpuid.EBX);
        aligned[i] = (cpuid.register(LEAF, i, Cpuid.ECX) & 2) != 0;
      }
    }
  }

  private static long mask(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }

  /** The components that XCR0 can enable. */
  public long user() {
    return user;
  }

  /** The components that IA32_XSS can enable. */
  public long supervisor() {
    return supervisor;
  }

  /**
   * Whether XSETBV takes a value for XCR0: x87 and no more than CPUID leaf 0DH reports; AVX needs
   * SSE, the two parts of MPX, the three of AVX-512 and the two of AMX come together, and AVX-512
   * needs AVX ("XCR0", volume 1, 13.3).
   */
  public boolean permits(long xcr0) {
    boolean sse = (xcr0 & SSE) != 0;
    boolean avx = (xcr0 & AVX) != 0;
    boolean avx512 = (xcr0 & AVX512) != 0;
    return (xcr0 & ~user) == 0
        && (xcr0 & X87) != 0
        && (sse || !avx)
        && comeTogether(xcr0, MPX)
        && comeTogether(xcr0, AVX512)
        && comeTogether(xcr0, AMX)
        && (avx || !avx512);
  }

  private static boolean comeTogether(long value, long parts) {
    return (value & parts) == 0 || (value & parts) == parts;
  }

  /** Bytes of an extended component. */
  public int size(int component) {
    return sizes[component];
  }

  /** Its offset in the standard format. */
  public int offset(int component) {
    return offsets[component];
  }

  /** Its offset in the compacted format of an area that holds {@code components}. */
  public int compactedOffset(int component, long components) {
    int at = EXTENDED;
    for (int i = FIRST_EXTENDED; i < component; i++) {
      if ((components >>> i & 1) != 0) {
        at = align(i, at) + sizes[i];
      }
    }
    return align(component, at);
  }

  private int align(int component, int at) {
    return aligned[component] ? (at + 63) & ~63 : at;
  }

  /** Bytes of an area in the standard format that holds {@code components}. */
  public int standardSize(long components) {
    int end = EXTENDED;
    for (int i = FIRST_EXTENDED; i < COMPONENTS; i++) {
      if ((components >>> i & 1) != 0) {
        end = Math.max(end, offsets[i] + sizes[i]);
      }
    }
    return end;
  }

  /** Bytes of an area in the compacted format that holds {@code components}. */
  public int compactedSize(long components) {
    int end = EXTENDED;
    for (int i = FIRST_EXTENDED; i < COMPONENTS; i++) {
      if ((components >>> i & 1) != 0) {
        end = align(i, end) + sizes[i];
      }
    }
    return end;
  }
}
