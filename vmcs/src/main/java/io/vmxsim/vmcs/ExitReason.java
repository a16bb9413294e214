package io.vmxsim.vmcs;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Basic exit reasons.
 *
 * <p>A constant's name is the one KVM prints in its {@code kvm_exit} trace. For reasons KVM has no
 * name for (it prints their number), it is made from the SDM's description in the same style.
 *
 * <p>Source: SDM (June 2016) Appendix C “VMX Basic Exit Reasons”; 65 to 77 the same appendix of
 * later editions; 78 to 81, 84 and 85, which came with new instructions, as Xen and Linux number
 * them.
 */
public enum ExitReason {
  EXCEPTION_NMI(0, "Exception or non-maskable interrupt (NMI)"),
  EXTERNAL_INTERRUPT(1, "External interrupt"),
  TRIPLE_FAULT(2, "Triple fault"),
  INIT_SIGNAL(3, "INIT signal"),
  SIPI_SIGNAL(4, "Start-up IPI (SIPI)"),
  IO_SMI(5, "I/O system-management interrupt (SMI)"),
  OTHER_SMI(6, "Other SMI"),
  INTERRUPT_WINDOW(7, "Interrupt window"),
  NMI_WINDOW(8, "NMI window"),
  TASK_SWITCH(9, "Task switch"),
  CPUID(10, "CPUID"),
  GETSEC(11, "GETSEC"),
  HLT(12, "HLT"),
  INVD(13, "INVD"),
  INVLPG(14, "INVLPG"),
  RDPMC(15, "RDPMC"),
  RDTSC(16, "RDTSC"),
  RSM(17, "RSM"),
  VMCALL(18, "VMCALL"),
  VMCLEAR(19, "VMCLEAR"),
  VMLAUNCH(20, "VMLAUNCH"),
  VMPTRLD(21, "VMPTRLD"),
  VMPTRST(22, "VMPTRST"),
  VMREAD(23, "VMREAD"),
  VMRESUME(24, "VMRESUME"),
  VMWRITE(25, "VMWRITE"),
  VMOFF(26, "VMXOFF"),
  VMON(27, "VMXON"),
  CR_ACCESS(28, "Control-register accesses"),
  DR_ACCESS(29, "MOV DR"),
  IO_INSTRUCTION(30, "I/O instruction"),
  MSR_READ(31, "RDMSR"),
  MSR_WRITE(32, "WRMSR"),
  INVALID_STATE(33, "VM-entry failure due to invalid guest state"),
  MSR_LOAD_FAIL(34, "VM-entry failure due to MSR loading"),
  MWAIT_INSTRUCTION(36, "MWAIT"),
  MONITOR_TRAP_FLAG(37, "Monitor trap flag"),
  MONITOR_INSTRUCTION(39, "MONITOR"),
  PAUSE_INSTRUCTION(40, "PAUSE"),
  MCE_DURING_VMENTRY(41, "VM-entry failure due to machine-check event"),
  TPR_BELOW_THRESHOLD(43, "TPR below threshold"),
  APIC_ACCESS(44, "APIC access"),
  EOI_INDUCED(45, "Virtualized EOI"),
  GDTR_IDTR(46, "Access to GDTR or IDTR"),
  LDTR_TR(47, "Access to LDTR or TR"),
  EPT_VIOLATION(48, "EPT violation"),
  EPT_MISCONFIG(49, "EPT misconfiguration"),
  INVEPT(50, "INVEPT"),
  RDTSCP(51, "RDTSCP"),
  PREEMPTION_TIMER(52, "VMX-preemption timer expired"),
  INVVPID(53, "INVVPID"),
  WBINVD(54, "WBINVD"),
  XSETBV(55, "XSETBV"),
  APIC_WRITE(56, "APIC write"),
  RDRAND(57, "RDRAND"),
  INVPCID(58, "INVPCID"),
  VMFUNC(59, "VMFUNC"),
  ENCLS(60, "ENCLS"),
  RDSEED(61, "RDSEED"),
  PML_FULL(62, "Page-modification log full"),
  XSAVES(63, "XSAVES"),
  XRSTORS(64, "XRSTORS"),
  PCONFIG(65, "PCONFIG"),
  SPP_EVENT(66, "SPP-related event"),
  UMWAIT(67, "UMWAIT"),
  TPAUSE(68, "TPAUSE"),
  LOADIWKEY(69, "LOADIWKEY"),
  ENQCMD_PASID_TRANSLATION_FAILURE(72, "ENQCMD PASID translation failure"),
  ENQCMDS_PASID_TRANSLATION_FAILURE(73, "ENQCMDS PASID translation failure"),
  BUS_LOCK(74, "Bus lock"),
  NOTIFY(75, "Instruction timeout"),
  SEAMCALL(76, "SEAMCALL"),
  TDCALL(77, "TDCALL"),
  RDMSRLIST(78, "RDMSRLIST"),
  WRMSRLIST(79, "WRMSRLIST"),
  URDMSR(80, "URDMSR"),
  UWRMSR(81, "UWRMSR"),
  MSR_READ_IMM(84, "RDMSR with immediate operand"),
  MSR_WRITE_IMM(85, "WRMSRNS with immediate operand");

  /** Bit 31 of the exit-reason field: the VM entry failed while or after loading guest state. */
  public static final long VM_ENTRY_FAILURE = 1L << 31;

  /**
   * Bit 26: the instruction before the exit, or in which it happened, asserted a bus lock while
   * "VMM bus-lock detection" was 1 (27.9.1, June 2026).
   */
  public static final long BUS_LOCK_ASSERTED = 1L << 26;

  /**
   * The VMX instructions that are not for guests: those that maintain the VMCS, manage VMX
   * operation and the TLBs ("Overview", 30.1). VMCALL and VMFUNC are.
   */
  public static final Set<ExitReason> ROOT_INSTRUCTIONS =
      Collections.unmodifiableSet(
          EnumSet.of(
              VMCLEAR, VMLAUNCH, VMPTRLD, VMPTRST, VMREAD, VMRESUME, VMWRITE, VMOFF, VMON, INVEPT,
              INVVPID));

  private static final @Nullable ExitReason[] BY_NUMBER = byNumber();

  private final int number;
  private final String title;

  ExitReason(int number, String title) {
    this.number = number;
    this.title = title;
  }

  /** Bits 15:0 of the exit-reason field. */
  public int number() {
    return number;
  }

  /** The SDM's name of the reason. */
  public String title() {
    return title;
  }

  /** The name KVM's trace prints. */
  public String traceName() {
    return name();
  }

  /** The basic exit reason in bits 15:0 of {@code exitReasonField}; null if none is defined. */
  public static @Nullable ExitReason of(long exitReasonField) {
    int number = (int) exitReasonField & 0xFFFF;
    return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
  }

  private static @Nullable ExitReason[] byNumber() {
    ExitReason[] all = values();
    @Nullable ExitReason[] table = new ExitReason[all[all.length - 1].number + 1];
    for (ExitReason reason : all) {
      table[reason.number] = reason;
    }
    return table;
  }
}
