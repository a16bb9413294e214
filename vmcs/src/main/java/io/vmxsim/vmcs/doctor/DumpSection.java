package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The sections of the dumps that KVM and Xen print of a VMCS, and the lines in each: those of KVM
 * from 3.19 to 6.x ({@code kvm_intel.dump_invalid_vmcs}) and of Xen from 4.1 to 4.20, side by side,
 * as they hardly differ.
 */
enum DumpSection {
  GUEST(
      "*** Guest State ***",
      List.of(
          "CR0: actual=0x{GUEST_CR0}, shadow=0x{CR0_READ_SHADOW}, gh_mask={CR0_GUEST_HOST_MASK}",
          "CR4: actual=0x{GUEST_CR4}, shadow=0x{CR4_READ_SHADOW}, gh_mask={CR4_GUEST_HOST_MASK}",
          "CR3 = 0x{GUEST_CR3}",
          "RSP = 0x{GUEST_RSP}  RIP = 0x{GUEST_RIP}",
          "RFLAGS=0x{GUEST_RFLAGS:8}  DR7 = 0x{GUEST_DR7}",
          "Sysenter RSP={GUEST_IA32_SYSENTER_ESP}"
              + " CS:RIP={GUEST_IA32_SYSENTER_CS:4}:{GUEST_IA32_SYSENTER_EIP}",
          "DebugCtl = 0x{GUEST_IA32_DEBUGCTL}  DebugExceptions ="
              + " 0x{GUEST_PENDING_DEBUG_EXCEPTIONS}",
          "Interruptibility = {GUEST_INTERRUPTIBILITY_STATE}"
              + "  ActivityState = {GUEST_ACTIVITY_STATE}"),
      List.of(
          "CR3: actual=0x{GUEST_CR3}, target_count={CR3_TARGET_COUNT:1}",
          "target0={-}, target1={-}",
          "target2={-}, target3={-}",
          "PDPTR0 = 0x{GUEST_PDPTE0}  PDPTR1 = 0x{GUEST_PDPTE1}",
          "PDPTR2 = 0x{GUEST_PDPTE2}  PDPTR3 = 0x{GUEST_PDPTE3}",
          "PDPTE0 = 0x{GUEST_PDPTE0}  PDPTE1 = 0x{GUEST_PDPTE1}",
          "PDPTE2 = 0x{GUEST_PDPTE2}  PDPTE3 = 0x{GUEST_PDPTE3}",
          "SSP = 0x{GUEST_SSP} S_CET = 0x{GUEST_IA32_S_CET}"
              + " ISST = 0x{GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR}",
          "S_CET = 0x{GUEST_IA32_S_CET}, SSP = 0x{GUEST_SSP},"
              + " SSP TABLE = 0x{GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR}",
          "sel  attr  limit   base",
          "EFER= 0x{-} (autoload)",
          "EFER= 0x{-} (effective)",
          "EFER(MSR LL) = 0x{-}  PAT = 0x{GUEST_IA32_PAT}",
          "EFER(VMCS) = 0x{GUEST_IA32_EFER}  PAT = 0x{GUEST_IA32_PAT}",
          "EFER = 0x{GUEST_IA32_EFER}  PAT = 0x{GUEST_IA32_PAT}",
          "EFER= 0x{GUEST_IA32_EFER}",
          "PAT = 0x{GUEST_IA32_PAT}",
          "PerfGlobCtl = 0x{GUEST_IA32_PERF_GLOBAL_CTRL}  BndCfgS = 0x{GUEST_IA32_BNDCFGS}",
          "PerfGlobCtl = 0x{GUEST_IA32_PERF_GLOBAL_CTRL}",
          "BndCfgS = 0x{GUEST_IA32_BNDCFGS}",
          "PreemptionTimer = 0x{VMX_PREEMPTION_TIMER_VALUE}  SM Base = 0x{GUEST_SMBASE}",
          "InterruptStatus = {GUEST_INTERRUPT_STATUS}"),
      List.of(
          "Guest PAT = 0x{GUEST_IA32_PAT}",
          "TSC Offset = {TSC_OFFSET}",
          "Interruptibility={GUEST_INTERRUPTIBILITY_STATE:4} ActivityState={GUEST_ACTIVITY_STATE:4}")),
  HOST(
      "*** Host State ***",
      List.of(
          "RIP = 0x{HOST_RIP}  RSP = 0x{HOST_RSP}",
          "CS={HOST_CS_SELECTOR} SS={HOST_SS_SELECTOR} DS={HOST_DS_SELECTOR}"
              + " ES={HOST_ES_SELECTOR} FS={HOST_FS_SELECTOR} GS={HOST_GS_SELECTOR}"
              + " TR={HOST_TR_SELECTOR}",
          "FSBase={HOST_FS_BASE} GSBase={HOST_GS_BASE} TRBase={HOST_TR_BASE}",
          "GDTBase={HOST_GDTR_BASE} IDTBase={HOST_IDTR_BASE}",
          "CR0={HOST_CR0} CR3={HOST_CR3} CR4={HOST_CR4}",
          "Sysenter RSP={HOST_IA32_SYSENTER_ESP}"
              + " CS:RIP={HOST_IA32_SYSENTER_CS:4}:{HOST_IA32_SYSENTER_EIP}"),
      List.of(
          "SSP = 0x{HOST_SSP} S_CET = 0x{HOST_IA32_S_CET}"
              + " ISST = 0x{HOST_IA32_INTERRUPT_SSP_TABLE_ADDR}",
          "S_CET = 0x{HOST_IA32_S_CET}, SSP = 0x{HOST_SSP},"
              + " SSP TABLE = 0x{HOST_IA32_INTERRUPT_SSP_TABLE_ADDR}",
          "EFER = 0x{HOST_IA32_EFER}  PAT = 0x{HOST_IA32_PAT}",
          "EFER= 0x{HOST_IA32_EFER}",
          "PAT = 0x{HOST_IA32_PAT}",
          "PerfGlobCtl = 0x{HOST_IA32_PERF_GLOBAL_CTRL}"),
      List.of(
          "RSP = 0x{HOST_RSP}  RIP = 0x{HOST_RIP}",
          "CS={HOST_CS_SELECTOR} DS={HOST_DS_SELECTOR} ES={HOST_ES_SELECTOR}"
              + " FS={HOST_FS_SELECTOR} GS={HOST_GS_SELECTOR} SS={HOST_SS_SELECTOR}"
              + " TR={HOST_TR_SELECTOR}",
          "Host PAT = 0x{HOST_IA32_PAT}")),
  CONTROL(
      "*** Control State ***",
      List.of(
          "ExceptionBitmap={EXCEPTION_BITMAP} PFECmask={PAGE_FAULT_ERROR_CODE_MASK}"
              + " PFECmatch={PAGE_FAULT_ERROR_CODE_MATCH}",
          "VMEntry: intr_info={VM_ENTRY_INTERRUPTION_INFORMATION}"
              + " errcode={VM_ENTRY_EXCEPTION_ERROR_CODE} ilen={VM_ENTRY_INSTRUCTION_LENGTH}",
          "VMExit: intr_info={VM_EXIT_INTERRUPTION_INFORMATION}"
              + " errcode={VM_EXIT_INTERRUPTION_ERROR_CODE} ilen={VM_EXIT_INSTRUCTION_LENGTH}",
          "reason={EXIT_REASON} qualification={EXIT_QUALIFICATION}",
          "IDTVectoring: info={IDT_VECTORING_INFORMATION} errcode={IDT_VECTORING_ERROR_CODE}"),
      List.of(
          "CPUBased=0x{PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}"
              + " SecondaryExec=0x{SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}"
              + " TertiaryExec=0x{TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}",
          "PinBased=0x{PIN_BASED_VM_EXECUTION_CONTROLS} EntryControls={VM_ENTRY_CONTROLS}"
              + " ExitControls={VM_EXIT_CONTROLS}",
          "PinBased={PIN_BASED_VM_EXECUTION_CONTROLS}"
              + " CPUBased={PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}"
              + " SecondaryExec={SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}"
              + " TertiaryExec={TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}",
          "PinBased={PIN_BASED_VM_EXECUTION_CONTROLS}"
              + " CPUBased={PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}"
              + " SecondaryExec={SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS}",
          "EntryControls={VM_ENTRY_CONTROLS} ExitControls={VM_EXIT_CONTROLS}",
          "TSC Offset = 0x{TSC_OFFSET}  TSC Multiplier = 0x{TSC_MULTIPLIER}",
          "TSC Offset = 0x{TSC_OFFSET}",
          "TSC Multiplier = 0x{TSC_MULTIPLIER}",
          "SVI|RVI = {-}|{-} TPR Threshold = 0x{TPR_THRESHOLD:2}",
          "TPR Threshold = 0x{TPR_THRESHOLD:2}"
              + " PostedIntrVec = 0x{POSTED_INTERRUPT_NOTIFICATION_VECTOR:2}",
          "TPR Threshold = 0x{TPR_THRESHOLD:2}",
          "APIC-access addr = 0x{APIC_ACCESS_ADDRESS} virt-APIC addr = 0x{VIRTUAL_APIC_ADDRESS}",
          "virt-APIC addr = 0x{VIRTUAL_APIC_ADDRESS}",
          "PostedIntrVec = 0x{POSTED_INTERRUPT_NOTIFICATION_VECTOR:2}",
          "EPT pointer = 0x{EPT_POINTER} EPTP index = 0x{EPTP_INDEX}",
          "EPT pointer = 0x{EPT_POINTER}",
          "SPPT pointer = 0x{SUB_PAGE_PERMISSION_TABLE_POINTER}",
          "CR3 target0={CR3_TARGET_VALUE_0} target1={CR3_TARGET_VALUE_1}",
          "CR3 target2={CR3_TARGET_VALUE_2} target3={CR3_TARGET_VALUE_3}",
          "CR3 target0={CR3_TARGET_VALUE_0}",
          "CR3 target2={CR3_TARGET_VALUE_2}",
          "PLE Gap={PLE_GAP} Window={PLE_WINDOW}",
          "Virtual processor ID = 0x{VIRTUAL_PROCESSOR_IDENTIFIER}"
              + " VMfunc controls = {VM_FUNCTION_CONTROLS}",
          "Virtual processor ID = 0x{VIRTUAL_PROCESSOR_IDENTIFIER}",
          "VE info address = 0x{VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS}"),
      List.of(
          "ExceptionBitmap={EXCEPTION_BITMAP}",
          "reason={EXIT_REASON} qualification={EXIT_QUALIFICATION:8}"));

  private final String title;

  @SuppressWarnings("ImmutableEnumChecker") // filled by the constructor only
  private final List<DumpLine> lines = new ArrayList<>();

  @SuppressWarnings("ImmutableEnumChecker") // filled by the constructor only
  private final List<DumpLine> older = new ArrayList<>();

  @SuppressWarnings("ImmutableEnumChecker") // filled by the constructor only
  private final Set<VmcsField> always = EnumSet.noneOf(VmcsField.class);

  DumpSection(String title, List<String> always, List<String> sometimes, List<String> old) {
    this.title = title;
    older.addAll(DumpLine.of(old.toArray(String[]::new)));
    lines.addAll(DumpLine.of(always.toArray(String[]::new)));
    lines.forEach(line -> this.always.addAll(line.fields()));
    if (title.contains("Guest")) {
      addSegments();
    }
    lines.addAll(DumpLine.of(sometimes.toArray(String[]::new)));
    if (title.contains("Control")) {
      this.always.add(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS);
      this.always.add(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
      this.always.add(VmcsField.VM_ENTRY_CONTROLS);
      this.always.add(VmcsField.VM_EXIT_CONTROLS);
    }
  }

  private void addSegments() {
    for (String name : List.of("CS", "SS", "DS", "ES", "FS", "GS", "LDTR", "TR")) {
      List<DumpLine> rows =
          DumpLine.of(
              "CS: sel=0x{GUEST_CS_SELECTOR}, attr=0x{GUEST_CS_ACCESS_RIGHTS:5},"
                      .replace("CS", name)
                  + " limit=0x{GUEST_CS_LIMIT}, base=0x{GUEST_CS_BASE}".replace("CS", name),
              "CS: {GUEST_CS_SELECTOR} {GUEST_CS_ACCESS_RIGHTS:5} {GUEST_CS_LIMIT} {GUEST_CS_BASE}"
                  .replace("CS", name));
      lines.addAll(rows);
      always.addAll(rows.get(0).fields());
    }
    for (String name : List.of("GDTR", "IDTR")) {
      List<DumpLine> rows =
          DumpLine.of(
              "GDTR: limit=0x{GUEST_GDTR_LIMIT}, base=0x{GUEST_GDTR_BASE}".replace("GDTR", name),
              "GDTR: {GUEST_GDTR_LIMIT} {GUEST_GDTR_BASE}".replace("GDTR", name));
      lines.addAll(rows);
      always.addAll(rows.get(0).fields());
    }
  }

  /** The section's first line. */
  String title() {
    return title;
  }

  /** The lines that may follow, the more special of two similar ones first. */
  List<DumpLine> lines() {
    return lines;
  }

  /**
   * Lines of Xen up to 4.6, which prints some numbers with fewer digits than it does today; in
   * another dump they would be cut off.
   */
  List<DumpLine> older() {
    return older;
  }

  /** The fields that a whole section always has. */
  Set<VmcsField> always() {
    return always;
  }
}
