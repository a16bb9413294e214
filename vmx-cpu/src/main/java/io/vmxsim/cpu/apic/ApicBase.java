package io.vmxsim.cpu.apic;

/** IA32_APIC_BASE ("Local APIC Status and Location", 10.4.4) and the modes that it chooses. */
final class ApicBase {
  private static final long BOOTSTRAP = 1 << 8;
  private static final long EXTENDED = 1 << 10;
  private static final long ENABLE = 1 << 11;
  private static final long MODE = ENABLE | EXTENDED;
  private static final long DEFAULT_ADDRESS = 0xfee00000L;
  private static final long PAGE_OFFSET = 0xfff;

  private final long allowed;
  private long value;

  ApicBase(boolean bootstrap, ApicFeatures features) {
    long address = (1L << features.addressBits()) - 1 & ~PAGE_OFFSET;
    allowed = address | BOOTSTRAP | ENABLE | (features.x2apic() ? EXTENDED : 0);
    value = DEFAULT_ADDRESS | ENABLE | (bootstrap ? BOOTSTRAP : 0);
  }

  long get() {
    return value;
  }

  /** The physical address of the page of registers. */
  long address() {
    return value & ~PAGE_OFFSET;
  }

  boolean isEnabled() {
    return (value & ENABLE) != 0;
  }

  boolean isX2apic() {
    return (value & EXTENDED) != 0;
  }

  boolean isBootstrap() {
    return (value & BOOTSTRAP) != 0;
  }

  /**
   * Writes the register as WRMSR does. The transitions of Figure 10-27: out of x2APIC mode only to
   * disabled, into it only from xAPIC mode, and never EXTD without EN.
   *
   * @return false where WRMSR gets #GP(0)
   */
  boolean write(long newValue) {
    long from = value & MODE;
    long to = newValue & MODE;
    boolean legal =
        (newValue & ~allowed) == 0
            && to != EXTENDED
            && !(from == MODE && to == ENABLE)
            && !(from == 0 && to == MODE);
    if (legal) {
      value = newValue;
    }
    return legal;
  }
}
