package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.ept.PagingState;

/** What EPT and shadow paging do differently for one virtual processor. */
interface VcpuPaging {
  /** CR4.PGE. */
  long CR4_PGE = PagingState.CR4_PGE;

  /** PVI, TSD, DE, PCE, OSFXSR, OSXMMEXCPT and FSGSBASE: the guest's to change, as in KVM. */
  long CR4_WITHOUT_EFFECT_ON_TRANSLATION =
      1 << 1 | CpuState.CR4_TSD | CpuState.CR4_DE | CpuState.CR4_PCE | 1 << 9 | 1 << 10 | 1 << 16;

  /** Asks for the controls it needs, and writes its fields of the VMCS. */
  void setUp(VmcsSetup setup);

  /** The value of CR0 to run the processor with when the guest believes in {@code guest}. */
  long hardwareCr0(long guest);

  /** The value of CR4 to run the processor with when the guest believes in {@code guest}. */
  long hardwareCr4(long guest);

  /** The value of IA32_EFER to run the processor with when the guest believes in {@code guest}. */
  long hardwareEfer(long guest);

  /** The bits of CR4 that the guest may change without an exit. */
  long guestOwnedCr4();

  /**
   * CR0, CR3, CR4 or IA32_EFER, as the guest sees them, changed in a way that ends the use of
   * translations.
   *
   * @param keepGlobal whether global translations survive, as they do a MOV to CR3
   */
  void registersChanged(boolean keepGlobal);

  /** Adds its handlers of exits that the other kind of paging does not take. */
  void addHandlers(ExitHandlers handlers);

  /** Last thing before a VM entry: the TLBs must not hold what is no longer so. */
  void beforeEntry();

  /**
   * Whether the guest must not go on before {@link #beforeEntry}: another has changed its tables.
   */
  boolean isStale();
}
