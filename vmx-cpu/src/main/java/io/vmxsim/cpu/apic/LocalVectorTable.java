package io.vmxsim.cpu.apic;

import java.util.Arrays;

/** The local vector table ("Local Vector Table", 10.5.1): one entry for each local interrupt. */
final class LocalVectorTable {
  /** The local interrupts and the registers that say how they are delivered. */
  enum Source {
    TIMER(ApicRegister.LVT_TIMER),
    CMCI(ApicRegister.LVT_CMCI),
    THERMAL(ApicRegister.LVT_THERMAL),
    PERFORMANCE(ApicRegister.LVT_PERFORMANCE),
    LINT0(ApicRegister.LVT_LINT0),
    LINT1(ApicRegister.LVT_LINT1),
    ERROR(ApicRegister.LVT_ERROR);

    private final ApicRegister register;

    Source(ApicRegister register) {
      this.register = register;
    }

    /** The source whose entry that register is. */
    static Source of(ApicRegister register) {
      for (Source source : values()) {
        if (source.register == register) {
          return source;
        }
      }
      throw new IllegalArgumentException(register + " is no entry of the local vector table");
    }
  }

  /** How many entries there are, less one, as the version register reports it. */
  static final int LAST_ENTRY = Source.values().length - 1;

  private static final int MASKED = 1 << 16;

  private final int[] entries = new int[Source.values().length];

  LocalVectorTable() {
    reset();
  }

  void reset() {
    Arrays.fill(entries, MASKED);
  }

  /** While the APIC is disabled by software, all entries are masked (10.4.7.2). */
  void maskAll() {
    for (int i = 0; i < entries.length; i++) {
      entries[i] |= MASKED;
    }
  }

  @SuppressWarnings("EnumOrdinal") // kept in memory only
  int get(Source source) {
    return entries[source.ordinal()];
  }

  /**
   * Sets an entry.
   *
   * @param stayMasked whether the APIC is disabled by software, so that the mask cannot be cleared
   */
  @SuppressWarnings("EnumOrdinal") // kept in memory only
  void set(Source source, int entry, boolean stayMasked) {
    entries[source.ordinal()] = stayMasked ? entry | MASKED : entry;
  }

  /** The processor masks this interrupt itself, as it does with that of performance counters. */
  void mask(Source source) {
    set(source, get(source), true);
  }

  boolean isMasked(Source source) {
    return (get(source) & MASKED) != 0;
  }

  DeliveryMode mode(Source source) {
    return DeliveryMode.in(get(source));
  }

  int vector(Source source) {
    return get(source) & 0xff;
  }
}
