package io.vmxsim.cpu;

import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmInstructionError;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsAccess;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntryRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The VMX instructions ("VMX Instructions", 30.3), as methods for root software. Each checks, in
 * the order of the SDM's operation sections: invalid opcode, VM exit, privilege, operands, effect.
 * Memory operands are passed by value; translating them is the caller's business.
 */
public final class VmxInstructions {
  /** The current-VMCS pointer, and the VMCS link pointer, when there is none. */
  public static final long NO_POINTER = -1;

  /** Bits 11:10 of a field encoding, the type, and its value for guest state (Table 24-17). */
  private static final int FIELD_TYPE = 3 << 10;

  private static final int GUEST_STATE_TYPE = 2 << 10;

  private static final EptVpidCapability[] INVVPID_TYPES = {
    EptVpidCapability.INVVPID_INDIVIDUAL_ADDRESS,
    EptVpidCapability.INVVPID_SINGLE_CONTEXT,
    EptVpidCapability.INVVPID_ALL_CONTEXT,
    EptVpidCapability.INVVPID_SINGLE_CONTEXT_RETAINING_GLOBALS
  };

  private static final long STATUS_FLAGS =
      CpuState.CF | CpuState.PF | CpuState.AF | CpuState.ZF | CpuState.SF | CpuState.OF;

  private final Processor processor;
  private final CpuState state;
  private final PhysicalMemory memory;
  private final CostModel costs;
  private final VmxCapabilities capabilities;
  private final VmEntry entry;
  private final VmFunctions functions;
  private final ActiveVmcss active;
  private final VmcsAccess access;

  private boolean on;
  private long vmxonPointer = NO_POINTER;
  private long currentPointer = NO_POINTER;
  private @Nullable Vmcs current;
  private long value;
  private int instructionLength = 3;
  private long instructionInformation;
  private long displacement;

  VmxInstructions(Processor processor) {
    this.processor = processor;
    state = processor.state();
    memory = processor.memory();
    costs = processor.costs();
    capabilities = processor.profile().vmxCapabilities();
    active = new ActiveVmcss(memory, capabilities);
    access = new VmcsAccess(capabilities);
    entry = new VmEntry(processor);
    functions = new VmFunctions(processor, entry);
  }

  /**
   * What the decoder knows about the next instruction, for its VM exit if it makes one.
   *
   * @param length in bytes, 1 to 15
   * @param information the VM-exit instruction-information field
   * @param newDisplacement the exit qualification of an instruction with a memory operand
   */
  public void decoded(int length, long information, long newDisplacement) {
    instructionLength = length;
    instructionInformation = information;
    displacement = newDisplacement;
  }

  /** The processors are those of one machine, with one memory. */
  public static void ofOneMachine(List<Processor> processors) {
    ActiveVmcss.ofOneMachine(processors.stream().map(one -> one.vmx().active).toList());
  }

  /** Whether the processor is in VMX operation, root or non-root. */
  public boolean isOn() {
    return on;
  }

  /** The rule that the last VM entry broke; null if it broke none. */
  public @Nullable EntryRule brokenEntryRule() {
    return entry.broken();
  }

  /** What the last VM entry was checked against. */
  public EntryContext entryContext() {
    return entry.context();
  }

  /** The current-VMCS pointer, or {@link #NO_POINTER}. */
  public long currentPointer() {
    return currentPointer;
  }

  /** The current VMCS, for somebody who looks on; null if there is none. */
  public @Nullable Vmcs currentVmcs() {
    return current;
  }

  /** What the last successful VMREAD or VMPTRST read. */
  public long value() {
    return value;
  }

  /** VMXON: enters VMX operation with the 4-KByte VMXON region at {@code address}. */
  public VmxOutcome vmxon(long address) {
    if ((state.cr4() & CpuState.CR4_VMXE) == 0 || !isProtectedOr64BitMode()) {
      return VmxOutcome.INVALID_OPCODE;
    }
    if (on) {
      VmxOutcome refusal = refusal(ExitReason.VMON);
      return refusal != null ? refusal : fail(VmInstructionError.VMXON_IN_VMX_ROOT_OPERATION);
    }
    if (state.cpl() > 0 || !fixedBitsHold() || !featureControlAllows()) {
      return VmxOutcome.GENERAL_PROTECTION;
    }
    charge(Cost.VMXON);
    if (!active.isStructureAddress(address)
        || memory.read32(address) != capabilities.revisionId()) {
      return failInvalid();
    }
    on = true;
    vmxonPointer = address;
    setCurrent(NO_POINTER, null);
    return succeed();
  }

  /** VMXOFF: leaves VMX operation. */
  public VmxOutcome vmxoff() {
    VmxOutcome refusal = refusal(ExitReason.VMOFF);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.VMXOFF);
    active.leaveVmxOperation();
    on = false;
    vmxonPointer = NO_POINTER;
    setCurrent(NO_POINTER, null);
    return succeed();
  }

  /** VMCLEAR: writes the VMCS at {@code address} to memory, launch state clear, inactive. */
  public VmxOutcome vmclear(long address) {
    VmxOutcome refusal = refusal(ExitReason.VMCLEAR);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.VMCLEAR);
    if (!active.isStructureAddress(address)) {
      return fail(VmInstructionError.VMCLEAR_WITH_INVALID_PHYSICAL_ADDRESS);
    }
    if (address == vmxonPointer) {
      return fail(VmInstructionError.VMCLEAR_WITH_VMXON_POINTER);
    }
    active.clear(address, state.rip);
    if (address == currentPointer) {
      setCurrent(NO_POINTER, null);
    }
    return succeed();
  }

  /** VMPTRLD: makes the VMCS at {@code address} active and current. */
  public VmxOutcome vmptrld(long address) {
    VmxOutcome refusal = refusal(ExitReason.VMPTRLD);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.VMPTRLD);
    if (!active.isStructureAddress(address)) {
      return fail(VmInstructionError.VMPTRLD_WITH_INVALID_PHYSICAL_ADDRESS);
    }
    if (address == vmxonPointer) {
      return fail(VmInstructionError.VMPTRLD_WITH_VMXON_POINTER);
    }
    int revision = memory.read32(address);
    boolean shadowAllowed = capabilities.supports(SecondaryControl.VMCS_SHADOWING);
    if ((revision & Integer.MAX_VALUE) != capabilities.revisionId()
        || (revision < 0 && !shadowAllowed)) {
      return fail(VmInstructionError.VMPTRLD_WITH_INCORRECT_VMCS_REVISION_IDENTIFIER);
    }
    setCurrent(address, active.activate(address, state.rip));
    return succeed();
  }

  /** VMPTRST: {@link #value} becomes the current-VMCS pointer. */
  public VmxOutcome vmptrst() {
    VmxOutcome refusal = refusal(ExitReason.VMPTRST);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.VMPTRST);
    value = currentPointer;
    return succeed();
  }

  /** VMLAUNCH: VM entry with a VMCS whose launch state is clear. */
  public VmxOutcome vmlaunch() {
    return enter(ExitReason.VMLAUNCH, true);
  }

  /** VMRESUME: VM entry with a VMCS whose launch state is launched. */
  public VmxOutcome vmresume() {
    return enter(ExitReason.VMRESUME, false);
  }

  /** "Basic VM-Entry Checks" (26.1), then the entry. */
  private VmxOutcome enter(ExitReason instruction, boolean launch) {
    VmxOutcome refusal = refusal(instruction);
    if (refusal != null) {
      return refusal;
    }
    Vmcs vmcs = current;
    if (vmcs == null || vmcs.isShadow()) {
      return failInvalid();
    }
    if ((state.interruptibility & Interruptibility.MOV_SS) != 0) {
      return fail(VmInstructionError.VM_ENTRY_WITH_EVENTS_BLOCKED_BY_MOV_SS);
    }
    if (launch == vmcs.launched()) {
      return fail(
          launch
              ? VmInstructionError.VMLAUNCH_WITH_NON_CLEAR_VMCS
              : VmInstructionError.VMRESUME_WITH_NON_LAUNCHED_VMCS);
    }
    if (active.launchedBeforeVmxoff(vmcs)) {
      return fail(VmInstructionError.VMRESUME_AFTER_VMXOFF);
    }
    VmInstructionError error = entry.checkControlsAndHost(vmcs);
    if (error != null) {
      return fail(error);
    }
    return entry.enter(vmcs, launch) ? VmxOutcome.SUCCEED : VmxOutcome.ENTRY_FAILED;
  }

  /** Whether software is in VMX root operation in 64-bit mode, and privileged. */
  public boolean rootMayAccess() {
    return on && !processor.inNonRoot() && state.cpl() == 0 && state.in64BitMode();
  }

  /** VMREAD of the field with that encoding into {@link #value}. */
  public VmxOutcome vmread(long encoding) {
    VmxOutcome refusal =
        refusalOfAccess(ExitReason.VMREAD, encoding, VmcsField.VMREAD_BITMAP_ADDRESS);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.VMREAD);
    Vmcs vmcs = accessed();
    if (vmcs == null) {
      return failInvalid();
    }
    boolean in64BitMode = state.in64BitMode();
    VmInstructionError error = access.checkRead(encoding, in64BitMode);
    if (error != null) {
      return fail(error);
    }
    value = access.read(vmcs, encoding, in64BitMode);
    return succeed();
  }

  /** VMWRITE of {@code newValue} to the field with that encoding. */
  public VmxOutcome vmwrite(long encoding, long newValue) {
    VmxOutcome refusal =
        refusalOfAccess(ExitReason.VMWRITE, encoding, VmcsField.VMWRITE_BITMAP_ADDRESS);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.VMWRITE);
    Vmcs vmcs = accessed();
    if (vmcs == null) {
      return failInvalid();
    }
    boolean in64BitMode = state.in64BitMode();
    VmInstructionError error = access.checkWrite(encoding, in64BitMode);
    if (error != null) {
      return fail(error);
    }
    access.write(vmcs, encoding, newValue, in64BitMode);
    if ((encoding & FIELD_TYPE) != GUEST_STATE_TYPE) {
      entry.forgetControls();
    }
    return succeed();
  }

  /**
   * INVEPT.
   *
   * @param type the register operand: 1 single-context, 2 all-context
   * @param eptp bits 63:0 of the descriptor
   */
  public VmxOutcome invept(long type, long eptp) {
    VmxOutcome refusal = refusal(ExitReason.INVEPT);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.INVEPT);
    EptVpidCapability needed =
        type == 1
            ? EptVpidCapability.INVEPT_SINGLE_CONTEXT
            : type == 2 ? EptVpidCapability.INVEPT_ALL_CONTEXT : null;
    boolean valid = needed != null && capabilities.supports(needed);
    if (!valid || (type == 1 && !entry.isValidEptp(eptp))) {
      return fail(VmInstructionError.INVALID_OPERAND_TO_INVEPT_INVVPID);
    }
    processor.mmu().cached().invept((int) type, eptp);
    return succeed();
  }

  /**
   * INVVPID.
   *
   * @param type the register operand: 0 individual-address, 1 single-context, 2 all-context, 3
   *     single-context retaining globals
   * @param vpidAndReserved bits 63:0 of the descriptor: the VPID, and bits that must be 0
   * @param linearAddress bits 127:64 of the descriptor
   */
  public VmxOutcome invvpid(long type, long vpidAndReserved, long linearAddress) {
    VmxOutcome refusal = refusal(ExitReason.INVVPID);
    if (refusal != null) {
      return refusal;
    }
    charge(Cost.INVVPID);
    boolean typeSupported =
        type >= 0
            && type < INVVPID_TYPES.length
            && capabilities.supports(INVVPID_TYPES[(int) type]);
    boolean allContexts = type == 2;
    if (!typeSupported
        || vpidAndReserved >>> 16 != 0
        || (!allContexts && vpidAndReserved == 0)
        || (type == 0 && !processor.isCanonical(linearAddress))) {
      return fail(VmInstructionError.INVALID_OPERAND_TO_INVEPT_INVVPID);
    }
    processor.mmu().cached().invvpid((int) type, (int) vpidAndReserved, linearAddress);
    return succeed();
  }

  /** VMCALL: the guest's call to its VMM; in root operation there is nobody to call. */
  public VmxOutcome vmcall() {
    if (!on) {
      return VmxOutcome.INVALID_OPCODE;
    }
    if (processor.inNonRoot()) {
      return exit(ExitReason.VMCALL);
    }
    VmxOutcome refusal = refusal(ExitReason.VMCALL);
    return refusal != null ? refusal : fail(VmInstructionError.VMCALL_IN_VMX_ROOT_OPERATION);
  }

  /**
   * VMFUNC: the VM function in EAX, for software in non-root operation. It leaves RFLAGS alone even
   * where it succeeds.
   */
  public VmxOutcome vmfunc() {
    return functions.vmfunc(instructionLength);
  }

  // ---- Conventions (30.2) --------------------------------------------------------------------

  /**
   * What nearly every VMX instruction checks first: #UD outside VMX operation and in the wrong
   * modes, VM exit in non-root operation, #GP(0) if CPL is not 0. Null if it may go on.
   */
  private @Nullable VmxOutcome refusal(ExitReason reason) {
    if (!exists(reason)) {
      return VmxOutcome.INVALID_OPCODE;
    }
    if (!on || !isProtectedOr64BitMode()) {
      return VmxOutcome.INVALID_OPCODE;
    }
    if (processor.inNonRoot()) {
      return exit(reason);
    }
    return state.cpl() > 0 ? VmxOutcome.GENERAL_PROTECTION : null;
  }

  /** INVEPT and INVVPID are there as IA32_VMX_EPT_VPID_CAP says. */
  private boolean exists(ExitReason reason) {
    return switch (reason) {
      case INVEPT -> capabilities.supports(EptVpidCapability.INVEPT);
      case INVVPID -> capabilities.supports(EptVpidCapability.INVVPID);
      default -> true;
    };
  }

  /**
   * The faults above VM exits and the exit of an instruction whose memory operand comes after them.
   *
   * @return SUCCEED if the operand may be read or written now
   */
  public VmxOutcome admit(ExitReason instruction) {
    VmxOutcome refusal = refusal(instruction);
    return refusal == null ? VmxOutcome.SUCCEED : refusal;
  }

  /** As {@link #admit} for VMREAD and VMWRITE of the field with that encoding. */
  public VmxOutcome admitAccess(ExitReason instruction, long encoding) {
    VmcsField bitmap =
        instruction == ExitReason.VMREAD
            ? VmcsField.VMREAD_BITMAP_ADDRESS
            : VmcsField.VMWRITE_BITMAP_ADDRESS;
    VmxOutcome refusal = refusalOfAccess(instruction, encoding, bitmap);
    return refusal == null ? VmxOutcome.SUCCEED : refusal;
  }

  /** VMREAD and VMWRITE may reach a shadow VMCS from non-root operation (25.1.3). */
  private @Nullable VmxOutcome refusalOfAccess(ExitReason reason, long encoding, VmcsField bitmap) {
    if (processor.inNonRoot() && !processor.intercepts().vmcsAccess(encoding, bitmap)) {
      return !isProtectedOr64BitMode()
          ? VmxOutcome.INVALID_OPCODE
          : state.cpl() > 0 ? VmxOutcome.GENERAL_PROTECTION : null;
    }
    return refusal(reason);
  }

  /** The VMCS that VMREAD and VMWRITE access: current, or in non-root operation the linked one. */
  private @Nullable Vmcs accessed() {
    if (!processor.inNonRoot()) {
      return current;
    }
    long link = processor.controlling().get(VmcsField.VMCS_LINK_POINTER);
    return link == NO_POINTER ? null : active.linked(link);
  }

  private VmxOutcome exit(ExitReason reason) {
    processor.vmExit().instruction(reason, displacement, instructionLength, instructionInformation);
    return VmxOutcome.VM_EXIT;
  }

  private VmxOutcome succeed() {
    state.setRflags(state.rflags() & ~STATUS_FLAGS);
    return VmxOutcome.SUCCEED;
  }

  private VmxOutcome failInvalid() {
    state.setRflags((state.rflags() & ~STATUS_FLAGS) | CpuState.CF);
    return VmxOutcome.FAIL_INVALID;
  }

  /** VMfail: VMfailValid if there is a current VMCS to take the number, else VMfailInvalid. */
  private VmxOutcome fail(VmInstructionError error) {
    Vmcs vmcs = current; // also where a shadow VMCS is accessed
    if (vmcs == null) {
      return failInvalid();
    }
    vmcs.set(VmcsField.VM_INSTRUCTION_ERROR, error.number());
    state.setRflags((state.rflags() & ~STATUS_FLAGS) | CpuState.ZF);
    return VmxOutcome.FAIL_VALID;
  }

  private void setCurrent(long pointer, @Nullable Vmcs vmcs) {
    currentPointer = pointer;
    current = vmcs;
    entry.forgetControls();
  }

  private void charge(Cost cost) {
    processor.cycles().vmm += costs.of(cost);
  }

  /** CR0.PE is 1, RFLAGS.VM is 0, and the processor is not in compatibility mode. */
  private boolean isProtectedOr64BitMode() {
    return (state.cr0() & CpuState.CR0_PE) != 0
        && (state.rflags() & CpuState.VM) == 0
        && (!state.inIa32eMode() || state.in64BitMode());
  }

  /** "Restrictions on VMX Operation" (23.8). */
  private boolean fixedBitsHold() {
    long cr0 = state.cr0();
    long cr4 = state.cr4();
    return (capabilities.cr0Fixed1() & ~cr0) == 0
        && (cr0 & ~capabilities.cr0MayBe1()) == 0
        && (capabilities.cr4Fixed1() & ~cr4) == 0
        && (cr4 & ~capabilities.cr4MayBe1()) == 0;
  }

  /** IA32_FEATURE_CONTROL must be locked with VMX permitted outside SMX (23.7). */
  private boolean featureControlAllows() {
    long lockedAndOutsideSmx = 0x5;
    return (processor.msrs().get(Msr.IA32_FEATURE_CONTROL) & lockedAndOutsideSmx)
        == lockedAndOutsideSmx;
  }
}
