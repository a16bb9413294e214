package io.vmxsim.cpu;

import org.jspecify.annotations.Nullable;

/**
 * The MSRs of which a processor has several, in consecutive addresses: as many as CPUID says. They
 * hold their values and do nothing else ("Architectural Performance Monitoring", 18.2).
 */
enum MsrArray {
  IA32_PMC(0xc1, Cpuid.EAX, 8, 0xff),
  IA32_PERFEVTSEL(0x186, Cpuid.EAX, 8, 0xff),
  IA32_FIXED_CTR(0x309, Cpuid.EDX, 0, 0x1f);

  private static final int PERFORMANCE_MONITORING = 0xa;
  private static final MsrArray[] ALL = values();

  /** More than CPUID can report of one kind. */
  private static final int LONGEST = 256;

  private final int first;
  private final int register;
  private final int shift;
  private final int mask;

  /** The number is a field of a register of CPUID leaf 0AH. */
  MsrArray(int first, int register, int shift, int mask) {
    this.first = first;
    this.register = register;
    this.shift = shift;
    this.mask = mask;
  }

  private int count(Cpuid cpuid) {
    return cpuid.register(PERFORMANCE_MONITORING, 0, register) >>> shift & mask;
  }

  /** The row to which an address belongs on a processor with that CPUID, or null. */
  static @Nullable MsrArray at(int address, Cpuid cpuid) {
    for (MsrArray row : ALL) {
      int index = address - row.first;
      if (index >= 0 && index < row.count(cpuid)) {
        return row;
      }
    }
    return null;
  }

  /** How many places {@link #place} can name. */
  static int places() {
    return ALL.length * LONGEST;
  }

  /** Where the value of the MSR at an address of this row is kept. */
  @SuppressWarnings("EnumOrdinal") // kept in memory only
  int place(int address) {
    return ordinal() * LONGEST + address - first;
  }
}
