package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.CF;
import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RSI;
import static io.vmxsim.cpu.CpuState.TF;
import static io.vmxsim.cpu.CpuState.ZF;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/**
 * What is left of CMPS and SCAS between two iterations: registers as after the last, flags from
 * before the instruction (SDM volume 2, "REP/REPE/REPZ/REPNE/REPNZ"; processors show the same to
 * traps and interrupts).
 */
class RepeatedComparisonTest {
  private static final long DATA = CodeMachine.DATA;
  private static final long END_OF_MEMORY = 0x80_0000;
  private static final String CMPS = "f3a6 f4"; // repe cmpsb
  private static final String SCAS = "f3ae f4"; // repe scasb

  private static CodeMachine machine(String hex, long rdi) {
    CodeMachine m = CodeMachine.in64BitMode(hex).with(RSI, DATA).with(RDI, rdi).with(RCX, 20_000);
    m.state.setRflags(CF);
    return m;
  }

  /** Long enough that events are looked at in its midst. */
  @Test
  void aFaultLeavesTheFlagsOfBeforeHoweverManyIterationsHaveCompleted() {
    for (String hex : new String[] {CMPS, SCAS}) {
      CodeMachine m = machine(hex, END_OF_MEMORY - 9_000);
      m.handler(14, "488b442418 f4"); // mov rax,[rsp+18h]
      m.untilHalt();
      assertEquals(CF, m.register(RAX) & (CF | ZF));
      assertEquals(11_000, m.register(RCX));
      assertEquals(END_OF_MEMORY, m.register(RDI));
    }
  }

  @Test
  void aTrapBetweenIterationsFindsTheFlagsOfBefore() {
    CodeMachine m = machine(CMPS, DATA);
    m.handler(1, "488b442410 f4"); // mov rax,[rsp+10h]
    m.state.setRflags(CF | TF);
    m.untilHalt();
    assertEquals(CF, m.register(RAX) & (CF | ZF));
    assertEquals(19_999, m.register(RCX));
  }

  @Test
  void theLastIterationSetsTheFlags() {
    CodeMachine m = machine(CMPS, DATA);
    m.untilHalt();
    assertEquals(ZF, m.state.rflags() & (CF | ZF));
  }
}
