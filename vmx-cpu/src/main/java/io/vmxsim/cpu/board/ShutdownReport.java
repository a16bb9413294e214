package io.vmxsim.cpu.board;

import io.vmxsim.cpu.BranchHistory.Branch;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.FaultChain.Event;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult.Status;
import java.util.List;

/**
 * Why a processor cannot go on, for people: its registers, the instruction at RIP, the event
 * delivered last with the faults it met, and the way there.
 */
public final class ShutdownReport {
  private static final int BRANCHES = 32;

  /** Bytes of the longest instruction. */
  private static final int LONGEST = 15;

  private ShutdownReport() {}

  /** Several lines, each ended by a line feed. */
  public static String of(Processor processor) {
    return of(processor, processor);
  }

  /**
   * As above.
   *
   * @param registers has the registers of the software; another than {@code processor} if that ran
   *     it as a guest
   * @param processor what ran
   */
  static String of(Processor registers, Processor processor) {
    StringBuilder report = new StringBuilder();
    if (registers == processor) {
      report.append(processor).append('\n');
    } else {
      report.append("a guest: ").append(registers.registers());
      report.append(
          ", CR2 %x, %d instructions\n".formatted(registers.state().cr2, processor.instructions()));
    }
    report.append("  ").append(mode(registers)).append(", bytes at RIP:");
    report.append(bytes(registers, processor)).append('\n');
    List<Event> events = processor.events().chain().events();
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

  private static String mode(Processor processor) {
    CpuState state = processor.state();
    boolean big = (state.accessRights(Segment.CS) & Segment.DEFAULT_BIG) != 0;
    if ((state.cr0() & CpuState.CR0_PE) == 0) {
      return "real mode";
    }
    return state.in64BitMode() ? "64-bit mode" : big ? "32-bit code" : "16-bit code";
  }

  /** The bytes up to the end of the page; none if RIP leads nowhere. */
  private static String bytes(Processor registers, Processor processor) {
    CpuState state = registers.state();
    long linear = state.in64BitMode() ? state.rip : state.base(Segment.CS) + state.rip;
    if (registers.mmu().translate(linear, 1, Access.FETCH) != Status.OK) {
      return " not mapped";
    }
    long address = registers.mmu().physicalAddress();
    if (!processor.bus().isRam(address)) {
      return " not in RAM";
    }
    int count =
        (int) Math.min(LONGEST, PhysicalMemory.PAGE_BYTES - address % PhysicalMemory.PAGE_BYTES);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(String.format(" %02x", processor.memory().read8(address + i)));
    }
    return text.toString();
  }
}
