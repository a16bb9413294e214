package io.vmxsim.cpu;

import static io.vmxsim.cpu.Cpuid.EAX;
import static io.vmxsim.cpu.Cpuid.EBX;
import static io.vmxsim.cpu.Cpuid.EDX;

import io.vmxsim.cpu.apic.LocalApic;

/**
 * CPUID on a processor in its present state: what the profile says of the model, with what differs
 * between processors and from one moment to the next ("CPUID—CPU Identification", volume 2).
 */
final class CpuidInstruction {
  private static final int FEATURES = 0x1;
  private static final int TOPOLOGY = 0xb;
  private static final int XSAVE = 0xd;
  private static final int TOPOLOGY_V2 = 0x1f;

  private static final int APIC = 1 << 9;
  private static final int INITIAL_APIC_ID_SHIFT = 24;

  private final Processor processor;
  private final CpuState state;
  private final Cpuid cpuid;

  CpuidInstruction(Processor processor) {
    this.processor = processor;
    state = processor.state();
    cpuid = processor.profile().cpuid();
  }

  /** Writes EAX, EBX, ECX, EDX to {@code out[0..3]}. */
  void query(int leaf, int subleaf, int[] out) {
    cpuid.query(leaf, subleaf, state.cr4(), out);
    switch (cpuid.effectiveLeaf(leaf)) {
      case FEATURES -> showApic(out);
      case TOPOLOGY, TOPOLOGY_V2 -> {
        LocalApic apic = processor.localApic();
        out[EDX] = apic == null ? out[EDX] : apic.initialId();
      }
      case XSAVE -> {
        XsaveLayout layout = processor.xsaveLayout();
        if (subleaf == 0) {
          out[EBX] = layout.standardSize(state.xcr0);
        } else if (subleaf == 1 && out[EAX] != 0) {
          out[EBX] = layout.compactedSize(state.xcr0 | processor.msrs().get(Msr.IA32_XSS));
        }
      }
      default -> {}
    }
  }

  /** The APIC flag follows IA32_APIC_BASE[11] ("Presence of the Local APIC", volume 3, 10.4.2). */
  private void showApic(int[] out) {
    LocalApic apic = processor.localApic();
    if (apic != null) {
      int others = (1 << INITIAL_APIC_ID_SHIFT) - 1;
      out[EBX] = (out[EBX] & others) | apic.initialId() << INITIAL_APIC_ID_SHIFT;
      out[EDX] = apic.isEnabled() ? out[EDX] | APIC : out[EDX] & ~APIC;
    }
  }
}
