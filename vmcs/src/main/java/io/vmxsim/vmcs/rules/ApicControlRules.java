package io.vmxsim.vmcs.rules;

import static io.vmxsim.vmcs.VmcsField.LAST_PID_POINTER_INDEX;
import static io.vmxsim.vmcs.VmcsField.PID_POINTER_TABLE_ADDRESS;
import static io.vmxsim.vmcs.VmcsField.POSTED_INTERRUPT_DESCRIPTOR_ADDRESS;
import static io.vmxsim.vmcs.VmcsField.POSTED_INTERRUPT_NOTIFICATION_VECTOR;
import static io.vmxsim.vmcs.VmcsField.TPR_THRESHOLD;
import static io.vmxsim.vmcs.VmcsField.VIRTUAL_APIC_ADDRESS;
import static io.vmxsim.vmcs.rules.Condition.asking;
import static io.vmxsim.vmcs.rules.Condition.clear;
import static io.vmxsim.vmcs.rules.Condition.not;
import static io.vmxsim.vmcs.rules.Condition.off;
import static io.vmxsim.vmcs.rules.Condition.on;
import static io.vmxsim.vmcs.rules.Condition.reading;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;

/** The part of 26.2.1.1 “VM-Execution Control Fields” that is about APIC virtualization. */
final class ApicControlRules {

  private static final int VTPR = 0x80;
  private static final long PAGE_OFFSET = 0xFFF;
  private static final int PID_POINTER_BYTES = 8;

  private ApicControlRules() {}

  /** The virtual-APIC address and the TPR threshold. */
  static void addTpr(RuleList list) {
    Condition tprShadow = on(PrimaryControl.USE_TPR_SHADOW);
    ExecutionControlRules.page(
        list, "virtual-apic", "virtual-APIC address", tprShadow, VIRTUAL_APIC_ADDRESS);
    Condition noDelivery = off(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
    list.rule(
            "tpr-threshold-reserved",
            "Bits 31:4 of the TPR threshold must be 0 without “virtual-interrupt delivery”.")
        .when(tprShadow)
        .when(noDelivery)
        .then(clear(TPR_THRESHOLD, ~0xFL));
    list.rule(
            "tpr-threshold-vtpr",
            "Bits 3:0 of the TPR threshold should not be greater than bits 7:4 of VTPR.")
        .when(tprShadow)
        .when(noDelivery)
        .when(off(SecondaryControl.VIRTUALIZE_APIC_ACCESSES))
        .when(not(clear(TPR_THRESHOLD, 0xF))) // 0 is not greater than anything
        .when(reading(ApicControlRules::hasVirtualApicPage, VIRTUAL_APIC_ADDRESS))
        .then(
            reading(c -> true, TPR_THRESHOLD, VIRTUAL_APIC_ADDRESS)
                .and(asking(EntryInput.VIRTUAL_APIC_PAGE, ApicControlRules::isThresholdReached)));
  }

  private static boolean hasVirtualApicPage(EntryContext c) {
    long page = c.get(VIRTUAL_APIC_ADDRESS);
    return (page & PAGE_OFFSET) == 0 && c.isPhysicalAddress(page);
  }

  private static boolean isThresholdReached(EntryContext c) {
    int vtpr = c.environment().read32(c.get(VIRTUAL_APIC_ADDRESS) + VTPR);
    return (c.get(TPR_THRESHOLD) & 0xF) <= (vtpr >>> 4 & 0xF);
  }

  /** APIC accesses, virtualization of the APIC, posted interrupts, IPI virtualization. */
  static void addVirtualization(RuleList list) {
    ExecutionControlRules.page(
        list,
        "apic-access",
        "APIC-access address",
        on(SecondaryControl.VIRTUALIZE_APIC_ACCESSES),
        VmcsField.APIC_ACCESS_ADDRESS);
    Condition tprShadow = on(PrimaryControl.USE_TPR_SHADOW);
    needsTprShadow(list, "x2apic-mode", SecondaryControl.VIRTUALIZE_X2APIC_MODE).then(tprShadow);
    needsTprShadow(list, "apic-registers", SecondaryControl.APIC_REGISTER_VIRTUALIZATION)
        .then(tprShadow);
    needsTprShadow(list, "interrupt-delivery", SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)
        .then(tprShadow);
    needsTprShadow(list, "ipi-virtualization", TertiaryControl.IPI_VIRTUALIZATION)
        .newer()
        .then(tprShadow);
    list.rule(
            "x2apic-mode-excludes-apic-accesses",
            "“Virtualize x2APIC mode” and “virtualize APIC accesses” must not both be 1.")
        .when(on(SecondaryControl.VIRTUALIZE_X2APIC_MODE))
        .then(off(SecondaryControl.VIRTUALIZE_APIC_ACCESSES));
    list.rule(
            "interrupt-delivery-needs-external-interrupt-exiting",
            "“Virtual-interrupt delivery” needs “external-interrupt exiting”.")
        .when(on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY))
        .then(on(PinControl.EXTERNAL_INTERRUPT_EXITING));
    postedInterrupts(list);
    ipiVirtualization(list);
  }

  private static EntryRule.Draft needsTprShadow(RuleList list, String id, Control control) {
    return list.rule(
            id + "-needs-tpr-shadow",
            "The control %s must be 0 if “use TPR shadow” is 0.".formatted(control))
        .when(on(control));
  }

  private static void postedInterrupts(RuleList list) {
    Condition posting = on(PinControl.PROCESS_POSTED_INTERRUPTS);
    list.rule(
            "posted-interrupts-need-interrupt-delivery",
            "“Process posted interrupts” needs “virtual-interrupt delivery”.")
        .when(posting)
        .then(on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY));
    list.rule(
            "posted-interrupts-need-acknowledge",
            "“Process posted interrupts” needs the VM-exit control “acknowledge interrupt on"
                + " exit”.")
        .when(posting)
        .then(on(ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT));
    list.rule(
            "posted-interrupt-vector",
            "The posted-interrupt notification vector must be in the range 0–255.")
        .when(posting)
        .then(clear(POSTED_INTERRUPT_NOTIFICATION_VECTOR, 0xFF00));
    list.rule(
            "posted-interrupt-descriptor-aligned",
            "Bits 5:0 of the posted-interrupt descriptor address must be 0.")
        .when(posting)
        .then(clear(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0x3F));
    list.rule(
            "posted-interrupt-descriptor-width",
            "The posted-interrupt descriptor address must not set any bits beyond the processor's"
                + " physical-address width.")
        .when(posting)
        .then(
            c -> c.isPhysicalAddress(c.get(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS)),
            POSTED_INTERRUPT_DESCRIPTOR_ADDRESS);
  }

  private static void ipiVirtualization(RuleList list) {
    Condition ipi = on(TertiaryControl.IPI_VIRTUALIZATION);
    list.rule("pid-pointer-table-aligned", "Bits 2:0 of the PID-pointer table address must be 0.")
        .newer()
        .when(ipi)
        .then(clear(PID_POINTER_TABLE_ADDRESS, 7));
    list.rule(
            "pid-pointer-table-width",
            "The PID-pointer table address must not set any bits beyond the processor's"
                + " physical-address width.")
        .newer()
        .when(ipi)
        .fallsWith("pid-pointer-table-end", "a table that begins beyond the width ends beyond it")
        .then(
            c -> c.isPhysicalAddress(c.get(PID_POINTER_TABLE_ADDRESS)), PID_POINTER_TABLE_ADDRESS);
    list.rule(
            "pid-pointer-table-end",
            "The address of the last entry in the PID-pointer table must not set any bits beyond"
                + " the processor's physical-address width.")
        .newer()
        .when(ipi)
        .then(
            c ->
                c.isPhysicalAddress(
                    c.get(PID_POINTER_TABLE_ADDRESS)
                        + PID_POINTER_BYTES * c.get(LAST_PID_POINTER_INDEX)),
            PID_POINTER_TABLE_ADDRESS,
            LAST_PID_POINTER_INDEX);
  }
}
