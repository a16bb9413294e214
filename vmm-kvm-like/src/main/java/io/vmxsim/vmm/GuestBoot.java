package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.vmcs.VmcsField;

/**
 * The state a guest starts in. Memory is written at once; registers are collected, and written to
 * the VMCS before the first VM entry. Segments are flat and CPL is 0.
 */
final class GuestBoot implements InitialState {
  private static final int TSS_LIMIT = 0x67;
  private static final long LIMIT_4G = 0xffff_ffffL;

  private final Vm vm;
  private final Processor processor;
  private final CurrentVmcs vmcs;
  private final GuestControlRegisters control;
  private final GuestMsrs msrs;
  private long cr0 = CpuState.CR0_PE | CpuState.CR0_ET | CpuState.CR0_NE;
  private long cr3;
  private long cr4;
  private long efer;

  GuestBoot(
      Vm vm, Processor processor, CurrentVmcs vmcs, GuestControlRegisters control, GuestMsrs msrs) {
    this.vm = vm;
    this.processor = processor;
    this.vmcs = vmcs;
    this.control = control;
    this.msrs = msrs;
  }

  @Override
  public void controlRegister(int n, long value) {
    switch (n) {
      case 0 -> cr0 = value;
      case 3 -> cr3 = value;
      case 4 -> cr4 = value;
      default -> throw new IllegalArgumentException("CR" + n + " is no initial state");
    }
  }

  @Override
  public void msr(int msr, long value) {
    if (msr == Msr.IA32_EFER.address()) {
      efer = value;
    } else if (msr == Msr.IA32_FS_BASE.address()) {
      vmcs.write(VmcsField.GUEST_FS_BASE, value);
    } else if (msr == Msr.IA32_GS_BASE.address()) {
      vmcs.write(VmcsField.GUEST_GS_BASE, value);
    } else {
      msrs.write(msr, value); // one that this processor lacks, the guest will not find either
    }
  }

  @Override
  public void pkru(int value) {
    processor.state().paging().setPkru(value);
    control.state().setPkru(value);
  }

  @Override
  public void memory(long guestPhysical, long value) {
    vm.memory().write64(vm.toHost(guestPhysical), value);
  }

  /** Writes the registers to the VMCS. */
  void apply() {
    control.start(cr0, cr3, cr4, efer);
    boolean longMode = (control.state().efer() & CpuState.EFER_LMA) != 0;
    int codeSize = longMode ? Segment.LONG : Segment.DEFAULT_BIG;
    for (Segment segment : Segment.values()) {
      vmcs.write(segment.guestSelector(), 0x10);
      vmcs.write(segment.guestLimit(), LIMIT_4G);
      vmcs.write(segment.guestAccessRights(), Segment.FLAT_DATA);
    }
    vmcs.write(Segment.CS.guestSelector(), 0x08);
    vmcs.write(Segment.CS.guestAccessRights(), Segment.FLAT_CODE | codeSize);
    vmcs.write(Segment.LDTR.guestAccessRights(), Segment.UNUSABLE);
    vmcs.write(Segment.TR.guestLimit(), TSS_LIMIT);
    vmcs.write(Segment.TR.guestAccessRights(), Segment.BUSY_TSS);
    vmcs.write(VmcsField.GUEST_RFLAGS, CpuState.FIXED_1);
    vmcs.write(VmcsField.GUEST_DR7, CpuState.DR7_RESET);
  }
}
