package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsText;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says what the value of a field means, bit by bit.
 *
 * <p>Source: SDM (June 2016) 2.5 “Control Registers”, 2.3 “System Flags and Fields in the EFLAGS
 * Register”, 2.2.1 “Extended Feature Enable Register”, 17.2.4 “Debug Control Register (DR7)”,
 * 17.4.1 “IA32_DEBUGCTL MSR”, 11.12.2 “IA32_PAT MSR”, 24.4.1 “Guest Register State” (Table 24-2),
 * 24.4.2 “Guest Non-Register State” (Tables 24-3 and 24-4), Table 24-8, Tables 24-13 to 24-16;
 * newer bits from the edition of June 2026.
 */
public final class FieldDecoder {

  private static final BitLayout CR0 =
      BitLayout.of("PE:0, MP:1, EM:2, TS:3, ET:4, NE:5, WP:16, AM:18, NW:29, CD:30, PG:31");
  private static final BitLayout CR3 =
      BitLayout.of("PCID/PWT/PCD:11-0, table:51-12, LAM_U57:61, LAM_U48:62, bit 63:63");
  private static final BitLayout CR4 =
      BitLayout.of(
          "VME:0, PVI:1, TSD:2, DE:3, PSE:4, PAE:5, MCE:6, PGE:7, PCE:8, OSFXSR:9, OSXMMEXCPT:10,"
              + " UMIP:11, LA57:12, VMXE:13, SMXE:14, FSGSBASE:16, PCIDE:17, OSXSAVE:18, KL:19,"
              + " SMEP:20, SMAP:21, PKE:22, CET:23, PKS:24, UINTR:25, LAM_SUP:28, FRED:32");
  private static final BitLayout RFLAGS =
      BitLayout.of(
          "CF:0, fixed 1:1, PF:2, AF:4, ZF:6, SF:7, TF:8, IF:9, DF:10, OF:11, IOPL:13-12, NT:14,"
              + " RF:16, VM:17, AC:18, VIF:19, VIP:20, ID:21");
  private static final BitLayout EFER = BitLayout.of("SCE:0, LME:8, LMA:10, NXE:11");
  private static final BitLayout DR7 =
      BitLayout.of(
          "L0:0, G0:1, L1:2, G1:3, L2:4, G2:5, L3:6, G3:7, LE:8, GE:9, fixed 1:10, RTM:11,"
              + " GD:13, RW0:17-16, LEN0:19-18, RW1:21-20, LEN1:23-22, RW2:25-24, LEN2:27-26,"
              + " RW3:29-28, LEN3:31-30");
  private static final BitLayout DEBUGCTL =
      BitLayout.of(
          "LBR:0, BTF:1, BLD:2, TR:6, BTS:7, BTINT:8, BTS_OFF_OS:9, BTS_OFF_USR:10,"
              + " FREEZE_LBRS_ON_PMI:11, FREEZE_PERFMON_ON_PMI:12, ENABLE_UNCORE_PMI:13,"
              + " FREEZE_WHILE_SMM:14, RTM:15");
  private static final BitLayout PAT =
      BitLayout.of(
          "PA0:7-0#, PA1:15-8#, PA2:23-16#, PA3:31-24#, PA4:39-32#, PA5:47-40#, PA6:55-48#,"
              .concat(" PA7:63-56#")
              .replace("#", "(UC|WC|2|3|WT|WP|WB|UC-)"));
  private static final BitLayout SELECTOR = BitLayout.of("index:15-3, TI:2(GDT|LDT), RPL:1-0");
  private static final BitLayout CODE_OR_DATA =
      BitLayout.of(
          "type:3-0(read-only data|read-only data accessed|read/write data|read/write data"
              + " accessed|expand-down read-only|expand-down read-only accessed|expand-down"
              + " read/write|expand-down read/write accessed|execute-only code|execute-only code"
              + " accessed|execute/read code|execute/read code accessed|conforming execute-only"
              + " code|conforming execute-only code accessed|conforming execute/read"
              + " code|conforming execute/read code accessed),"
              + " S:4(system|code or data), DPL:6-5, P:7, reserved:11-8, AVL:12, L:13, D/B:14,"
              + " G:15, unusable:16, reserved:31-17");
  private static final BitLayout SYSTEM_SEGMENT =
      BitLayout.of(
          "type:3-0(0|16-bit TSS|LDT|busy 16-bit TSS|4|5|6|7|8|TSS|10|busy TSS|12|13|14|15),"
              + " S:4(system|code or data), DPL:6-5, P:7, reserved:11-8, AVL:12, L:13, D/B:14,"
              + " G:15, unusable:16, reserved:31-17");
  private static final BitLayout INTERRUPTIBILITY =
      BitLayout.of(
          "blocking by STI:0, blocking by MOV SS:1, blocking by SMI:2, blocking by NMI:3, enclave"
              + " interruption:4, reserved:31-5");
  private static final BitLayout ACTIVITY =
      BitLayout.of("state:31-0(active|HLT|shutdown|wait-for-SIPI)");
  private static final BitLayout PENDING_DEBUG =
      BitLayout.of("B0:0, B1:1, B2:2, B3:3, BLD:11, enabled breakpoint:12, BS:14, RTM:16");
  private static final BitLayout EVENT =
      BitLayout.of(
          "vector:7-0, type:10-8(external interrupt|reserved|NMI|hardware exception|software"
              + " interrupt|privileged software exception|software exception|other event),"
              + " error code:11, bit 12:12, nested exception:13, valid:31");
  private static final BitLayout EPTP =
      BitLayout.of(
          "memory type:2-0(UC|1|2|3|4|5|WB|7), walk length minus 1:5-3, accessed and dirty flags:6,"
              + " supervisor shadow stacks:7, reserved:11-8, table:63-12");
  private static final BitLayout EXCEPTIONS =
      BitLayout.of(
          "#DE:0, #DB:1, NMI:2, #BP:3, #OF:4, #BR:5, #UD:6, #NM:7, #DF:8, #TS:10, #NP:11, #SS:12,"
              + " #GP:13, #PF:14, #MF:16, #AC:17, #MC:18, #XM:19, #VE:20, #CP:21");
  private static final BitLayout REASON =
      BitLayout.of("reason:15-0, enclave:27, pending MTF:28, from root:29, VM-entry failure:31");
  private static final BitLayout S_CET =
      BitLayout.of(
          "SH_STK_EN:0, WR_SHSTK_EN:1, ENDBR_EN:2, LEG_IW_EN:3, NO_TRACK_EN:4, SUPPRESS_DIS:5,"
              + " reserved:9-6, SUPPRESS:10, TRACKER:11, bitmap:63-12");
  private static final BitLayout INTERRUPT_STATUS = BitLayout.of("RVI:7-0, SVI:15-8");
  private static final BitLayout BNDCFGS = BitLayout.of("EN:0, BNDPRESERVE:1, base:63-12");

  private static final Map<VmcsField, BitLayout> BY_FIELD = byField();

  private FieldDecoder() {}

  /** The named bits of the field when it has this value; null if it is a plain number. */
  public static @Nullable BitLayout layout(VmcsField field, long value) {
    BitLayout layout = BY_FIELD.get(field);
    boolean system =
        field == VmcsField.GUEST_TR_ACCESS_RIGHTS || field == VmcsField.GUEST_LDTR_ACCESS_RIGHTS;
    return layout == CODE_OR_DATA && system ? SYSTEM_SEGMENT : layout;
  }

  /** The value of a field in words; empty if the number says it all. */
  public static String decode(VmcsField field, long value) {
    if (field == VmcsField.EXIT_REASON) {
      ExitReason reason = ExitReason.of(value);
      String name = reason == null ? "undefined" : reason.traceName();
      return (value & ExitReason.VM_ENTRY_FAILURE) == 0 ? name : name + ", VM-entry failure";
    }
    BitLayout layout = layout(field, value);
    if (layout == EVENT && (value & 1L << 31) == 0) {
      return "not valid";
    }
    return layout == null ? "" : layout.decode(value);
  }

  /** Like {@link #decode}, and for an exit qualification, which needs the exit reason. */
  public static String decode(Vmcs vmcs, VmcsField field) {
    if (field == VmcsField.EXIT_QUALIFICATION || field == VmcsField.VM_INSTRUCTION_ERROR) {
      String words = VmcsText.decoded(vmcs, field);
      return words == null ? "" : words;
    }
    return decode(field, vmcs.get(field));
  }

  private static Map<VmcsField, BitLayout> byField() {
    Map<VmcsField, BitLayout> layouts = new EnumMap<>(VmcsField.class);
    for (VmcsField field : VmcsField.values()) {
      BitLayout layout = named(field);
      if (layout != null) {
        layouts.put(field, layout);
      }
    }
    for (ControlWord word : ControlWord.values()) {
      layouts.put(word.field(), BitLayout.of(word));
    }
    return layouts;
  }

  private static @Nullable BitLayout named(VmcsField field) {
    String name = field.name();
    if (name.endsWith("_ACCESS_RIGHTS")) {
      return CODE_OR_DATA;
    }
    if (name.endsWith("_SELECTOR")) {
      return SELECTOR;
    }
    return switch (field) {
      case GUEST_CR0, HOST_CR0, CR0_READ_SHADOW, CR0_GUEST_HOST_MASK -> CR0;
      case GUEST_CR3, HOST_CR3 -> CR3;
      case GUEST_CR4, HOST_CR4, CR4_READ_SHADOW, CR4_GUEST_HOST_MASK -> CR4;
      case GUEST_RFLAGS -> RFLAGS;
      case GUEST_IA32_EFER, HOST_IA32_EFER -> EFER;
      case GUEST_DR7 -> DR7;
      case GUEST_IA32_DEBUGCTL -> DEBUGCTL;
      case GUEST_IA32_PAT, HOST_IA32_PAT -> PAT;
      case GUEST_INTERRUPTIBILITY_STATE -> INTERRUPTIBILITY;
      case GUEST_ACTIVITY_STATE -> ACTIVITY;
      case GUEST_PENDING_DEBUG_EXCEPTIONS -> PENDING_DEBUG;
      case VM_ENTRY_INTERRUPTION_INFORMATION,
          VM_EXIT_INTERRUPTION_INFORMATION,
          IDT_VECTORING_INFORMATION ->
          EVENT;
      case EPT_POINTER -> EPTP;
      case EXCEPTION_BITMAP -> EXCEPTIONS;
      case EXIT_REASON -> REASON;
      case GUEST_IA32_S_CET, HOST_IA32_S_CET -> S_CET;
      case GUEST_INTERRUPT_STATUS -> INTERRUPT_STATUS;
      case GUEST_IA32_BNDCFGS -> BNDCFGS;
      default -> null;
    };
  }
}
