package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.GUEST_RIP;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import org.junit.jupiter.api.Test;

/** "Instruction timeout" among the "Other Causes of VM Exits" (28.2, June 2026). */
class InstructionTimeoutTest {
  private static final long GDT = 0x1_2000;
  private static final long IDT = 0x1_3000;
  private static final long TSS = 0x1_4000;
  private static final long HANDLER = 0x42_0000;
  private static final long HANDLER_STACK = 0x40_f000;

  /** Offset of the handler, selector 8, IST 1, an interrupt gate. */
  private static final long GATE = 0x0042_8e01_0008_0000L;

  private static final long TF = 1 << 8;
  private static final long FIRST_BREAKPOINT = 1 << 12 | 1;

  /** A guest whose debug exceptions go to a handler with a stack of its own: iretq. */
  private static VmxFixture withHandler(long timeout) {
    VmxFixture f = VmxFixture.ready();
    f.memory.write64(GDT + 8, 0x00af_9b00_0000_ffffL);
    f.memory.write64(IDT + 16, GATE);
    f.memory.write64(TSS + 36, HANDLER_STACK);
    f.memory.write16(HANDLER, 0xcf48);
    f.write(VmcsField.GUEST_GDTR_BASE, GDT);
    f.write(VmcsField.GUEST_GDTR_LIMIT, 0xf);
    f.write(VmcsField.GUEST_IDTR_BASE, IDT);
    f.write(VmcsField.GUEST_IDTR_LIMIT, 0x1f);
    f.write(VmcsField.GUEST_TR_BASE, TSS);
    f.write(VmcsField.GUEST_CS_SELECTOR, 8);
    f.write(VmcsField.GUEST_RFLAGS, TF | 2);
    f.set(SecondaryControl.INSTRUCTION_TIMEOUT);
    f.write(VmcsField.INSTRUCTION_TIMEOUT_CONTROL, timeout);
    return f;
  }

  @Test
  void trapsThatLeadToTrapsKeepTheProcessorFromItsInstructions() {
    VmxFixture f = withHandler(10_000);
    f.state().debug[0] = HANDLER_STACK - 8;
    f.write(VmcsField.GUEST_DR7, 0x400 | 1 | 1 << 16); // one byte, on writes
    f.runCode("90 0fa2");
    assertEquals(ExitReason.NOTIFY.number(), f.read(VmcsField.EXIT_REASON));
    assertEquals(0, f.read(VmcsField.EXIT_QUALIFICATION), "the context is valid");
    assertEquals(1, f.processor.instructions());
    assertTrue(f.processor.now() > 10_000);
    assertEquals(HANDLER, f.read(VmcsField.GUEST_RIP));
    assertEquals(FIRST_BREAKPOINT, f.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
  }

  @Test
  void stepsAreInstructions() {
    VmxFixture f = withHandler(10_000);
    f.runCode("90".repeat(100) + "0fa2");
    assertTrue(f.processor.now() > 10_000);
    assertEquals(ExitReason.CPUID, f.exitReason());
    assertEquals(GUEST_RIP + 100, f.read(VmcsField.GUEST_RIP));
  }
}
