package io.vmxsim.validation;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.ActionStream;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.GuestKernel;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.TraceFeed;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmm.Vcpu;
import io.vmxsim.vmm.Vm;
import io.vmxsim.vmm.VmOptions;

/**
 * A user program that touches one page after another, and the smallest kernel that gives it each:
 * one page-table write through a map of all memory, and the return. As Linux does, it gives fresh
 * pages accessed and dirty.
 */
final class FaultingGuest implements GuestKernel {
  private static final long TOP = 0x1000;
  private static final long USER_POINTERS = 0x2000;
  private static final long USER_DIRECTORY = 0x3000;
  private static final long USER_TABLE = 0x4000;
  private static final long KERNEL_POINTERS = 0x5000;
  private static final long KERNEL_CODE = 0x20_0000;
  private static final long USER_CODE = 0x30_0000;
  private static final long USER_PAGES = 0x40_0000;

  /** Where the kernel has all memory mapped. */
  private static final long DIRECT_MAP = -1L << 47;

  private static final long TABLE = 0x27; // present, writable, user, accessed
  private static final long PAGE = 0x67; // and dirty
  private static final long LARGE_SUPERVISOR_PAGE = 0xe3;
  private static final int PAGE_FAULT = 14;
  private static final long MEMORY = 1L << 30;

  private final Processor processor;
  private final Vcpu vcpu;
  private final ActionStream program;
  private ActionStream current = ActionStream.empty();

  /**
   * @param pages how many pages the program touches, at most 511
   */
  FaultingGuest(VmOptions options, int pages) {
    CpuProfile cpu = CpuProfile.named("skylake-sp");
    PhysicalMemory memory = new PhysicalMemory(cpu.cpuid().maxPhyAddr());
    processor = new Processor(cpu, memory);
    vcpu = new Vcpu(Vm.of(memory, MEMORY), processor, options);
    boot(vcpu.initialState());
    program = program(pages);
    processor.setGuest(TraceFeed.ofUserLevel(this));
  }

  private static void boot(InitialState state) {
    state.memory(TOP, USER_POINTERS | TABLE);
    state.memory(USER_POINTERS, USER_DIRECTORY | TABLE);
    state.memory(USER_DIRECTORY, USER_TABLE | TABLE);
    state.memory(USER_TABLE, USER_CODE | PAGE);
    state.memory(TOP + 256 * 8, KERNEL_POINTERS | TABLE);
    state.memory(KERNEL_POINTERS, LARGE_SUPERVISOR_PAGE);
    state.controlRegister(0, 0x8001_0033L); // PE MP ET NE WP PG
    state.controlRegister(3, TOP);
    state.controlRegister(4, 0xa0); // PAE PGE
    state.msr(Msr.IA32_EFER.address(), CpuState.EFER_SCE | CpuState.EFER_LME | CpuState.EFER_NXE);
  }

  private static ActionStream program(int pages) {
    ActionBatch batch = new ActionBatch(2 * pages);
    for (int page = 1; page <= pages; page++) {
      batch.add(ActionKind.INSTRUCTION, 4, 0x100, ActionBatch.NO_BYTES);
      batch.add(ActionKind.STORE, 8, page * 4096L, 0);
    }
    ActionBatch[] once = {batch};
    return new ActionStream(
        () -> {
          ActionBatch next = once[0];
          once[0] = new ActionBatch(1);
          return next.count() == 0 ? null : next;
        });
  }

  @Override
  public void deliver(int vector, int errorCode, long cr2, ActionBatch handler) {
    if (vector != PAGE_FAULT || (errorCode & 1) != 0) {
      throw new IllegalStateException("vector %d, error code %#x".formatted(vector, errorCode));
    }
    long page = cr2 >>> 12;
    long entry = DIRECT_MAP + USER_TABLE + page * 8;
    handler.add(ActionKind.WORK, 0, DIRECT_MAP + KERNEL_CODE, 100);
    handler.add(ActionKind.STORE_VALUE, 8, entry, USER_PAGES + page * 4096 | PAGE);
    handler.add(ActionKind.IRET, 0, 0, 0);
  }

  @Override
  public boolean next(ActionBatch handler) {
    boolean first = current != program;
    current = program;
    if (first) {
      handler.add(ActionKind.WORK, 0, DIRECT_MAP + KERNEL_CODE, 100);
      handler.add(ActionKind.IRET, 0, 0, 0);
    }
    return first;
  }

  @Override
  public ActionStream current() {
    return current;
  }

  /** Runs the program to its end; all VM exits it took. */
  long exits() {
    RunOutcome outcome = vcpu.run(Long.MAX_VALUE / 2);
    if (outcome != RunOutcome.FINISHED) {
      throw new IllegalStateException(outcome.toString());
    }
    long exits = 0;
    for (ExitReason reason : ExitReason.values()) {
      exits += processor.transitions().exits(reason);
    }
    return exits;
  }
}
