package io.vmxsim.vmcs.rules;

import java.util.Set;

/** Surroundings of which only some inputs are known. */
record OnlyThese(EntryEnvironment all, Set<EntryInput> known) implements EntryEnvironment {

  private static final Set<EntryInput> IN_MEMORY =
      Set.of(
          EntryInput.VIRTUAL_APIC_PAGE,
          EntryInput.LINKED_VMCS_REGION,
          EntryInput.PAGE_DIRECTORY_POINTER_TABLE,
          EntryInput.MSR_LOAD_AREA);

  private EntryEnvironment ask(EntryInput input) {
    return known.contains(input) ? all : UNKNOWN;
  }

  private EntryEnvironment memory() {
    return known.stream().anyMatch(IN_MEMORY::contains) ? all : UNKNOWN;
  }

  @Override
  public long currentVmcsPointer() {
    return ask(EntryInput.CURRENT_VMCS_POINTER).currentVmcsPointer();
  }

  @Override
  public long executiveVmcsPointer() {
    return ask(EntryInput.EXECUTIVE_VMCS_POINTER).executiveVmcsPointer();
  }

  @Override
  public boolean isBlockedByMovSs() {
    return ask(EntryInput.MOV_SS_BLOCKING).isBlockedByMovSs();
  }

  @Override
  public boolean isLaunch() {
    return ask(EntryInput.VM_ENTRY_INSTRUCTION).isLaunch();
  }

  @Override
  public boolean isLongModeActive() {
    return ask(EntryInput.LONG_MODE_ACTIVE).isLongModeActive();
  }

  @Override
  public boolean isInSmm() {
    return ask(EntryInput.SMM).isInSmm();
  }

  @Override
  public boolean isTracing() {
    return ask(EntryInput.TRACING).isTracing();
  }

  @Override
  public int read32(long address) {
    return memory().read32(address);
  }

  @Override
  public long read64(long address) {
    return memory().read64(address);
  }

  @Override
  public boolean refusesWrmsr(int index, long value) {
    return ask(EntryInput.WRMSR_FAULTS).refusesWrmsr(index, value);
  }
}
