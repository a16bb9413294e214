package io.vmxsim.vmm;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.TraceFeed;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.ExitReason;

/**
 * A whole-system trace on a virtual processor: kernel code in 64-bit mode that has 1 GByte of
 * memory mapped at linear 0 by large pages of 2 MBytes, which every CPU has, and whatever actions a
 * test appends.
 */
final class TracedGuest {
  static final long CR0 =
      CpuState.CR0_PE | CpuState.CR0_ET | CpuState.CR0_NE | CpuState.CR0_WP | CpuState.CR0_PG;
  static final long CR4 = CpuState.CR4_PAE | PagingState.CR4_PGE;
  static final long TOP = 0x1000;
  static final long CODE = 0x10_0000;

  private static final long POINTERS = 0x2000;
  private static final long DIRECTORY = 0xf000;
  private static final long MEMORY = 4L << 30;

  final ActionBatch actions = new ActionBatch(64);
  final Processor processor;
  final Vm vm;
  final Vcpu vcpu;

  TracedGuest(String cpu, VmOptions options) {
    CpuProfile profile = CpuProfile.named(cpu);
    PhysicalMemory memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
    processor = new Processor(profile, memory);
    vm = Vm.of(memory, MEMORY);
    vcpu = new Vcpu(vm, processor, options);
    InitialState initial = vcpu.initialState();
    initial.controlRegister(0, CR0);
    initial.controlRegister(3, TOP);
    initial.controlRegister(4, CR4);
    initial.msr(Msr.IA32_EFER.address(), CpuState.EFER_SCE | CpuState.EFER_LME | CpuState.EFER_NXE);
    initial.memory(TOP, POINTERS | 0x23);
    initial.memory(POINTERS, DIRECTORY | 0x23);
    for (long i = 0; i < 512; i++) {
      initial.memory(DIRECTORY + 8 * i, i << 21 | 0xe3);
    }
    instruction();
  }

  /** Begins an instruction of 2 bytes. */
  TracedGuest instruction() {
    actions.add(ActionKind.INSTRUCTION, 2, CODE, ActionBatch.NO_BYTES);
    return this;
  }

  TracedGuest then(ActionKind kind, int size, long address, long value) {
    instruction();
    actions.add(kind, size, address, value);
    return this;
  }

  /** Runs the trace to its end. */
  TracedGuest run() {
    processor.setGuest(feed());
    RunOutcome outcome = vcpu.run(1_000_000);
    if (outcome != RunOutcome.FINISHED) {
      throw new AssertionError(outcome);
    }
    return this;
  }

  TraceFeed feed() {
    ActionBatch[] batches = {actions};
    return TraceFeed.ofSystem(
        "test",
        () -> {
          ActionBatch batch = batches[0];
          batches[0] = null;
          return batch;
        });
  }

  long exits(ExitReason reason) {
    return processor.transitions().exits(reason);
  }

  long allExits() {
    long sum = 0;
    for (ExitReason reason : ExitReason.values()) {
      sum += processor.transitions().exits(reason);
    }
    return sum;
  }

  long register(int number) {
    return processor.state().register(number);
  }
}
