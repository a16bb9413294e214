package io.vmxsim.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import org.junit.jupiter.api.Test;

class ExecutionGuestTest {
  /** Written to port E9H by a guest of 20 blocks and 40 rounds on Bochs 2.7 and QEMU 7.2. */
  private static final String EIGHT_HUNDRED_BLOCKS = "aaaaabjpoailbjba";

  private static String run(int blocks, int rounds) {
    Processor processor = SideBySideExecution.boot(new ExecutionGuest(blocks, rounds));
    assertEquals(RunOutcome.HALTED, processor.run(Long.MAX_VALUE));
    return ExecutionGuest.letters(processor.state().register(12));
  }

  @Test
  void theGuestComputesWhatItComputesOnOtherSimulators() {
    assertEquals(EIGHT_HUNDRED_BLOCKS, run(20, 40));
  }

  @Test
  void copiesOfABlockComputeWhatRoundsOfOneCompute() {
    assertEquals(EIGHT_HUNDRED_BLOCKS, run(1, 800));
    assertEquals(EIGHT_HUNDRED_BLOCKS, run(800, 1));
  }
}
