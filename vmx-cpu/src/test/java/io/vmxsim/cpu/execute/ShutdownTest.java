package io.vmxsim.cpu.execute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.BranchHistory.Branch;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.board.ShutdownReport;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is known of the way to a triple fault, and to any other place. */
class ShutdownTest {
  private static final long CODE = CodeMachine.CODE;

  private static List<String> events(CodeMachine machine) {
    return machine.processor.events().chain().events().stream().map(Object::toString).toList();
  }

  @Test
  void aTripleFaultIsTheEndOfAChain() {
    CodeMachine machine = CodeMachine.in64BitMode("90 0f0b");
    machine.state.idtrLimit = 0;
    assertEquals(RunOutcome.FINISHED, machine.processor.run(10));
    assertEquals(
        List.of(
            "#UD at RIP 0x100001",
            "#GP(0x33) at RIP 0x100001", // vector 6, IDT, EXT
            "#GP(0x6b) at RIP 0x100001", // vector 13: contributory after contributory
            "#DF(0x0) at RIP 0x100001",
            "#GP(0x43) at RIP 0x100001"),
        events(machine));
  }

  @Test
  void pageFaultsHaveTheirAddresses() {
    CodeMachine machine = CodeMachine.in64BitMode("a0 0000000100000000"); // mov al,[1000000h]
    machine.state.idtrBase = 0x200_0000;
    assertEquals(RunOutcome.FINISHED, machine.processor.run(10));
    assertEquals("#PF(0x0) at RIP 0x100000, CR2 0x1000000", events(machine).get(0));
    assertEquals("#PF(0x0) at RIP 0x100000, CR2 0x20000e0", events(machine).get(1));
  }

  @Test
  void aNewEventStartsANewChain() {
    CodeMachine machine = CodeMachine.in64BitMode("0f0b");
    machine.handler(6, "cc");
    machine.handler(3, "f4");
    machine.untilHalt();
    assertEquals(List.of("interrupt 3 at RIP 0x400600"), events(machine));
  }

  @Test
  void branchesAreThoseTaken() {
    // xor eax,eax; jnz +0; jz +2; hlt; hlt; jmp +1; hlt; call 1f; hlt; 1: ret
    CodeMachine machine =
        CodeMachine.in64BitMode("31c0 7500 7402 f4 f4 eb01 f4 e801000000 f4 c3").untilHalt();
    assertEquals(
        List.of(
            new Branch(CODE + 4, CODE + 8),
            new Branch(CODE + 8, CODE + 11),
            new Branch(CODE + 11, CODE + 17),
            new Branch(CODE + 17, CODE + 16)),
        machine.processor.branches().last(32));
  }

  @Test
  void anExceptionBranchesFromTheInstructionThatRaisedIt() {
    CodeMachine machine = CodeMachine.in64BitMode("90 90 0f0b");
    machine.handler(6, "f4");
    machine.untilHalt();
    long handler = CodeMachine.HANDLERS + 0x600;
    assertEquals(List.of(new Branch(CODE + 2, handler)), machine.processor.branches().last(32));
  }

  @Test
  void onlySoManyBranchesAreKept() {
    CodeMachine machine = CodeMachine.in64BitMode("b9e8030000 e2fe f4").untilHalt();
    assertEquals(32, machine.processor.branches().last(32).size());
  }

  @Test
  void theReportNamesFaultsAndBranches() {
    CodeMachine machine = CodeMachine.in64BitMode("eb00 0f0b");
    machine.state.idtrLimit = 0;
    machine.processor.run(10);
    String report = ShutdownReport.of(machine.processor);
    assertTrue(report.contains("\n  #UD at RIP 0x100002\n"), report);
    assertTrue(report.contains("delivered, #DF(0x0) at"), report);
  }
}
