package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.MsrFile;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.function.LongConsumer;

/**
 * CR0, CR3, CR4 and IA32_EFER as the guest sees them, and what they make of the VMCS. A write
 * follows SDM volume 2, "MOV—Move to/from Control Registers", and 4.1.1 "Three Paging Modes".
 */
final class GuestControlRegisters {
  /** A change of one of these ends the use of translations: 4.10.4.1. */
  private static final long CR0_TRANSLATION = CpuState.CR0_PG | CpuState.CR0_WP;

  private static final long CR4_TRANSLATION =
      CpuState.CR4_PAE
          | CpuState.CR4_LA57
          | CpuState.CR4_PCIDE
          | PagingState.CR4_PSE
          | PagingState.CR4_PGE
          | PagingState.CR4_SMEP
          | PagingState.CR4_SMAP
          | PagingState.CR4_PKE;

  /** A change of one of these loads the PDPTE registers under PAE paging: 4.4.1. */
  private static final long CR0_LOADS_PDPTES = CpuState.CR0_PG | CpuState.CR0_CD | CpuState.CR0_NW;

  private static final long CR4_LOADS_PDPTES =
      CpuState.CR4_PAE | PagingState.CR4_PGE | PagingState.CR4_PSE | PagingState.CR4_SMEP;

  /** Bits of CR0 below 32 that a MOV ignores. */
  private static final long CR0_UNDEFINED = 0xffff_ffffL & ~0xe005_003fL;

  private static final long PCID = 0xfff;
  private static final long NO_FLUSH = 1L << 63;
  private static final int PDPTES = 4;
  private static final VmcsField[] PDPTE_FIELDS = {
    VmcsField.GUEST_PDPTE0, VmcsField.GUEST_PDPTE1, VmcsField.GUEST_PDPTE2, VmcsField.GUEST_PDPTE3
  };

  private final Vm vm;
  private final CurrentVmcs vmcs;
  private final PagingState state;
  private final VcpuPaging paging;
  private final LongConsumer efer;
  private final boolean ept;
  private final long cr4MayBe1;

  /**
   * @param state the registers, kept in the form that walks read
   * @param efer has VM entries give the guest this value of IA32_EFER
   * @param cr4MayBe1 the bits of CR4 that the guest may set
   */
  GuestControlRegisters(
      Vm vm,
      CurrentVmcs vmcs,
      PagingState state,
      VcpuPaging paging,
      LongConsumer efer,
      boolean ept,
      long cr4MayBe1) {
    this.vm = vm;
    this.vmcs = vmcs;
    this.state = state;
    this.paging = paging;
    this.efer = efer;
    this.ept = ept;
    this.cr4MayBe1 = cr4MayBe1;
  }

  /** Registers for a guest of that processor, all 0, with the processor's paging features. */
  static PagingState registersOf(Processor processor) {
    PagingState host = processor.state().paging();
    PagingState guest = new PagingState(host.maxPhyAddr());
    guest.setPage1GSupported(host.page1GSupported());
    guest.setPse36Supported(host.pse36Supported());
    return guest;
  }

  /**
   * What gives the guest its IA32_EFER. Where VM entries do not load it, they change LMA and LME
   * alone; the host, which needs neither of the others, then goes about with the guest's.
   */
  static LongConsumer switchOfEfer(CurrentVmcs vmcs, MsrFile msrs, VmxCapabilities capabilities) {
    if (capabilities.supports(EntryControl.LOAD_IA32_EFER)) {
      return value -> vmcs.write(VmcsField.GUEST_IA32_EFER, value);
    }
    long guests = CpuState.EFER_SCE | CpuState.EFER_NXE;
    return value -> msrs.set(Msr.IA32_EFER, (msrs.get(Msr.IA32_EFER) & ~guests) | (value & guests));
  }

  /** The registers as the guest sees them; CR3 only where its loads exit. */
  PagingState state() {
    return state;
  }

  /**
   * MOV to CR0.
   *
   * @return false where the guest gets #GP(0); nothing has changed then
   */
  boolean writeCr0(long operand) {
    long value = (operand & ~CR0_UNDEFINED) | CpuState.CR0_ET;
    if (!isLoadableCr0(value)) {
      return false;
    }
    long old = state.cr0();
    boolean pagingOn = (value & CpuState.CR0_PG) != 0;
    boolean longMode = pagingOn && (state.efer() & CpuState.EFER_LME) != 0;
    refreshCr3();
    state.setCr0(value);
    if (((old ^ value) & CR0_LOADS_PDPTES) != 0 && !loadPdptes()) {
      state.setCr0(old);
      return false;
    }
    long efer = state.efer() & ~CpuState.EFER_LMA;
    state.setEfer(longMode ? efer | CpuState.EFER_LMA : efer);
    writeFields();
    if (((old ^ value) & CR0_TRANSLATION) != 0) {
      paging.registersChanged(false);
    }
    return true;
  }

  private boolean isLoadableCr0(long value) {
    boolean pagingOn = (value & CpuState.CR0_PG) != 0;
    boolean wasOn = (state.cr0() & CpuState.CR0_PG) != 0;
    if (value >>> 32 != 0
        || (pagingOn && (value & CpuState.CR0_PE) == 0)
        || ((value & CpuState.CR0_NW) != 0 && (value & CpuState.CR0_CD) == 0)) {
      return false;
    }
    if (pagingOn == wasOn) {
      return true;
    }
    boolean code64 = (vmcs.read(VmcsField.GUEST_CS_ACCESS_RIGHTS) & Segment.LONG) != 0;
    boolean longMode = (state.efer() & CpuState.EFER_LME) != 0;
    long cr4 = state.cr4();
    return pagingOn
        ? !longMode || (!code64 && (cr4 & CpuState.CR4_PAE) != 0)
        : (cr4 & CpuState.CR4_PCIDE) == 0 && !(longMode && code64);
  }

  /**
   * MOV to CR4.
   *
   * @return false where the guest gets #GP(0); nothing has changed then
   */
  boolean writeCr4(long value) {
    long old = state.cr4();
    boolean longMode = (state.efer() & CpuState.EFER_LMA) != 0;
    refreshCr3();
    if ((value & ~cr4MayBe1) != 0
        || (longMode
            && ((value & CpuState.CR4_PAE) == 0 || ((old ^ value) & CpuState.CR4_LA57) != 0))
        || ((value & ~old & CpuState.CR4_PCIDE) != 0 && (!longMode || (state.cr3() & PCID) != 0))) {
      return false;
    }
    state.setCr4(value);
    if (((old ^ value) & CR4_LOADS_PDPTES) != 0 && !loadPdptes()) {
      state.setCr4(old);
      return false;
    }
    writeFields();
    if (((old ^ value) & CR4_TRANSLATION) != 0) {
      paging.registersChanged(false);
    }
    return true;
  }

  /**
   * MOV to CR3.
   *
   * @return false where the guest gets #GP(0); nothing has changed then
   */
  boolean writeCr3(long value) {
    boolean pcide = (state.cr4() & CpuState.CR4_PCIDE) != 0;
    long cr3 = pcide ? value & ~NO_FLUSH : value;
    if (cr3 >>> state.maxPhyAddr() != 0) {
      return false;
    }
    long old = state.cr3();
    state.setCr3(cr3);
    if (!loadPdptes()) {
      state.setCr3(old);
      return false;
    }
    if (ept) {
      vmcs.write(VmcsField.GUEST_CR3, cr3);
    }
    paging.registersChanged(true);
    return true;
  }

  /**
   * WRMSR to IA32_EFER.
   *
   * @return false where the guest gets #GP(0); nothing has changed then
   */
  boolean writeEfer(long value) {
    long old = state.efer();
    long writable = CpuState.EFER_SCE | CpuState.EFER_LME | CpuState.EFER_NXE | CpuState.EFER_LMA;
    boolean pagingOn = (state.cr0() & CpuState.CR0_PG) != 0;
    if ((value & ~writable) != 0 || (pagingOn && ((old ^ value) & CpuState.EFER_LME) != 0)) {
      return false;
    }
    state.setEfer((value & ~CpuState.EFER_LMA) | (old & CpuState.EFER_LMA));
    writeFields();
    if (((old ^ value) & CpuState.EFER_NXE) != 0) {
      paging.registersChanged(false);
    }
    return true;
  }

  /** Sets those that {@code from} has otherwise, unchecked. */
  void take(CpuState from) {
    if (from.cr0() != state.cr0()
        || from.cr3() != state.cr3()
        || from.cr4() != state.cr4()
        || from.efer() != state.efer()) {
      start(from.cr0(), from.cr3(), from.cr4(), from.efer());
    }
  }

  /** Sets all four at once, unchecked, as a boot loader finds them. */
  void start(long cr0, long cr3, long cr4, long efer) {
    boolean longMode = (cr0 & CpuState.CR0_PG) != 0 && (efer & CpuState.EFER_LME) != 0;
    long modeEfer = longMode ? efer | CpuState.EFER_LMA : efer & ~CpuState.EFER_LMA;
    state.setControlRegisters(cr0, cr3, cr4, modeEfer);
    if (!loadPdptes()) {
      throw new NotModelledException("a guest that starts with reserved bits set in its PDPTEs");
    }
    writeFields();
    if (ept) {
      vmcs.write(VmcsField.GUEST_CR3, cr3);
    }
    paging.registersChanged(false);
  }

  /** CR0.PE. */
  boolean isProtected() {
    return (state.cr0() & CpuState.CR0_PE) != 0;
  }

  /** Whether shadow paging is in use. */
  boolean isShadowed() {
    return !ept;
  }

  /**
   * Whether the processor can run the guest in the mode it is in: real mode, and without paging but
   * for shadow paging's, wants "unrestricted guest" (31.1).
   */
  boolean isRunnable() {
    long mode = ept ? CpuState.CR0_PE | CpuState.CR0_PG : CpuState.CR0_PE;
    return ((state.cr0() ^ paging.hardwareCr0(state.cr0())) & mode) == 0;
  }

  /** Brings in all that the guest changes without an exit. */
  void refresh() {
    state.setCr0(owned(state.cr0(), VmcsField.CR0_GUEST_HOST_MASK, VmcsField.GUEST_CR0));
    state.setCr4(owned(state.cr4(), VmcsField.CR4_GUEST_HOST_MASK, VmcsField.GUEST_CR4));
    refreshCr3();
  }

  private long owned(long known, VmcsField mask, VmcsField register) {
    long hosts = vmcs.read(mask);
    return (known & hosts) | (vmcs.read(register) & ~hosts);
  }

  /** Brings in what a software walk depends on and the guest changes without an exit. */
  void refreshForWalk() {
    refreshCr3();
    if ((state.cr4() & PagingState.CR4_SMAP) != 0) {
      state.setRflagsAc((vmcs.read(VmcsField.GUEST_RFLAGS) & CpuState.AC) != 0);
    }
  }

  /** With EPT the guest loads CR3 without an exit: the VMCS has the current values. */
  void refreshCr3() {
    if (ept) {
      state.setCr3(vmcs.read(VmcsField.GUEST_CR3));
      for (int i = 0; i < PDPTES && state.mode() == PagingMode.PAE; i++) {
        state.setPdpte(i, vmcs.read(PDPTE_FIELDS[i]));
      }
    }
  }

  private void writeFields() {
    long cr0 = state.cr0();
    long cr4 = state.cr4();
    if (!ept && (cr4 & (PagingState.CR4_PKE | PagingState.CR4_PKS)) != 0) {
      throw new NotModelledException("protection keys under shadow paging");
    }
    vmcs.write(VmcsField.CR0_READ_SHADOW, cr0);
    vmcs.write(VmcsField.GUEST_CR0, paging.hardwareCr0(cr0));
    vmcs.write(VmcsField.CR4_READ_SHADOW, cr4);
    vmcs.write(VmcsField.GUEST_CR4, paging.hardwareCr4(cr4));
    efer.accept(paging.hardwareEfer(state.efer()));
    vmcs.set(EntryControl.IA_32E_MODE_GUEST, (state.efer() & CpuState.EFER_LMA) != 0);
  }

  /** Loads the PDPTE registers if the guest uses PAE paging; false if they have reserved bits. */
  private boolean loadPdptes() {
    if (state.mode() != PagingMode.PAE) {
      return true;
    }
    long table = vm.toHost(state.cr3() & 0xffff_ffe0L);
    for (int i = 0; i < PDPTES; i++) {
      long entry = vm.memory().read64(table + 8L * i);
      if ((entry & ShadowEntry.PRESENT) != 0 && (entry & state.pdpteReservedBits()) != 0) {
        return false;
      }
    }
    for (int i = 0; i < PDPTES; i++) {
      long entry = vm.memory().read64(table + 8L * i);
      state.setPdpte(i, entry);
      if (ept) {
        vmcs.write(PDPTE_FIELDS[i], entry);
      }
    }
    return true;
  }
}
