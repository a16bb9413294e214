package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.board.Bus;
import org.junit.jupiter.api.Test;

/** Machine code that uses its local APIC, whose page is moved to 7 MBytes. */
class LocalApicCodeTest {
  private static final long PAGE = 0x70_0000;
  private static final String ENABLE = "c787f0000000ff010000"; // mov dword [rdi+0f0h],1ffh
  private static final String SELF_IPI_51 = "c7870003000051000400"; // mov dword [rdi+300h],40051h
  private static final String INC_EBX = "ffc3";

  private static CodeMachine machine(String hex) {
    CodeMachine machine =
        CodeMachine.in64BitMode(ENABLE + hex + "f4", Bus.withRam(PAGE)).with(RDI, PAGE);
    machine.processor.attachLocalApic(new ApicNetwork(), 0);
    assertTrue(machine.processor.msrs().write(Msr.IA32_APIC_BASE.address(), PAGE | 0x900));
    machine.handler(0x51, "89da f4"); // mov edx,ebx; hlt
    return machine;
  }

  @Test
  void anInterruptOfItsOwnComesBeforeTheNextInstruction() {
    CodeMachine machine = machine("fb90" + INC_EBX + SELF_IPI_51 + INC_EBX).untilHalt();
    assertEquals(1, machine.register(RDX));
    assertEquals(1, machine.register(RBX));
  }

  @Test
  void cr8HoldsInterruptsOfItsClassBack() {
    String setCr8 = "440f22c0"; // mov cr8,rax
    CodeMachine machine =
        machine("fb90" + setCr8 + SELF_IPI_51 + INC_EBX + "ffc8" + setCr8 + INC_EBX)
            .with(RAX, 5)
            .untilHalt();
    assertEquals(1, machine.register(RBX), "taken after CR8 became 4");
    assertEquals(0x40, machine.processor.readDevice(PAGE + 0x80, 4));
  }

  @Test
  void selfIpiRegisterOfX2apicMode() {
    CodeMachine machine =
        machine("fb90 b93f080000 b851000000 31d2 0f30" + INC_EBX); // wrmsr 83fh, 51h
    assertTrue(
        machine.processor.msrs().write(Msr.IA32_APIC_BASE.address(), PAGE | 0xd00), "x2APIC mode");
    machine.processor.msrs().write(0x80f, 0x1ff);
    machine.untilHalt();
    assertEquals(0, machine.register(RBX));
    assertEquals(CodeMachine.HANDLERS + 0x5103, machine.state.rip);
  }

  @Test
  void timerEndsHalt() {
    String timer = "c7872003000051000000 c787e00300000b000000 c7878003000000000100";
    CodeMachine machine = machine("fb" + timer).untilHalt();
    long halted = machine.processor.now();
    assertTrue(machine.processor.passIdleTime());
    long strikes = machine.processor.now();
    assertTrue(strikes > halted && strikes <= halted + 0x10000);
    machine.untilHalt();
    assertEquals(CodeMachine.HANDLERS + 0x5103, machine.state.rip);
  }

  @Test
  void timerInterruptsALoopWhenItIsDue() {
    String timer = "c7872003000051000000 c787e00300000b000000 c7878003000000100000";
    CodeMachine machine = machine(timer + "fb 0f31 89c1 ffc3 ebfc"); // rdtsc; ecx = eax; loop
    machine.handler(0x51, "0f31 f4"); // rdtsc; hlt
    machine.untilHalt();
    long waited = machine.register(RAX) - machine.register(RCX);
    assertTrue(waited >= 0x1000 - 100 && waited < 0x1000 + 500, () -> "waited " + waited);
  }
}
