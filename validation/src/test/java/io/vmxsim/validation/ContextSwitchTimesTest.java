package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.TraceFeed;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmm.ShadowMmu;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.Vcpu;
import io.vmxsim.vmm.Vm;
import io.vmxsim.vmm.VmOptions;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Table A3: which loads of CR3 find their shadow root, on the real processor and VMM. */
class ContextSwitchTimesTest {
  private static final int ROUNDS = 20;
  private static final long FIRST_ROOT = 0x10_0000;
  private static final long POINTERS = 0x2000;
  private static final long CODE = 0x20_0000;

  static Stream<Arguments> columns() {
    return ContextSwitchTimes.PUBLISHED.stream()
        .flatMap(
            row ->
                IntStream.rangeClosed(
                        ContextSwitchTimes.FEWEST_PROCESSES, ContextSwitchTimes.MOST_PROCESSES)
                    .mapToObj(processes -> Arguments.of(row, processes)));
  }

  /** Round robin, two CR3s each: no miss in the steady state, or a miss every time. */
  @ParameterizedTest(name = "{0}, {1} processes")
  @MethodSource("columns")
  void rootsMissFromTheKneeOn(ContextSwitchTimes row, int processes) {
    ShadowMmu one = run(row.cachedRoots(), processes, 2);
    ShadowMmu all = run(row.cachedRoots(), processes, 2 + ROUNDS);
    long loads = 2L * processes * ROUNDS;
    long misses = all.rootMisses() - one.rootMisses();
    assertEquals(processes <= row.lastBeforeKnee() ? 0 : loads, misses);
    assertEquals(loads - misses, all.rootHits() - one.rootHits());
    assertEquals(misses, all.rootFrees() - one.rootFrees()); // what comes in puts another out
  }

  private static ShadowMmu run(int cachedRoots, int processes, int rounds) {
    CpuProfile cpu = CpuProfile.named("icelake-sp");
    PhysicalMemory memory = new PhysicalMemory(cpu.cpuid().maxPhyAddr());
    Processor processor = new Processor(cpu, memory);
    VmOptions options =
        VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_4K).withCachedRoots(cachedRoots);
    Vcpu vcpu = new Vcpu(Vm.of(memory, 1L << 30), processor, options);
    boot(vcpu.initialState(), processes);
    ActionBatch[] batches = {switches(processes, rounds)};
    processor.setGuest(
        TraceFeed.ofSystem(
            "test",
            () -> {
              ActionBatch batch = batches[0];
              batches[0] = new ActionBatch(1);
              return batch.count() == 0 ? null : batch;
            }));
    assertEquals(RunOutcome.FINISHED, vcpu.run(Long.MAX_VALUE / 2));
    return Objects.requireNonNull(vcpu.shadowMmu());
  }

  /** All roots share one page-directory-pointer table, whose 1-GByte page is everything. */
  private static void boot(InitialState state, int processes) {
    state.memory(POINTERS, 0xe3);
    for (int i = 0; i < 2 * processes; i++) {
      state.memory(root(i), POINTERS | 0x23);
    }
    state.controlRegister(0, 0x8001_0033L); // PE MP ET NE WP PG
    state.controlRegister(3, root(0));
    state.controlRegister(4, 0xa0); // PAE PGE
    state.msr(Msr.IA32_EFER.address(), CpuState.EFER_LME | CpuState.EFER_NXE);
  }

  private static ActionBatch switches(int processes, int rounds) {
    ActionBatch batch = new ActionBatch(64);
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < 2 * processes; i++) {
        batch.add(ActionKind.INSTRUCTION, 3, CODE, ActionBatch.NO_BYTES);
        batch.add(ActionKind.MOV_TO_CR, 3, 0, root(i));
      }
    }
    return batch;
  }

  private static long root(int i) {
    return FIRST_ROOT + i * 4096L;
  }
}
