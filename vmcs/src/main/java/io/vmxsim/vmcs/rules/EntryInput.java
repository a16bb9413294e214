package io.vmxsim.vmcs.rules;

/** What VM entry depends on besides the fields of the VMCS and the processor's capabilities. */
public enum EntryInput {
  CURRENT_VMCS_POINTER("the current-VMCS pointer"),
  EXECUTIVE_VMCS_POINTER("the executive-VMCS pointer"),
  MOV_SS_BLOCKING("blocking by MOV SS at the VM-entry instruction"),
  VM_ENTRY_INSTRUCTION("whether the instruction is VMLAUNCH or VMRESUME"),
  LAUNCH_STATE("the launch state and the shadow-VMCS indicator"),
  LONG_MODE_ACTIVE("IA32_EFER.LMA of the processor"),
  SMM("whether the processor is in SMM"),
  TRACING("IA32_RTIT_CTL.TraceEn of the processor"),
  VIRTUAL_APIC_PAGE("the virtual-APIC page"),
  LINKED_VMCS_REGION("the VMCS region the link pointer references"),
  PAGE_DIRECTORY_POINTER_TABLE("the page-directory-pointer table that CR3 references"),
  MSR_LOAD_AREA("the VM-entry MSR-load area"),
  WRMSR_FAULTS("which values WRMSR accepts");

  private final String description;

  EntryInput(String description) {
    this.description = description;
  }

  /** The input in words, for a reader who is told it is not known. */
  public String description() {
    return description;
  }
}
