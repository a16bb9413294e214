package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a VM entry is checked against: the fields of a VMCS, the processor's capabilities, and its
 * surroundings. The processor makes one and points it at each VMCS in turn; a reader of logs makes
 * one whose fields are partly unknown.
 */
public final class EntryContext {

  private final VmxCapabilities capabilities;
  private final CpuFacts cpu;
  private final EntryEnvironment environment;
  private final long beyondPhysicalWidth;
  private final long beyondControlWidth;
  private Vmcs vmcs;
  private @Nullable Set<VmcsField> known;

  /** A context of {@code vmcs}, all of whose fields are known. */
  public EntryContext(
      VmxCapabilities capabilities, CpuFacts cpu, EntryEnvironment environment, Vmcs vmcs) {
    this.capabilities = capabilities;
    this.cpu = cpu;
    this.environment = environment;
    this.vmcs = vmcs;
    beyondPhysicalWidth = -1L << cpu.physicalAddressBits();
    beyondControlWidth = capabilities.limitsAddressesTo32Bits() ? -1L << 32 : beyondPhysicalWidth;
  }

  /** Points the context at another VMCS, all of whose fields are known. */
  public EntryContext about(Vmcs vmcs) {
    this.vmcs = vmcs;
    known = null;
    return this;
  }

  /** Points the context at another VMCS, of which only some fields are known. */
  public EntryContext about(Vmcs vmcs, Set<VmcsField> known) {
    this.vmcs = vmcs;
    this.known = known;
    return this;
  }

  /** The VMCS; its fields are to be read through {@link #get}. */
  Vmcs vmcs() {
    return vmcs;
  }

  /**
   * The field's value.
   *
   * @throws UnknownInput if it is not known
   */
  public long get(VmcsField field) {
    if (known != null && !known.contains(field)) {
      throw UnknownInput.SIGNAL;
    }
    return vmcs.get(field);
  }

  /** Whether all of the bits in {@code mask} are 1 in the field. */
  boolean all(VmcsField field, long mask) {
    return (get(field) & mask) == mask;
  }

  /** Whether all of the bits in {@code mask} are 0 in the field. */
  boolean none(VmcsField field, long mask) {
    return (get(field) & mask) == 0;
  }

  /** Whether the control is in force: it is 1, and so is the control that activates its vector. */
  public boolean on(Control control) {
    ControlWord word = control.word();
    Control activatedBy = word.activatedBy();
    return (activatedBy == null || on(activatedBy)) && control.in(get(word.field()));
  }

  /** The capabilities of the processor. */
  public VmxCapabilities capabilities() {
    return capabilities;
  }

  /** Other facts of the processor. */
  public CpuFacts cpu() {
    return cpu;
  }

  /** The processor at the VM-entry instruction, and memory. */
  public EntryEnvironment environment() {
    return environment;
  }

  boolean supports(EptVpidCapability capability) {
    return capabilities.supports(capability);
  }

  /** Whether the value sets no bit beyond the processor's physical-address width. */
  boolean isWithinPhysicalWidth(long value) {
    return (value & beyondPhysicalWidth) == 0;
  }

  /**
   * Whether an address in a VMX control is one the processor can form: within the physical-address
   * width, and 32 bits if IA32_VMX_BASIC[48] is 1.
   */
  boolean isPhysicalAddress(long address) {
    return (address & beyondControlWidth) == 0;
  }

  /** Whether bits 63:N-1 are identical, N the number of linear-address bits. */
  boolean isCanonical(long address) {
    int unused = 64 - cpu.linearAddressBits();
    return address << unused >> unused == address;
  }

  /** Whether bits 63:N are identical, N the number of linear-address bits. */
  boolean hasIdenticalBitsBeyondLinearWidth(long address) {
    long beyond = address >> cpu.linearAddressBits();
    return beyond == 0 || beyond == -1;
  }
}
