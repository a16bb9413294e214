package io.vmxsim.cpu;

/**
 * The prices in a profile's {@code [costs]} section that are single numbers, in core cycles. Prices
 * that vary by instruction class, exit reason or handler are arrays in {@link CostModel}.
 *
 * <p>What each covers, and what it does not, is defined in docs/cycles.md.
 */
public enum Cost {
  /** A translation that misses the first-level TLB and hits the second: the extra cycles. */
  TLB_L2_HIT("tlb.l2-hit"),
  /** One paging-structure or EPT entry read from memory by a hardware walk. */
  WALK_ENTRY_READ("walk.entry-read"),
  /** A guest-physical address answered by the nested TLB during a walk. */
  WALK_NESTED_TLB_HIT("walk.nested-tlb-hit"),
  /** VMLAUNCH or VMRESUME that reaches the guest, without its MSR-load list. */
  VM_ENTRY("vm-entry"),
  /** One entry of a VM-entry or VM-exit MSR list. */
  MSR_LIST_ENTRY("msr-list.entry"),
  VMXON("vmxon"),
  VMXOFF("vmxoff"),
  VMCLEAR("vmclear"),
  VMPTRLD("vmptrld"),
  VMPTRST("vmptrst"),
  VMREAD("vmread"),
  VMWRITE("vmwrite"),
  INVEPT("invept"),
  INVVPID("invvpid"),
  VMFUNC("vmfunc"),
  /** An exception delivered through the IDT, up to the handler's first instruction. */
  EXCEPTION_DELIVERY("exception.delivery"),
  /** An external interrupt or NMI delivered through the IDT. */
  INTERRUPT_DELIVERY("interrupt.delivery"),
  IRET("iret"),
  /** The VMM's leg to its user-space device model and back. */
  USERSPACE("userspace"),
  /** The VMM's swap of the state that the VMCS does not hold, both ways of one exit. */
  VMM_STATE_SWAP("vmm.state-swap"),
  /** The VMM reads one paging-structure entry in software. */
  VMM_TABLE_READ("vmm.table-read"),
  /** The VMM writes one EPT or shadow paging-structure entry. */
  VMM_TABLE_WRITE("vmm.table-write"),
  /** The VMM decodes and emulates one guest instruction. */
  VMM_EMULATE("vmm.emulate"),
  /** A line found in the first-level data cache; counts only while those are modelled. */
  CACHE_L1_HIT("cache.l1-hit"),
  CACHE_L2_HIT("cache.l2-hit"),
  CACHE_L3_HIT("cache.l3-hit"),
  /** A line that no cache holds. */
  CACHE_MEMORY("cache.memory");

  private final String key;

  Cost(String key) {
    this.key = key;
  }

  /** The name of this price in a profile file and for {@code --set}. */
  public String key() {
    return key;
  }
}
