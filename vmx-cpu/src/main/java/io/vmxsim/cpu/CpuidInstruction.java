package io.vmxsim.cpu;

import static io.vmxsim.cpu.Cpuid.EAX;
import static io.vmxsim.cpu.Cpuid.EBX;
import static io.vmxsim.cpu.Cpuid.EDX;

import io.vmxsim.cpu.apic.LocalApic;
import org.jspecify.annotations.Nullable;

/**
 * CPUID on a processor in its present state: what the profile says of the model, with what differs
 * between processors and from one moment to the next ("CPUID—CPU Identification", volume 2).
 */
public final class CpuidInstruction {
  private static final int FEATURES = 0x1;
  private static final int TOPOLOGY = 0xb;
  private static final int XSAVE = 0xd;
  private static final int TOPOLOGY_V2 = 0x1f;

  private static final int APIC = 1 << 9;
  private static final int INITIAL_APIC_ID_SHIFT = 24;

  private final Cpuid cpuid;
  private final XsaveLayout layout;

  /** CPUID on processors of that model. */
  public CpuidInstruction(CpuProfile profile, XsaveLayout layout) {
    this.layout = layout;
    cpuid = profile.cpuid();
  }

  /**
   * Writes EAX, EBX, ECX, EDX to {@code out[0..3]}.
   *
   * @param supervisor IA32_XSS
   * @param apic the processor's local APIC; null leaves the profile's
   */
  public void query(
      int leaf,
      int subleaf,
      long cr4,
      long xcr0,
      long supervisor,
      @Nullable LocalApic apic,
      int[] out) {
    cpuid.query(leaf, subleaf, cr4, out);
    switch (cpuid.effectiveLeaf(leaf)) {
      case FEATURES -> showApic(apic, out);
      case TOPOLOGY, TOPOLOGY_V2 -> out[EDX] = apic == null ? out[EDX] : apic.initialId();
      case XSAVE -> {
        if (subleaf == 0) {
          out[EBX] = layout.standardSize(xcr0);
        } else if (subleaf == 1 && out[EAX] != 0) {
          out[EBX] = layout.compactedSize(xcr0 | supervisor);
        }
      }
      default -> {}
    }
  }

  /** The APIC flag follows IA32_APIC_BASE[11] ("Presence of the Local APIC", volume 3, 10.4.2). */
  private static void showApic(@Nullable LocalApic apic, int[] out) {
    if (apic != null) {
      int others = (1 << INITIAL_APIC_ID_SHIFT) - 1;
      out[EBX] = (out[EBX] & others) | apic.initialId() << INITIAL_APIC_ID_SHIFT;
      out[EDX] = apic.isEnabled() ? out[EDX] | APIC : out[EDX] & ~APIC;
    }
  }
}
