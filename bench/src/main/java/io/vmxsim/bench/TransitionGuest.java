package io.vmxsim.bench;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * A 64-bit guest that executes CPUID in a loop, and the smallest VMM there is: after each VM exit
 * it moves RIP past the instruction and resumes. Both see the same four 2-MByte pages, mapped to
 * themselves.
 */
final class TransitionGuest {
  private static final long VMXON_REGION = 0x1000;
  private static final long VMCS_REGION = 0x2000;
  private static final long PML4 = 0x8000;
  private static final long CODE = 0x40_0000;
  private static final long HOST_RIP = 0x50_0000;

  /** CPUID; JMP to it. */
  private static final byte[] LOOP = {0x0f, (byte) 0xa2, (byte) 0xeb, (byte) 0xfc};

  private static final int CPUID_BYTES = 2;
  private static final long BUDGET = 16;

  private final Processor processor;
  private final VmxInstructions vmx;
  private final VmxCapabilities capabilities;

  /**
   * The guest at its first VM exit.
   *
   * @param vpid whether it has a VPID, as guests of hypervisors have; if not, each VM entry and VM
   *     exit drops every translation
   */
  TransitionGuest(String profile, boolean vpid) {
    CpuProfile cpu = CpuProfile.named(profile);
    PhysicalMemory memory = new PhysicalMemory(cpu.cpuid().maxPhyAddr());
    processor = new Processor(cpu, memory);
    vmx = processor.vmx();
    capabilities = cpu.vmxCapabilities();
    memory.write64(PML4, (PML4 + 0x1000) | 7);
    memory.write64(PML4 + 0x1000, (PML4 + 0x2000) | 7);
    for (int i = 0; i < 4; i++) {
      memory.write64(PML4 + 0x2000 + 8L * i, (long) i << 21 | 0x87);
    }
    memory.writeBytes(CODE, LOOP, 0, LOOP.length);
    memory.write32(VMXON_REGION, capabilities.revisionId());
    memory.write32(VMCS_REGION, capabilities.revisionId());
    processor.state().startIn64BitMode(PML4);
    Executor.on(processor);
    must(vmx.vmxon(VMXON_REGION));
    must(vmx.vmclear(VMCS_REGION));
    must(vmx.vmptrld(VMCS_REGION));
    fillControls(vpid);
    fillHost();
    fillGuest();
    must(vmx.vmlaunch());
    runToExit();
  }

  /** One VM entry, two instructions of the guest, one VM exit. */
  void roundTrip() {
    must(vmx.vmread(VmcsField.GUEST_RIP.encoding()));
    write(VmcsField.GUEST_RIP, vmx.value() + CPUID_BYTES);
    must(vmx.vmresume());
    runToExit();
  }

  /** VM exits so far. */
  long exits() {
    return processor.transitions().exits(ExitReason.CPUID);
  }

  private void runToExit() {
    if (processor.run(BUDGET) != RunOutcome.EXIT) {
      throw new IllegalStateException("the guest did not exit: " + processor);
    }
  }

  private static void must(VmxOutcome outcome) {
    if (outcome != VmxOutcome.SUCCEED) {
      throw new IllegalStateException("a VMX instruction failed: " + outcome);
    }
  }

  private void write(VmcsField field, long value) {
    must(vmx.vmwrite(field.encoding(), value));
  }

  private void fillControls(boolean vpid) {
    long primary = vpid ? PrimaryControl.ACTIVATE_SECONDARY_CONTROLS.mask() : 0;
    long secondary = vpid ? SecondaryControl.ENABLE_VPID.mask() : 0;
    write(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS, capabilities.adjust(ControlWord.PIN_BASED, 0));
    write(
        VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
        capabilities.adjust(ControlWord.PRIMARY_PROCESSOR_BASED, primary));
    write(VmcsField.SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, secondary);
    write(VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER, vpid ? 1 : 0);
    write(
        VmcsField.VM_EXIT_CONTROLS,
        capabilities.adjust(ControlWord.VM_EXIT, ExitControl.HOST_ADDRESS_SPACE_SIZE.mask()));
    write(
        VmcsField.VM_ENTRY_CONTROLS,
        capabilities.adjust(ControlWord.VM_ENTRY, EntryControl.IA_32E_MODE_GUEST.mask()));
    write(VmcsField.VMCS_LINK_POINTER, VmxInstructions.NO_POINTER);
  }

  private void fillHost() {
    CpuState state = processor.state();
    write(VmcsField.HOST_CR0, state.cr0());
    write(VmcsField.HOST_CR3, PML4);
    write(VmcsField.HOST_CR4, state.cr4());
    write(VmcsField.HOST_CS_SELECTOR, 8);
    write(VmcsField.HOST_SS_SELECTOR, 0x10);
    write(VmcsField.HOST_TR_SELECTOR, 0x18);
    write(VmcsField.HOST_RIP, HOST_RIP);
  }

  private void fillGuest() {
    CpuState state = processor.state();
    write(VmcsField.GUEST_CR0, state.cr0());
    write(VmcsField.GUEST_CR3, PML4);
    write(VmcsField.GUEST_CR4, state.cr4());
    for (Segment segment : Segment.values()) {
      write(segment.guestAccessRights(), Segment.FLAT_DATA);
      write(segment.guestLimit(), 0xffffffffL);
    }
    write(VmcsField.GUEST_CS_ACCESS_RIGHTS, Segment.FLAT_CODE | Segment.LONG);
    write(VmcsField.GUEST_TR_ACCESS_RIGHTS, Segment.BUSY_TSS);
    write(VmcsField.GUEST_TR_LIMIT, 0x67);
    write(VmcsField.GUEST_LDTR_ACCESS_RIGHTS, Segment.UNUSABLE);
    write(VmcsField.GUEST_DR7, CpuState.DR7_RESET);
    write(VmcsField.GUEST_RIP, CODE);
    write(VmcsField.GUEST_RFLAGS, CpuState.FIXED_1);
  }
}
