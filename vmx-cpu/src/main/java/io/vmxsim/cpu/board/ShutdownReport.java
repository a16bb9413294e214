package io.vmxsim.cpu.board;

import io.vmxsim.cpu.BranchHistory.Branch;
import io.vmxsim.cpu.FaultChain.Event;
import io.vmxsim.cpu.Processor;
import java.util.List;

/** Why a processor shut down, for people: its registers, the faults, and how it came there. */
public final class ShutdownReport {
  private static final int BRANCHES = 32;

  private ShutdownReport() {}

  /** Several lines, each ended by a line feed. */
  public static String of(Processor processor) {
    StringBuilder report = new StringBuilder(processor.toString()).append('\n');
    List<Event> events = processor.faultChain().events();
    for (int i = 0; i < events.size(); i++) {
      report.append(i == 0 ? "  " : "  then, while that was delivered, ");
      report.append(events.get(i)).append('\n');
    }
    List<Branch> branches = processor.branches().last(BRANCHES);
    report.append("  the last ").append(branches.size()).append(" branches:\n");
    for (Branch branch : branches) {
      report.append(String.format("    %#x -> %#x\n", branch.from(), branch.to()));
    }
    return report.toString();
  }
}
