package io.vmxsim.vmcs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a VMCS: one constant per field, in the order of the SDM's tables B-1 to B-15.
 *
 * <p>A row is the field's encoding and the controls whose support makes the field exist (any one of
 * them is enough; none means every processor has the field). Width, type and index are decoded from
 * the encoding. A 64-bit field is one constant; the second encoding that reaches its high half is
 * {@link #highEncoding()}.
 *
 * <p>Names are those of the edition of June 2016 (24 “Virtual Machine Control Structures”, Appendix
 * B “Field Encoding in VMCS”) without the word “field”; fields added since have the names of the
 * edition of February 2026, whose table this is. That edition renamed some older fields: “VM-entry
 * interruption information” is now “injected-event identification”, “VM-exit interruption
 * information” is “exiting-event identification”, “IDT-vectoring information” is “original-event
 * identification”, and “VM-exit controls” is “primary VM-exit controls”.
 */
public enum VmcsField {
  // Table B-1. 16-bit control fields
  VIRTUAL_PROCESSOR_IDENTIFIER(0x0000, SecondaryControl.ENABLE_VPID),
  POSTED_INTERRUPT_NOTIFICATION_VECTOR(0x0002, PinControl.PROCESS_POSTED_INTERRUPTS),
  EPTP_INDEX(0x0004, SecondaryControl.EPT_VIOLATION_VE),
  HLAT_PREFIX_SIZE(0x0006, TertiaryControl.ENABLE_HLAT),
  LAST_PID_POINTER_INDEX(0x0008, TertiaryControl.IPI_VIRTUALIZATION),
  // The three fields of APIC-timer virtualization, which edition 2026-06 describes, are not in that
  // table; their encodings are those that Linux uses (KVM patches of 2026).
  VIRTUAL_TIMER_VECTOR(0x000A, TertiaryControl.APIC_TIMER_VIRTUALIZATION),

  // Table B-2. 16-bit guest-state fields
  GUEST_ES_SELECTOR(0x0800),
  GUEST_CS_SELECTOR(0x0802),
  GUEST_SS_SELECTOR(0x0804),
  GUEST_DS_SELECTOR(0x0806),
  GUEST_FS_SELECTOR(0x0808),
  GUEST_GS_SELECTOR(0x080A),
  GUEST_LDTR_SELECTOR(0x080C),
  GUEST_TR_SELECTOR(0x080E),
  GUEST_INTERRUPT_STATUS(0x0810, SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY),
  PML_INDEX(0x0812, SecondaryControl.ENABLE_PML),
  GUEST_UINV(0x0814, ExitControl.CLEAR_UINV, EntryControl.LOAD_UINV),

  // Table B-3. 16-bit host-state fields
  HOST_ES_SELECTOR(0x0C00),
  HOST_CS_SELECTOR(0x0C02),
  HOST_SS_SELECTOR(0x0C04),
  HOST_DS_SELECTOR(0x0C06),
  HOST_FS_SELECTOR(0x0C08),
  HOST_GS_SELECTOR(0x0C0A),
  HOST_TR_SELECTOR(0x0C0C),

  // Table B-4. 64-bit control fields
  ADDRESS_OF_IO_BITMAP_A(0x2000),
  ADDRESS_OF_IO_BITMAP_B(0x2002),
  ADDRESS_OF_MSR_BITMAPS(0x2004, PrimaryControl.USE_MSR_BITMAPS),
  VM_EXIT_MSR_STORE_ADDRESS(0x2006),
  VM_EXIT_MSR_LOAD_ADDRESS(0x2008),
  VM_ENTRY_MSR_LOAD_ADDRESS(0x200A),
  EXECUTIVE_VMCS_POINTER(0x200C),
  PML_ADDRESS(0x200E, SecondaryControl.ENABLE_PML),
  TSC_OFFSET(0x2010),
  VIRTUAL_APIC_ADDRESS(0x2012, PrimaryControl.USE_TPR_SHADOW),
  APIC_ACCESS_ADDRESS(0x2014, SecondaryControl.VIRTUALIZE_APIC_ACCESSES),
  POSTED_INTERRUPT_DESCRIPTOR_ADDRESS(0x2016, PinControl.PROCESS_POSTED_INTERRUPTS),
  VM_FUNCTION_CONTROLS(0x2018, SecondaryControl.ENABLE_VM_FUNCTIONS),
  EPT_POINTER(0x201A, SecondaryControl.ENABLE_EPT),
  EOI_EXIT_BITMAP_0(0x201C, SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY),
  EOI_EXIT_BITMAP_1(0x201E, SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY),
  EOI_EXIT_BITMAP_2(0x2020, SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY),
  EOI_EXIT_BITMAP_3(0x2022, SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY),
  EPTP_LIST_ADDRESS(0x2024, VmFunction.EPTP_SWITCHING),
  VMREAD_BITMAP_ADDRESS(0x2026, SecondaryControl.VMCS_SHADOWING),
  VMWRITE_BITMAP_ADDRESS(0x2028, SecondaryControl.VMCS_SHADOWING),
  VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS(0x202A, SecondaryControl.EPT_VIOLATION_VE),
  XSS_EXITING_BITMAP(0x202C, SecondaryControl.ENABLE_XSAVES_XRSTORS),
  ENCLS_EXITING_BITMAP(0x202E, SecondaryControl.ENABLE_ENCLS_EXITING),
  SUB_PAGE_PERMISSION_TABLE_POINTER(0x2030, SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT),
  TSC_MULTIPLIER(0x2032, SecondaryControl.USE_TSC_SCALING),
  TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS(0x2034, PrimaryControl.ACTIVATE_TERTIARY_CONTROLS),
  LOW_PASID_DIRECTORY_ADDRESS(0x2038, SecondaryControl.PASID_TRANSLATION),
  HIGH_PASID_DIRECTORY_ADDRESS(0x203A, SecondaryControl.PASID_TRANSLATION),
  SEAM_SHARED_EPT_POINTER(0x203C, TertiaryControl.SEAM_GUEST_PHYSICAL_ADDRESS_WIDTH),
  PCONFIG_EXITING_BITMAP(0x203E, SecondaryControl.ENABLE_PCONFIG),
  HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER(0x2040, TertiaryControl.ENABLE_HLAT),
  PID_POINTER_TABLE_ADDRESS(0x2042, TertiaryControl.IPI_VIRTUALIZATION),
  SECONDARY_VM_EXIT_CONTROLS(0x2044, ExitControl.ACTIVATE_SECONDARY_CONTROLS),
  IA32_SPEC_CTRL_MASK(0x204A, TertiaryControl.VIRTUALIZE_IA32_SPEC_CTRL),
  IA32_SPEC_CTRL_SHADOW(0x204C, TertiaryControl.VIRTUALIZE_IA32_SPEC_CTRL),
  GUEST_DEADLINE_SHADOW(0x204E, TertiaryControl.APIC_TIMER_VIRTUALIZATION),
  // Exists “on processors that support FRED transitions”, which CPUID says; “load FRED” goes with
  // it.
  INJECTED_EVENT_DATA(0x2052, EntryControl.LOAD_FRED),

  // Table B-5. 64-bit read-only data fields
  GUEST_PHYSICAL_ADDRESS(0x2400, SecondaryControl.ENABLE_EPT),
  MSR_DATA(0x2402, TertiaryControl.ENABLE_MSR_LIST_INSTRUCTIONS),
  // As for INJECTED_EVENT_DATA.
  ORIGINAL_EVENT_DATA(0x2404, EntryControl.LOAD_FRED),

  // Table B-6. 64-bit guest-state fields
  VMCS_LINK_POINTER(0x2800),
  GUEST_IA32_DEBUGCTL(0x2802),
  GUEST_IA32_PAT(0x2804, EntryControl.LOAD_IA32_PAT, ExitControl.SAVE_IA32_PAT),
  GUEST_IA32_EFER(0x2806, EntryControl.LOAD_IA32_EFER, ExitControl.SAVE_IA32_EFER),
  GUEST_IA32_PERF_GLOBAL_CTRL(0x2808, EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL),
  GUEST_PDPTE0(0x280A, SecondaryControl.ENABLE_EPT),
  GUEST_PDPTE1(0x280C, SecondaryControl.ENABLE_EPT),
  GUEST_PDPTE2(0x280E, SecondaryControl.ENABLE_EPT),
  GUEST_PDPTE3(0x2810, SecondaryControl.ENABLE_EPT),
  GUEST_IA32_BNDCFGS(0x2812, EntryControl.LOAD_IA32_BNDCFGS, ExitControl.CLEAR_IA32_BNDCFGS),
  GUEST_IA32_RTIT_CTL(0x2814, EntryControl.LOAD_IA32_RTIT_CTL, ExitControl.CLEAR_IA32_RTIT_CTL),
  GUEST_IA32_LBR_CTL(0x2816, EntryControl.LOAD_GUEST_IA32_LBR_CTL, ExitControl.CLEAR_IA32_LBR_CTL),
  GUEST_IA32_PKRS(0x2818, EntryControl.LOAD_PKRS),
  GUEST_IA32_FRED_CONFIG(0x281A, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  GUEST_IA32_FRED_RSP1(0x281C, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  GUEST_IA32_FRED_RSP2(0x281E, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  GUEST_IA32_FRED_RSP3(0x2820, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  GUEST_IA32_FRED_STKLVLS(0x2822, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  GUEST_IA32_FRED_SSP1(0x2824, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  GUEST_IA32_FRED_SSP2(0x2826, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  GUEST_IA32_FRED_SSP3(0x2828, EntryControl.LOAD_FRED, SecondaryExitControl.SAVE_FRED),
  // This and its host counterpart are not in the tables of February 2026; as Bochs encodes them.
  GUEST_IA32_SPEC_CTRL(0x282E, EntryControl.LOAD_IA32_SPEC_CTRL),
  GUEST_DEADLINE(0x2830, TertiaryControl.APIC_TIMER_VIRTUALIZATION),

  // Table B-7. 64-bit host-state fields
  HOST_IA32_PAT(0x2C00, ExitControl.LOAD_IA32_PAT),
  HOST_IA32_EFER(0x2C02, ExitControl.LOAD_IA32_EFER),
  HOST_IA32_PERF_GLOBAL_CTRL(0x2C04, ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL),
  HOST_IA32_PKRS(0x2C06, ExitControl.LOAD_PKRS),
  HOST_IA32_FRED_CONFIG(0x2C08, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_FRED_RSP1(0x2C0A, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_FRED_RSP2(0x2C0C, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_FRED_RSP3(0x2C0E, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_FRED_STKLVLS(0x2C10, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_FRED_SSP1(0x2C12, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_FRED_SSP2(0x2C14, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_FRED_SSP3(0x2C16, SecondaryExitControl.LOAD_FRED),
  HOST_IA32_SPEC_CTRL(0x2C1A, SecondaryExitControl.LOAD_IA32_SPEC_CTRL),

  // Table B-8. 32-bit control fields
  PIN_BASED_VM_EXECUTION_CONTROLS(0x4000),
  PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS(0x4002),
  EXCEPTION_BITMAP(0x4004),
  PAGE_FAULT_ERROR_CODE_MASK(0x4006),
  PAGE_FAULT_ERROR_CODE_MATCH(0x4008),
  CR3_TARGET_COUNT(0x400A),
  VM_EXIT_CONTROLS(0x400C),
  VM_EXIT_MSR_STORE_COUNT(0x400E),
  VM_EXIT_MSR_LOAD_COUNT(0x4010),
  VM_ENTRY_CONTROLS(0x4012),
  VM_ENTRY_MSR_LOAD_COUNT(0x4014),
  VM_ENTRY_INTERRUPTION_INFORMATION(0x4016),
  VM_ENTRY_EXCEPTION_ERROR_CODE(0x4018),
  VM_ENTRY_INSTRUCTION_LENGTH(0x401A),
  TPR_THRESHOLD(0x401C, PrimaryControl.USE_TPR_SHADOW),
  SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS(
      0x401E, PrimaryControl.ACTIVATE_SECONDARY_CONTROLS),
  PLE_GAP(0x4020, SecondaryControl.PAUSE_LOOP_EXITING),
  PLE_WINDOW(0x4022, SecondaryControl.PAUSE_LOOP_EXITING),
  INSTRUCTION_TIMEOUT_CONTROL(0x4024, SecondaryControl.INSTRUCTION_TIMEOUT),
  SEAM_GUEST_KEYID(0x4026, TertiaryControl.SEAM_GUEST_PHYSICAL_ADDRESS_WIDTH),

  // Table B-9. 32-bit read-only data fields
  VM_INSTRUCTION_ERROR(0x4400),
  EXIT_REASON(0x4402),
  VM_EXIT_INTERRUPTION_INFORMATION(0x4404),
  VM_EXIT_INTERRUPTION_ERROR_CODE(0x4406),
  IDT_VECTORING_INFORMATION(0x4408),
  IDT_VECTORING_ERROR_CODE(0x440A),
  VM_EXIT_INSTRUCTION_LENGTH(0x440C),
  VM_EXIT_INSTRUCTION_INFORMATION(0x440E),

  // Table B-10. 32-bit guest-state fields
  GUEST_ES_LIMIT(0x4800),
  GUEST_CS_LIMIT(0x4802),
  GUEST_SS_LIMIT(0x4804),
  GUEST_DS_LIMIT(0x4806),
  GUEST_FS_LIMIT(0x4808),
  GUEST_GS_LIMIT(0x480A),
  GUEST_LDTR_LIMIT(0x480C),
  GUEST_TR_LIMIT(0x480E),
  GUEST_GDTR_LIMIT(0x4810),
  GUEST_IDTR_LIMIT(0x4812),
  GUEST_ES_ACCESS_RIGHTS(0x4814),
  GUEST_CS_ACCESS_RIGHTS(0x4816),
  GUEST_SS_ACCESS_RIGHTS(0x4818),
  GUEST_DS_ACCESS_RIGHTS(0x481A),
  GUEST_FS_ACCESS_RIGHTS(0x481C),
  GUEST_GS_ACCESS_RIGHTS(0x481E),
  GUEST_LDTR_ACCESS_RIGHTS(0x4820),
  GUEST_TR_ACCESS_RIGHTS(0x4822),
  GUEST_INTERRUPTIBILITY_STATE(0x4824),
  GUEST_ACTIVITY_STATE(0x4826),
  GUEST_SMBASE(0x4828),
  GUEST_IA32_SYSENTER_CS(0x482A),
  VMX_PREEMPTION_TIMER_VALUE(0x482E, PinControl.ACTIVATE_VMX_PREEMPTION_TIMER),

  // Table B-11. 32-bit host-state field
  HOST_IA32_SYSENTER_CS(0x4C00),

  // Table B-12. Natural-width control fields
  CR0_GUEST_HOST_MASK(0x6000),
  CR4_GUEST_HOST_MASK(0x6002),
  CR0_READ_SHADOW(0x6004),
  CR4_READ_SHADOW(0x6006),
  CR3_TARGET_VALUE_0(0x6008),
  CR3_TARGET_VALUE_1(0x600A),
  CR3_TARGET_VALUE_2(0x600C),
  CR3_TARGET_VALUE_3(0x600E),

  // Table B-13. Natural-width read-only data fields
  EXIT_QUALIFICATION(0x6400),
  IO_RCX(0x6402),
  IO_RSI(0x6404),
  IO_RDI(0x6406),
  IO_RIP(0x6408),
  GUEST_LINEAR_ADDRESS(0x640A),

  // Table B-14. Natural-width guest-state fields
  GUEST_CR0(0x6800),
  GUEST_CR3(0x6802),
  GUEST_CR4(0x6804),
  GUEST_ES_BASE(0x6806),
  GUEST_CS_BASE(0x6808),
  GUEST_SS_BASE(0x680A),
  GUEST_DS_BASE(0x680C),
  GUEST_FS_BASE(0x680E),
  GUEST_GS_BASE(0x6810),
  GUEST_LDTR_BASE(0x6812),
  GUEST_TR_BASE(0x6814),
  GUEST_GDTR_BASE(0x6816),
  GUEST_IDTR_BASE(0x6818),
  GUEST_DR7(0x681A),
  GUEST_RSP(0x681C),
  GUEST_RIP(0x681E),
  GUEST_RFLAGS(0x6820),
  GUEST_PENDING_DEBUG_EXCEPTIONS(0x6822),
  GUEST_IA32_SYSENTER_ESP(0x6824),
  GUEST_IA32_SYSENTER_EIP(0x6826),
  GUEST_IA32_S_CET(0x6828, EntryControl.LOAD_CET_STATE),
  GUEST_SSP(0x682A, EntryControl.LOAD_CET_STATE),
  GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR(0x682C, EntryControl.LOAD_CET_STATE),

  // Table B-15. Natural-width host-state fields
  HOST_CR0(0x6C00),
  HOST_CR3(0x6C02),
  HOST_CR4(0x6C04),
  HOST_FS_BASE(0x6C06),
  HOST_GS_BASE(0x6C08),
  HOST_TR_BASE(0x6C0A),
  HOST_GDTR_BASE(0x6C0C),
  HOST_IDTR_BASE(0x6C0E),
  HOST_IA32_SYSENTER_ESP(0x6C10),
  HOST_IA32_SYSENTER_EIP(0x6C12),
  HOST_RSP(0x6C14),
  HOST_RIP(0x6C16),
  HOST_IA32_S_CET(0x6C18, ExitControl.LOAD_CET_STATE),
  HOST_SSP(0x6C1A, ExitControl.LOAD_CET_STATE),
  HOST_IA32_INTERRUPT_SSP_TABLE_ADDR(0x6C1C, ExitControl.LOAD_CET_STATE);

  /** The number of fields. */
  public static final int COUNT = values().length;

  private static final int WIDTH_SHIFT = 13;
  private static final int TYPE_SHIFT = 10;
  private static final int HIGH_ACCESS = 1;
  private static final int RESERVED_BITS = ~0x6FFF;
  private static final @Nullable VmcsField[] BY_ENCODING = byEncoding();

  private final int encoding;
  private final Width width;
  private final Type type;

  @SuppressWarnings("ImmutableEnumChecker") // List.of never changes
  private final List<Control> requires;

  VmcsField(int encoding, Control... requiresAnyOf) {
    this.encoding = encoding;
    this.width = Width.DECODED[(encoding >>> WIDTH_SHIFT) & 3];
    this.type = Type.DECODED[(encoding >>> TYPE_SHIFT) & 3];
    this.requires = List.of(requiresAnyOf);
  }

  /** The encoding software gives VMREAD and VMWRITE for the whole field (access type “full”). */
  public int encoding() {
    return encoding;
  }

  /**
   * The encoding of bits 63:32 of a 64-bit field (access type “high”).
   *
   * @throws IllegalStateException for a field of another width, which has no such encoding
   */
  public int highEncoding() {
    if (width != Width.BITS_64) {
      throw new IllegalStateException(this + " has no high half");
    }
    return encoding | HIGH_ACCESS;
  }

  /** Bits 14:13 of the encoding. */
  public Width width() {
    return width;
  }

  /** Bits 11:10 of the encoding. */
  public Type type() {
    return type;
  }

  /** Bits 9:1 of the encoding, which tell fields of one width and type apart. */
  public int index() {
    return (encoding >>> 1) & 0x1FF;
  }

  /** The controls of which a processor must support one to have this field; empty: all have it. */
  public List<Control> requiresAnyOf() {
    return requires;
  }

  /** Whether a processor with {@code capabilities} has this field. */
  public boolean existsOn(VmxCapabilities capabilities) {
    return requires.isEmpty() || requires.stream().anyMatch(capabilities::supports);
  }

  /** The field {@code encoding} reaches, in whole or by its high half; null if there is none. */
  public static @Nullable VmcsField ofEncoding(int encoding) {
    return (encoding & RESERVED_BITS) == 0 ? BY_ENCODING[encoding] : null;
  }

  /** Whether {@code encoding} has access type “high”: it reaches bits 63:32 of a 64-bit field. */
  public static boolean isHighAccess(int encoding) {
    return (encoding & HIGH_ACCESS) != 0;
  }

  private static @Nullable VmcsField[] byEncoding() {
    @Nullable VmcsField[] fields = new VmcsField[1 << 15];
    for (VmcsField field : values()) {
      fields[field.encoding] = field;
      if (field.width == Width.BITS_64) {
        fields[field.encoding | HIGH_ACCESS] = field;
      }
    }
    return fields;
  }

  /** The width of a field, by the value of bits 14:13 of its encoding. */
  public enum Width {
    BITS_16(16),
    BITS_64(64),
    BITS_32(32),
    /** 64 bits, as all processors modelled support Intel 64 architecture. */
    NATURAL(64);

    private static final Width[] DECODED = values();

    private final int bits;

    Width(int bits) {
      this.bits = bits;
    }

    /** The number of bits the field stores. */
    public int bits() {
      return bits;
    }

    /** A mask of the bits the field stores. */
    public long mask() {
      return -1L >>> (64 - bits);
    }
  }

  /** What a field is for, by the value of bits 11:10 of its encoding. */
  public enum Type {
    CONTROL,
    /** VM-exit information and the VM-instruction error: VMWRITE may refuse these. */
    READ_ONLY_DATA,
    GUEST_STATE,
    HOST_STATE;

    private static final Type[] DECODED = values();
  }
}
