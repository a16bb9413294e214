package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import org.junit.jupiter.api.Test;

/** Instructions of later editions in a guest: lists of MSRs, user waits, ENCLS and GETSEC. */
class NewerInstructionsTest {
  private static final long ADDRESSES = 0x20000;
  private static final long VALUES = 0x21000;
  private static final int LSTAR = 0xc0000082;
  private static final int KERNEL_GS_BASE = 0xc0000102;
  private static final String RDMSRLIST = "f20f01c6";
  private static final String WRMSRLIST = "f30f01c6";
  private static final String VMCALL = "0f01c1";

  private final VmxFixture f = VmxFixture.ready();

  private void lists(long chosen) {
    f.set(TertiaryControl.ENABLE_MSR_LIST_INSTRUCTIONS);
    f.memory.write64(ADDRESSES + 8 * 3, LSTAR & 0xffffffffL);
    f.memory.write64(ADDRESSES + 8 * 63, KERNEL_GS_BASE & 0xffffffffL);
    f.state().setRegister(CpuState.RSI, ADDRESSES);
    f.state().setRegister(CpuState.RDI, VALUES);
    f.state().setRegister(CpuState.RCX, chosen);
  }

  private static long both() {
    return 1L << 3 | 1L << 63;
  }

  /** Has a read of that MSR, or a write, exit. */
  private void intercept(int msr, boolean write) {
    long bit = (write ? 3072 : 1024) * 8L + (msr & 0x1fff);
    long address = VmxFixture.MSR_BITMAPS + bit / 8;
    f.memory.write8(address, f.memory.read8(address) | 1 << (bit % 8));
  }

  @Test
  void aListIsRead() {
    f.processor.msrs().set(Msr.IA32_LSTAR, 0x1234);
    f.processor.msrs().set(Msr.IA32_KERNEL_GS_BASE, 0x5678);
    lists(both());
    f.runCode(RDMSRLIST + VMCALL);
    assertEquals(ExitReason.VMCALL, f.exitReason());
    assertEquals(0x1234, f.memory.read64(VALUES + 8 * 3));
    assertEquals(0x5678, f.memory.read64(VALUES + 8 * 63));
    assertEquals(0, f.memory.read64(VALUES), "not chosen");
    assertEquals(0, f.state().register(CpuState.RCX));
  }

  @Test
  void aListIsWritten() {
    f.memory.write64(VALUES + 8 * 3, 0x1234);
    f.memory.write64(VALUES + 8 * 63, 0x5678);
    lists(both());
    f.runCode(WRMSRLIST + VMCALL);
    assertEquals(ExitReason.VMCALL, f.exitReason());
    assertEquals(0x1234, f.processor.msrs().get(Msr.IA32_LSTAR));
    assertEquals(0x5678, f.processor.msrs().get(Msr.IA32_KERNEL_GS_BASE));
  }

  @Test
  void anInterceptedReadLeavesItsBit() {
    f.processor.msrs().set(Msr.IA32_LSTAR, 0x1234);
    lists(both());
    intercept(KERNEL_GS_BASE, false);
    f.runCode(RDMSRLIST);
    assertEquals(ExitReason.RDMSRLIST, f.exitReason());
    assertEquals(KERNEL_GS_BASE & 0xffffffffL, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(4, f.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
    assertEquals(0x1234, f.memory.read64(VALUES + 8 * 3), "read before");
    assertEquals(1L << 63, f.state().register(CpuState.RCX));
  }

  @Test
  void anInterceptedWriteReportsItsValue() {
    f.memory.write64(VALUES + 8 * 3, 0x4321);
    lists(both());
    intercept(LSTAR, true);
    f.runCode(WRMSRLIST);
    assertEquals(ExitReason.WRMSRLIST, f.exitReason());
    assertEquals(LSTAR & 0xffffffffL, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(0x4321, f.read(VmcsField.MSR_DATA));
    assertEquals(both(), f.state().register(CpuState.RCX));
  }

  @Test
  void withoutBitmapsTheWholeInstructionExits() {
    lists(both());
    long primary = f.read(VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
    f.write(
        VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
        primary & ~PrimaryControl.USE_MSR_BITMAPS.mask());
    f.runCode(RDMSRLIST);
    assertEquals(ExitReason.RDMSRLIST, f.exitReason());
    assertEquals(0, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void listsAreInvalidWithoutTheirControl() {
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 6);
    f.runCode(RDMSRLIST);
    assertEquals(ExitReason.EXCEPTION_NMI, f.exitReason());
  }

  @Test
  void listsMustBeAligned() {
    lists(both());
    f.state().setRegister(CpuState.RDI, VALUES + 4);
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 13);
    f.runCode(RDMSRLIST);
    assertEquals(ExitReason.EXCEPTION_NMI, f.exitReason());
  }

  @Test
  void userWaitsExitWithRdtscExitingAndReportTheirOperand() {
    f.set(SecondaryControl.ENABLE_USER_WAIT_AND_PAUSE);
    f.set(PrimaryControl.RDTSC_EXITING);
    f.runCode("660faef1"); // tpause ecx
    assertEquals(ExitReason.TPAUSE, f.exitReason());
    assertEquals(1 << 3 | 1 << 11, f.read(VmcsField.VM_EXIT_INSTRUCTION_INFORMATION));
    assertEquals(4, f.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
  }

  @Test
  void umwaitIsInvalidWithoutItsControl() {
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 6);
    f.runCode("f20faef1"); // umwait ecx
    assertEquals(ExitReason.EXCEPTION_NMI, f.exitReason());
  }

  @Test
  void userWaitsEndAtOnceWhenTheirTimeIsUp() {
    f.set(SecondaryControl.ENABLE_USER_WAIT_AND_PAUSE);
    f.runCode("31c9 660faef1" + VMCALL);
    assertEquals(ExitReason.VMCALL, f.exitReason());
  }

  @Test
  void enclsExitsForTheLeavesOfItsBitmap() {
    f.set(SecondaryControl.ENABLE_ENCLS_EXITING);
    f.write(VmcsField.ENCLS_EXITING_BITMAP, 1L << 63);
    f.state().setRegister(CpuState.RAX, 1000);
    f.runCode("0f01cf");
    assertEquals(ExitReason.ENCLS, f.exitReason());
  }

  @Test
  void getsecAlwaysExits() {
    f.write(VmcsField.GUEST_CR4, f.read(VmcsField.GUEST_CR4) | 1 << 14); // SMXE
    f.runCode("0f37");
    assertEquals(ExitReason.GETSEC, f.exitReason());
    assertEquals(2, f.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
  }
}
