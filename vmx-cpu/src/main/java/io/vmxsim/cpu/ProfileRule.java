package io.vmxsim.cpu;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What CPUID and the VMX capability MSRs of one processor owe each other. What the MSRs owe only to
 * each other {@link VmxCapabilities} checks.
 *
 * <p>Sources: SDM volume 2 “CPUID—CPU Identification”; volume 3 (June 2016) 2.5 “Control
 * Registers”, 24.6 to 24.8 (controls), Appendix A; for newer features the later editions of the
 * same sections.
 */
enum ProfileRule {
  LEAVES_IN_RANGE("leaves 0 and 80000000H to report the highest leaf listed") {
    @Override
    @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx) {
      for (int range : new int[] {0, 0x80000000}) {
        int reported = cpuid.highest(range);
        int listed = cpuid.highestListed(range);
        if (Integer.compareUnsigned(reported, listed) < 0) {
          return "leaf %XH reports %XH and leaf %XH is listed".formatted(range, reported, listed);
        }
      }
      return null;
    }
  },

  VMX_REPORTED("CPUID.01H:ECX.VMX[5] = 1") {
    @Override
    @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx) {
      return cpuid.has(CpuidFeature.VMX) ? null : "it is 0";
    }
  },

  ADDRESS_WIDTHS("MAXPHYADDR from 32 to 52, and linear addresses of 57 bits with LA57, else 48") {
    @Override
    @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx) {
      int linear = cpuid.has(CpuidFeature.LA57) ? 57 : cpuid.has(CpuidFeature.LM) ? 48 : 32;
      boolean holds =
          cpuid.maxPhyAddr() >= 32
              && cpuid.maxPhyAddr() <= 52
              && cpuid.linearAddressBits() == linear;
      return holds
          ? null
          : "leaf 80000008H reports %d physical and %d linear bits"
              .formatted(cpuid.maxPhyAddr(), cpuid.linearAddressBits());
    }
  },

  CONTROLS_HAVE_THEIR_FEATURE("every control that may be 1 to have the CPUID feature it controls") {
    @Override
    @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx) {
      for (Map.Entry<Control, CpuidFeature> row : NEEDS.entrySet()) {
        Control control = row.getKey();
        if (vmx.supports(control) && !cpuid.has(row.getValue())) {
          return control.name() + " may be 1 without " + row.getValue();
        }
      }
      return null;
    }
  },

  FEATURES_HAVE_THEIR_CONTROL("“enable RDTSCP” and “enable INVPCID” with those instructions") {
    @Override
    @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx) {
      // Without the control a guest could never execute them (SDM 25.3).
      if (cpuid.has(CpuidFeature.INVPCID) && !vmx.supports(SecondaryControl.ENABLE_INVPCID)) {
        return "ENABLE_INVPCID must be 0 although CPUID reports INVPCID";
      }
      if (cpuid.has(CpuidFeature.RDTSCP) && !vmx.supports(SecondaryControl.ENABLE_RDTSCP)) {
        return "ENABLE_RDTSCP must be 0 although CPUID reports RDTSCP";
      }
      return null;
    }
  },

  EPT_CONTROLS_HAVE_EPT("controls that build on EPT only where EPT, or the part they use, exists") {
    @Override
    @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx) {
      boolean ept = vmx.supports(SecondaryControl.ENABLE_EPT);
      for (Control control :
          new Control[] {
            SecondaryControl.UNRESTRICTED_GUEST,
            SecondaryControl.ENABLE_PML,
            SecondaryControl.EPT_VIOLATION_VE,
            SecondaryControl.MODE_BASED_EXECUTE_CONTROL_FOR_EPT,
            SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT,
            TertiaryControl.EPT_PAGING_WRITE_CONTROL
          }) {
        if (vmx.supports(control) && !ept) {
          return control.name() + " may be 1 without EPT";
        }
      }
      if (vmx.supports(SecondaryControl.ENABLE_PML)
          && !vmx.supports(EptVpidCapability.ACCESSED_AND_DIRTY_FLAGS)) {
        return "ENABLE_PML may be 1 without accessed and dirty flags for EPT";
      }
      return null;
    }
  },

  CR4_MATCHES_CPUID("IA32_VMX_CR4_FIXED1 to have a bit exactly where CPUID has its feature") {
    @Override
    @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx) {
      for (Map.Entry<Integer, CpuidFeature> row : CR4_BITS.entrySet()) {
        boolean mayBe1 = (vmx.cr4MayBe1() >>> row.getKey() & 1) != 0;
        if (mayBe1 != cpuid.has(row.getValue())) {
          return "CR4 bit %d %s be 1 %s %s"
              .formatted(
                  row.getKey(),
                  mayBe1 ? "may" : "must not",
                  mayBe1 ? "without" : "in spite of",
                  row.getValue());
        }
      }
      return null;
    }
  };

  private static final Map<Control, CpuidFeature> NEEDS = needs();
  private static final Map<Integer, CpuidFeature> CR4_BITS = cr4Bits();

  private final String requirement;

  ProfileRule(String requirement) {
    this.requirement = requirement;
  }

  /** What must hold, to stand after “expected”. */
  String requirement() {
    return requirement;
  }

  /** What is wrong; null if the rule holds. */
  abstract @Nullable String broken(Cpuid cpuid, VmxCapabilities vmx);

  /** The VMX controls that may be 1 only on a processor with {@code feature}. */
  static List<Control> controlsOf(CpuidFeature feature) {
    return NEEDS.entrySet().stream()
        .filter(row -> row.getValue() == feature)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The bit of CR4 that may be 1 only on a processor with {@code feature}. */
  static Optional<Integer> cr4BitOf(CpuidFeature feature) {
    return CR4_BITS.entrySet().stream()
        .filter(row -> row.getValue() == feature)
        .map(Map.Entry::getKey)
        .findFirst();
  }

  private static Map<Control, CpuidFeature> needs() {
    Map<Control, CpuidFeature> rows = new LinkedHashMap<>();
    rows.put(PrimaryControl.MONITOR_EXITING, CpuidFeature.MONITOR);
    rows.put(SecondaryControl.ENABLE_RDTSCP, CpuidFeature.RDTSCP);
    rows.put(SecondaryControl.RDRAND_EXITING, CpuidFeature.RDRAND);
    rows.put(SecondaryControl.ENABLE_INVPCID, CpuidFeature.INVPCID);
    rows.put(SecondaryControl.ENABLE_ENCLS_EXITING, CpuidFeature.SGX);
    rows.put(SecondaryControl.RDSEED_EXITING, CpuidFeature.RDSEED);
    rows.put(SecondaryControl.CONCEAL_VMX_FROM_PT, CpuidFeature.INTEL_PT);
    rows.put(SecondaryControl.ENABLE_XSAVES_XRSTORS, CpuidFeature.XSAVES);
    rows.put(SecondaryControl.PASID_TRANSLATION, CpuidFeature.ENQCMD);
    rows.put(SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, CpuidFeature.INTEL_PT);
    rows.put(SecondaryControl.ENABLE_USER_WAIT_AND_PAUSE, CpuidFeature.WAITPKG);
    rows.put(SecondaryControl.ENABLE_PCONFIG, CpuidFeature.PCONFIG);
    rows.put(TertiaryControl.LOADIWKEY_EXITING, CpuidFeature.KL);
    rows.put(TertiaryControl.ENABLE_MSR_LIST_INSTRUCTIONS, CpuidFeature.MSRLIST);
    rows.put(TertiaryControl.VIRTUALIZE_IA32_SPEC_CTRL, CpuidFeature.SPEC_CTRL);
    rows.put(ExitControl.HOST_ADDRESS_SPACE_SIZE, CpuidFeature.LM);
    rows.put(ExitControl.CLEAR_IA32_BNDCFGS, CpuidFeature.MPX);
    rows.put(ExitControl.CONCEAL_VMX_FROM_PT, CpuidFeature.INTEL_PT);
    rows.put(ExitControl.CLEAR_IA32_RTIT_CTL, CpuidFeature.INTEL_PT);
    rows.put(ExitControl.CLEAR_IA32_LBR_CTL, CpuidFeature.ARCH_LBR);
    rows.put(ExitControl.CLEAR_UINV, CpuidFeature.UINTR);
    rows.put(ExitControl.LOAD_CET_STATE, CpuidFeature.CET_SS);
    rows.put(ExitControl.LOAD_PKRS, CpuidFeature.PKS);
    rows.put(EntryControl.IA_32E_MODE_GUEST, CpuidFeature.LM);
    rows.put(EntryControl.LOAD_IA32_BNDCFGS, CpuidFeature.MPX);
    rows.put(EntryControl.CONCEAL_VMX_FROM_PT, CpuidFeature.INTEL_PT);
    rows.put(EntryControl.LOAD_IA32_RTIT_CTL, CpuidFeature.INTEL_PT);
    rows.put(EntryControl.LOAD_UINV, CpuidFeature.UINTR);
    rows.put(EntryControl.LOAD_CET_STATE, CpuidFeature.CET_SS);
    rows.put(EntryControl.LOAD_GUEST_IA32_LBR_CTL, CpuidFeature.ARCH_LBR);
    rows.put(EntryControl.LOAD_PKRS, CpuidFeature.PKS);
    rows.put(EntryControl.LOAD_FRED, CpuidFeature.FRED);
    return rows;
  }

  private static Map<Integer, CpuidFeature> cr4Bits() {
    Map<Integer, CpuidFeature> rows = new LinkedHashMap<>();
    rows.put(0, CpuidFeature.VME);
    rows.put(2, CpuidFeature.TSC);
    rows.put(3, CpuidFeature.DE);
    rows.put(4, CpuidFeature.PSE);
    rows.put(5, CpuidFeature.PAE);
    rows.put(6, CpuidFeature.MCE);
    rows.put(7, CpuidFeature.PGE);
    rows.put(9, CpuidFeature.FXSR);
    rows.put(10, CpuidFeature.SSE);
    rows.put(11, CpuidFeature.UMIP);
    rows.put(12, CpuidFeature.LA57);
    rows.put(13, CpuidFeature.VMX);
    rows.put(14, CpuidFeature.SMX);
    rows.put(16, CpuidFeature.FSGSBASE);
    rows.put(17, CpuidFeature.PCID);
    rows.put(18, CpuidFeature.XSAVE);
    rows.put(19, CpuidFeature.KL);
    rows.put(20, CpuidFeature.SMEP);
    rows.put(21, CpuidFeature.SMAP);
    rows.put(22, CpuidFeature.PKU);
    rows.put(23, CpuidFeature.CET_SS);
    rows.put(24, CpuidFeature.PKS);
    rows.put(25, CpuidFeature.UINTR);
    rows.put(28, CpuidFeature.LAM);
    rows.put(32, CpuidFeature.FRED);
    return rows;
  }
}
