package io.vmxsim.cpu;

import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * A processor in VMX root operation with a current VMCS that describes a 64-bit guest under an
 * identity-mapped page table, ready for VMLAUNCH. Guest and host share CR3.
 */
final class VmxFixture implements GuestSide {
  static final long VMXON_REGION = 0x1000;
  static final long VMCS_REGION = 0x2000;
  static final long OTHER_REGION = 0x3000;
  static final long MSR_BITMAPS = 0x4000;
  static final long IO_BITMAPS = 0x5000;
  static final long MSR_AREA = 0x7000;
  static final long PML4 = 0x8000;
  static final long GUEST_RIP = 0x40_0000;
  static final long HOST_RIP = 0x50_0000;

  final PhysicalMemory memory;
  final Processor processor;
  final VmxCapabilities capabilities;
  final List<Integer> delivered = new ArrayList<>();

  /** What happens inside the next delivery, once. */
  Runnable duringDelivery = () -> {};

  VmxFixture() {
    this("max");
  }

  VmxFixture(String profile) {
    CpuProfile cpu = CpuProfile.named(profile);
    memory = new PhysicalMemory(cpu.cpuid().maxPhyAddr());
    processor = new Processor(cpu, memory);
    processor.setGuest(this);
    capabilities = cpu.vmxCapabilities();
    long pdpt = PML4 + 0x1000;
    long directory = PML4 + 0x2000;
    memory.write64(PML4, pdpt | 7);
    memory.write64(pdpt, directory | 7);
    for (int i = 0; i < 4; i++) {
      memory.write64(directory + 8L * i, (long) i << 21 | 0x87);
    }
    state().startIn64BitMode(PML4);
    memory.write32(VMXON_REGION, capabilities.revisionId());
    memory.write32(VMCS_REGION, capabilities.revisionId());
    memory.write32(OTHER_REGION, capabilities.revisionId());
  }

  /** A fixture with VMX on and the VMCS loaded and filled. */
  static VmxFixture ready() {
    return ready("max");
  }

  static VmxFixture ready(String profile) {
    VmxFixture fixture = new VmxFixture(profile);
    must(VmxOutcome.SUCCEED, fixture.vmx().vmxon(VMXON_REGION));
    must(VmxOutcome.SUCCEED, fixture.vmx().vmclear(VMCS_REGION));
    must(VmxOutcome.SUCCEED, fixture.vmx().vmptrld(VMCS_REGION));
    fixture.fillControls();
    fixture.fillHost();
    fixture.fillGuest();
    return fixture;
  }

  /** A fixture in VMX non-root operation, with these controls besides the required ones. */
  static VmxFixture inGuest(PrimaryControl... controls) {
    VmxFixture fixture = ready();
    for (PrimaryControl control : controls) {
      fixture.set(control);
    }
    fixture.launch();
    return fixture;
  }

  void launch() {
    VmxOutcome outcome = vmx().vmlaunch();
    if (outcome != VmxOutcome.SUCCEED) {
      throw new AssertionError(outcome + ", broken: " + vmx().brokenEntryRule());
    }
  }

  /**
   * Runs machine code in a guest with the controls set so far until a VM exit.
   *
   * @param hex its bytes, with blanks between
   */
  void runCode(String hex) {
    Executor.on(processor);
    byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
    memory.writeBytes(GUEST_RIP, code, 0, code.length);
    launch();
    RunOutcome outcome = processor.run(1000);
    if (outcome != RunOutcome.EXIT) {
      throw new AssertionError(outcome + " instead of a VM exit at " + processor);
    }
  }

  private void fillControls() {
    write(VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS, capabilities.adjust(ControlWord.PIN_BASED, 0));
    write(
        VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
        capabilities.adjust(
            ControlWord.PRIMARY_PROCESSOR_BASED, PrimaryControl.USE_MSR_BITMAPS.mask()));
    write(
        VmcsField.VM_EXIT_CONTROLS,
        capabilities.adjust(
            ControlWord.VM_EXIT,
            ExitControl.HOST_ADDRESS_SPACE_SIZE.mask() | ExitControl.SAVE_DEBUG_CONTROLS.mask()));
    write(
        VmcsField.VM_ENTRY_CONTROLS,
        capabilities.adjust(
            ControlWord.VM_ENTRY,
            EntryControl.IA_32E_MODE_GUEST.mask() | EntryControl.LOAD_DEBUG_CONTROLS.mask()));
    write(VmcsField.ADDRESS_OF_MSR_BITMAPS, MSR_BITMAPS);
    write(VmcsField.ADDRESS_OF_IO_BITMAP_A, IO_BITMAPS);
    write(VmcsField.ADDRESS_OF_IO_BITMAP_B, IO_BITMAPS + 0x1000);
    write(VmcsField.VMCS_LINK_POINTER, -1);
  }

  private void fillHost() {
    write(VmcsField.HOST_CR0, state().cr0());
    write(VmcsField.HOST_CR3, PML4);
    write(VmcsField.HOST_CR4, state().cr4());
    write(VmcsField.HOST_CS_SELECTOR, 8);
    write(VmcsField.HOST_SS_SELECTOR, 0x10);
    write(VmcsField.HOST_TR_SELECTOR, 0x18);
    write(VmcsField.HOST_RIP, HOST_RIP);
    write(VmcsField.HOST_RSP, 0x51_0000);
  }

  private void fillGuest() {
    write(VmcsField.GUEST_CR0, state().cr0());
    write(VmcsField.GUEST_CR3, PML4);
    write(VmcsField.GUEST_CR4, state().cr4());
    for (Segment segment : Segment.values()) {
      write(segment.guestAccessRights(), Segment.FLAT_DATA);
      write(segment.guestLimit(), 0xffffffffL);
    }
    write(VmcsField.GUEST_CS_ACCESS_RIGHTS, Segment.FLAT_CODE | Segment.LONG);
    write(VmcsField.GUEST_TR_ACCESS_RIGHTS, Segment.BUSY_TSS);
    write(VmcsField.GUEST_TR_LIMIT, 0x67);
    write(VmcsField.GUEST_LDTR_ACCESS_RIGHTS, Segment.UNUSABLE);
    write(VmcsField.GUEST_DR7, 0x400);
    write(VmcsField.GUEST_RIP, GUEST_RIP);
    write(VmcsField.GUEST_RSP, 0x41_0000);
    write(VmcsField.GUEST_RFLAGS, 2);
  }

  CpuState state() {
    return processor.state();
  }

  VmxInstructions vmx() {
    return processor.vmx();
  }

  SensitiveInstructions sensitive() {
    return processor.sensitive();
  }

  void write(VmcsField field, long value) {
    if (processor.inNonRoot()) {
      vmcs().set(field, value);
    } else {
      must(VmxOutcome.SUCCEED, vmx().vmwrite(field.encoding(), value));
    }
  }

  /** The field in the current VMCS; in non-root operation too, where a VMREAD would exit. */
  long read(VmcsField field) {
    if (processor.inNonRoot()) {
      return vmcs().get(field);
    }
    must(VmxOutcome.SUCCEED, vmx().vmread(field.encoding()));
    return vmx().value();
  }

  private Vmcs vmcs() {
    return processor.controlling();
  }

  void set(io.vmxsim.vmcs.Control control) {
    VmcsField field = control.word().field();
    write(field, read(field) | control.mask());
    if (control instanceof SecondaryControl) {
      set(PrimaryControl.ACTIVATE_SECONDARY_CONTROLS);
    }
    if (control instanceof TertiaryControl) {
      set(PrimaryControl.ACTIVATE_TERTIARY_CONTROLS);
    }
  }

  ExitReason exitReason() {
    ExitReason reason = ExitReason.of(read(VmcsField.EXIT_REASON));
    if (reason == null) {
      throw new AssertionError("no exit reason " + read(VmcsField.EXIT_REASON));
    }
    return reason;
  }

  static void must(VmxOutcome expected, VmxOutcome actual) {
    if (expected != actual) {
      throw new AssertionError("expected " + expected + ", was " + actual);
    }
  }

  @Override
  public RunOutcome advance(Processor on, long budget) {
    return RunOutcome.BUDGET;
  }

  @Override
  public void deliver(Processor on, int vector, int errorCode, boolean hasErrorCode) {
    delivered.add(vector);
    Runnable now = duringDelivery;
    duringDelivery = () -> {};
    now.run();
  }

  @Override
  public int emulate(Processor on, GuestPort port) {
    return 0;
  }
}
