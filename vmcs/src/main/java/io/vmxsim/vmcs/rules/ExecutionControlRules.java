package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.CR3_TARGET_COUNT;
import static io.vmxsim.vmcs.VmcsField.HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.off;
import static io.vmxsim.vmcs.rules.Condition.on;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmFunction;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;

/**
 * SDM (June 2016) 26.2.1.1 “VM-Execution Control Fields”; the checks on the virtual APIC are in
 * {@link ApicControlRules}, those on the EPT pointer in {@link EptPointerRules}.
 */
final class ExecutionControlRules {

  private static final long HLATP_RESERVED = 0xFE7;
  private static final long PAGE_OFFSET = 0xFFF;

  private ExecutionControlRules() {}

  static List<EntryRule> rules() {
    RuleList list = new RuleList(EntrySection.EXECUTION_CONTROLS);
    allowedSettings(list);
    bitmaps(list);
    ApicControlRules.addTpr(list);
    nmis(list);
    ApicControlRules.addVirtualization(list);
    list.rule("vpid-not-0", "The VPID must not be 0000H if “enable VPID” is 1.")
        .when(on(SecondaryControl.ENABLE_VPID))
        .then(not(Condition.matches(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER, 0xFFFF, 0)));
    EptPointerRules.add(list);
    featuresOfEpt(list);
    vmFunctions(list);
    shadowingAndVe(list);
    newerFeatures(list);
    return list.rules();
  }

  private static void allowedSettings(RuleList list) {
    AllowedSettings.add(
        list, "pin-based-controls", "Each pin-based VM-execution control", ControlWord.PIN_BASED);
    AllowedSettings.add(
        list,
        "primary-controls",
        "Each primary processor-based VM-execution control",
        ControlWord.PRIMARY_PROCESSOR_BASED);
    AllowedSettings.addActivated(
            list,
            "secondary-controls",
            "Each secondary processor-based VM-execution control",
            PrimaryControl.ACTIVATE_SECONDARY_CONTROLS,
            ControlWord.SECONDARY_PROCESSOR_BASED)
        .then(AllowedSettings.allowed(ControlWord.SECONDARY_PROCESSOR_BASED));
    AllowedSettings.addActivated(
            list,
            "tertiary-controls",
            "Each tertiary processor-based VM-execution control",
            PrimaryControl.ACTIVATE_TERTIARY_CONTROLS,
            ControlWord.TERTIARY_PROCESSOR_BASED)
        .newer()
        .then(AllowedSettings.allowed(ControlWord.TERTIARY_PROCESSOR_BASED));
    list.rule(
            "cr3-target-count",
            "The CR3-target count must not be greater than the number IA32_VMX_MISC reports.")
        .then(c -> c.get(CR3_TARGET_COUNT) <= c.capabilities().cr3TargetCount(), CR3_TARGET_COUNT);
  }

  private static void bitmaps(RuleList list) {
    Condition io = on(PrimaryControl.USE_IO_BITMAPS);
    page(list, "io-bitmap-a", "address of I/O bitmap A", io, VmcsField.ADDRESS_OF_IO_BITMAP_A);
    page(list, "io-bitmap-b", "address of I/O bitmap B", io, VmcsField.ADDRESS_OF_IO_BITMAP_B);
    page(
        list,
        "msr-bitmap",
        "MSR-bitmap address",
        on(PrimaryControl.USE_MSR_BITMAPS),
        VmcsField.ADDRESS_OF_MSR_BITMAPS);
  }

  private static void nmis(RuleList list) {
    needs(list, "virtual-nmis", PinControl.VIRTUAL_NMIS, "nmi-exiting", PinControl.NMI_EXITING)
        .then(on(PinControl.NMI_EXITING));
    needs(
            list,
            "nmi-window-exiting",
            PrimaryControl.NMI_WINDOW_EXITING,
            "virtual-nmis",
            PinControl.VIRTUAL_NMIS)
        .then(on(PinControl.VIRTUAL_NMIS));
  }

  private static void featuresOfEpt(RuleList list) {
    needsEpt(list, "pml", SecondaryControl.ENABLE_PML).then(on(SecondaryControl.ENABLE_EPT));
    Condition pml = on(SecondaryControl.ENABLE_PML);
    page(list, "pml", "PML address", pml, VmcsField.PML_ADDRESS);
    needsEpt(list, "unrestricted-guest", SecondaryControl.UNRESTRICTED_GUEST)
        .then(on(SecondaryControl.ENABLE_EPT));
    newerNeedsEpt(list, "mode-based-execute", SecondaryControl.MODE_BASED_EXECUTE_CONTROL_FOR_EPT);
    newerNeedsEpt(
        list, "sub-page-permissions", SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT);
    newerNeedsEpt(
        list, "pt-guest-physical", SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES);
    newerNeedsEpt(list, "pebs-guest-physical", TertiaryControl.PEBS_USES_GUEST_PHYSICAL_ADDRESSES);
    newerNeedsEpt(list, "hlat", TertiaryControl.ENABLE_HLAT);
    newerNeedsEpt(list, "paging-write", TertiaryControl.EPT_PAGING_WRITE_CONTROL);
    newerNeedsEpt(list, "guest-paging-verification", TertiaryControl.GUEST_PAGING_VERIFICATION);
    newerPage(
        list,
        "sub-page-table",
        "sub-page-permission-table pointer",
        on(SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT),
        VmcsField.SUB_PAGE_PERMISSION_TABLE_POINTER);
  }

  private static void vmFunctions(RuleList list) {
    AllowedSettings.addActivated(
            list,
            "vm-function-controls",
            "Each VM-function control",
            SecondaryControl.ENABLE_VM_FUNCTIONS,
            ControlWord.VM_FUNCTION)
        .then(AllowedSettings.allowed(ControlWord.VM_FUNCTION));
    needsEpt(list, "eptp-switching", VmFunction.EPTP_SWITCHING)
        .then(on(SecondaryControl.ENABLE_EPT));
    page(
        list,
        "eptp-list",
        "EPTP-list address",
        on(VmFunction.EPTP_SWITCHING),
        VmcsField.EPTP_LIST_ADDRESS);
  }

  private static void shadowingAndVe(RuleList list) {
    Condition shadowing = on(SecondaryControl.VMCS_SHADOWING);
    page(
        list, "vmread-bitmap", "VMREAD-bitmap address", shadowing, VmcsField.VMREAD_BITMAP_ADDRESS);
    page(
        list,
        "vmwrite-bitmap",
        "VMWRITE-bitmap address",
        shadowing,
        VmcsField.VMWRITE_BITMAP_ADDRESS);
    page(
        list,
        "ve-information",
        "virtualization-exception information address",
        on(SecondaryControl.EPT_VIOLATION_VE),
        VmcsField.VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS);
    Condition pasid = on(SecondaryControl.PASID_TRANSLATION);
    newerPage(
        list,
        "low-pasid-directory",
        "low PASID directory address",
        pasid,
        VmcsField.LOW_PASID_DIRECTORY_ADDRESS);
    newerPage(
        list,
        "high-pasid-directory",
        "high PASID directory address",
        pasid,
        VmcsField.HIGH_PASID_DIRECTORY_ADDRESS);
  }

  private static void newerFeatures(RuleList list) {
    list.rule(
            "tracing-excludes-load-rtit-ctl",
            "“Load IA32_RTIT_CTL” must be 0 if Intel PT is enabled (IA32_RTIT_CTL.TraceEn = 1).")
        .newer()
        .when(on(EntryControl.LOAD_IA32_RTIT_CTL))
        .then(asking(EntryInput.TRACING, c -> !c.environment().isTracing()));
    Condition pt = on(SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES);
    list.rule(
            "pt-guest-physical-needs-load-rtit-ctl",
            "“Intel PT uses guest physical addresses” needs the VM-entry control “load"
                + " IA32_RTIT_CTL”.")
        .newer()
        .when(pt)
        .then(on(EntryControl.LOAD_IA32_RTIT_CTL));
    list.rule(
            "pt-guest-physical-needs-clear-rtit-ctl",
            "“Intel PT uses guest physical addresses” needs the VM-exit control “clear"
                + " IA32_RTIT_CTL”.")
        .newer()
        .when(pt)
        .then(on(ExitControl.CLEAR_IA32_RTIT_CTL));
    list.rule("tsc-multiplier-not-0", "The TSC multiplier must not be 0 with “use TSC scaling”.")
        .newer()
        .when(on(SecondaryControl.USE_TSC_SCALING))
        .then(not(clear(VmcsField.TSC_MULTIPLIER, -1L)));
    VmcsField hlatp = HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER;
    list.rule("hlatp-reserved", "HLATP bits 2:0 and 11:5 must be 0.")
        .newer()
        .when(on(TertiaryControl.ENABLE_HLAT))
        .then(clear(hlatp, HLATP_RESERVED));
    list.rule(
            "hlatp-width",
            "HLATP bits 63:12 must not set any bits beyond the processor's physical-address width.")
        .newer()
        .when(on(TertiaryControl.ENABLE_HLAT))
        .then(c -> c.isPhysicalAddress(c.get(hlatp) & ~PAGE_OFFSET), hlatp);
    Condition timer = on(TertiaryControl.APIC_TIMER_VIRTUALIZATION);
    list.rule(
            "apic-timer-needs-interrupt-delivery",
            "“APIC-timer virtualization” needs “virtual-interrupt delivery”.")
        .newer()
        .when(timer)
        .then(on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY));
    list.rule(
            "apic-timer-excludes-rdtsc-exiting",
            "“APIC-timer virtualization” excludes “RDTSC exiting”.")
        .newer()
        .when(timer)
        .then(off(PrimaryControl.RDTSC_EXITING));
    list.rule("virtual-timer-vector", "The virtual timer vector must be in the range 0–255.")
        .newer()
        .when(timer)
        .then(clear(VmcsField.VIRTUAL_TIMER_VECTOR, 0xFF00));
  }

  private static EntryRule.Draft needs(
      RuleList list, String id, Control control, String neededId, Control needed) {
    return list.rule(
            id + "-needs-" + neededId,
            "The control %s must be 0 if the control %s is 0.".formatted(control, needed))
        .when(on(control));
  }

  private static EntryRule.Draft needsEpt(RuleList list, String id, Control control) {
    return needs(list, id, control, "ept", SecondaryControl.ENABLE_EPT);
  }

  private static void newerNeedsEpt(RuleList list, String id, Control control) {
    needsEpt(list, id, control).newer().then(on(SecondaryControl.ENABLE_EPT));
  }

  /** The two checks on the address of a 4-KByte structure. */
  static void page(RuleList list, String id, String name, Condition when, VmcsField field) {
    aligned(list, id, name).when(when).then(clear(field, PAGE_OFFSET));
    width(list, id, name).when(when).then(c -> c.isPhysicalAddress(c.get(field)), field);
  }

  private static void newerPage(
      RuleList list, String id, String name, Condition when, VmcsField field) {
    aligned(list, id, name).newer().when(when).then(clear(field, PAGE_OFFSET));
    width(list, id, name).newer().when(when).then(c -> c.isPhysicalAddress(c.get(field)), field);
  }

  private static EntryRule.Draft aligned(RuleList list, String id, String name) {
    return list.rule(id + "-aligned", "Bits 11:0 of the %s must be 0.".formatted(name));
  }

  private static EntryRule.Draft width(RuleList list, String id, String name) {
    return list.rule(
        id + "-width",
        "The %s must not set any bits beyond the processor's physical-address width."
            .formatted(name));
  }
}
