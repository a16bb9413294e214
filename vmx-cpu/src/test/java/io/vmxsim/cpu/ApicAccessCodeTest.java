package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.vmcs.ExitQualification.ApicAccess;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import org.junit.jupiter.api.Test;

/** A guest's machine code that reaches the APIC-access page, to which RDI points (29.4). */
class ApicAccessCodeTest {
  private static final long PAGE = 0x10000;
  private static final long ACCESS_PAGE = 0x11000;

  private final VmxFixture f = VmxFixture.ready();

  /** Runs {@code hex} in a guest with APIC-register virtualization, until a VM exit. */
  private void run(String hex) {
    Executor.on(f.processor);
    String digits = hex.replace(" ", "");
    for (int i = 0; i < digits.length(); i += 2) {
      int value = Integer.parseInt(digits.substring(i, i + 2), 16);
      f.memory.write8(VmxFixture.GUEST_RIP + i / 2, value);
    }
    f.set(PrimaryControl.USE_TPR_SHADOW);
    f.set(SecondaryControl.VIRTUALIZE_APIC_ACCESSES);
    f.set(SecondaryControl.APIC_REGISTER_VIRTUALIZATION);
    f.write(VmcsField.VIRTUAL_APIC_ADDRESS, PAGE);
    f.write(VmcsField.APIC_ACCESS_ADDRESS, ACCESS_PAGE);
    f.state().setRegister(CpuState.RDI, ACCESS_PAGE);
    f.launch();
    assertEquals(RunOutcome.EXIT, f.processor.run(100));
  }

  private void assertExit(ExitReason reason, long qualification, int offset) {
    assertEquals(reason, f.exitReason());
    assertEquals(qualification, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(VmxFixture.GUEST_RIP + offset, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void virtualizedAccessesReachTheVirtualApicPage() {
    f.memory.write32(PAGE + 0x20, 0x05000000);
    // mov dword [rdi+310h],12345678h; mov eax,[rdi+310h]; mov ebx,[rdi+20h]; vmcall
    run("c7871003000078563412 8b8710030000 8b5f20 0f01c1");
    assertEquals(ExitReason.VMCALL, f.exitReason());
    assertEquals(0x12000000, f.state().register(CpuState.RAX), "emulated before the next one");
    assertEquals(0x05000000, f.state().register(CpuState.RBX));
    assertEquals(0, f.memory.read32(ACCESS_PAGE + 0x310));
  }

  @Test
  void anAccessThatIsNotVirtualizedExitsAtItsInstruction() {
    run("90 488b5f20"); // nop; mov rbx,[rdi+20h]: 64 bits
    long qualification = ApicAccess.encode(0x20, ApicAccess.Type.LINEAR_READ);
    assertExit(ExitReason.APIC_ACCESS, qualification, 1);
    assertEquals(4, f.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
  }

  @Test
  void aWriteThatSoftwareCompletesExitsBehindItsInstruction() {
    run("c787f000000001020000 90"); // mov dword [rdi+0f0h],201h
    assertExit(ExitReason.APIC_WRITE, 0xf0, 10);
    assertEquals(0x201, f.memory.read32(PAGE + 0xf0));
  }

  @Test
  void anIterationOfAStringInstructionIsAnOperation() {
    f.state().setRegister(CpuState.RCX, 2);
    run("83c720 f3ab"); // add edi,20h; rep stosd
    assertExit(ExitReason.APIC_WRITE, 0x20, 3);
    assertEquals(1, f.state().register(CpuState.RCX));
  }

  @Test
  void fetchesFromThePageExit() {
    run("ffe7"); // jmp rdi
    assertEquals(ExitReason.APIC_ACCESS, f.exitReason());
    assertEquals(
        ApicAccess.encode(0, ApicAccess.Type.LINEAR_FETCH), f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(ACCESS_PAGE, f.read(VmcsField.GUEST_RIP));
  }
}
