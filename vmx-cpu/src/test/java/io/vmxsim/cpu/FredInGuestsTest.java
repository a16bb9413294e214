package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.GUEST_RIP;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmcsField;
import org.junit.jupiter.api.Test;

/**
 * FRED transitions of guests: events that VM entry injects (29.6.1.1, June 2026), and VM exits in
 * the middle of a delivery (30.2.2, 30.2.4).
 */
class FredInGuestsTest {
  private static final long HANDLERS = 0x42_0000;
  private static final long FROM_SUPERVISOR = HANDLERS + 0x100;
  private static final long STACK = 0x41_0000;
  private static final long LEVEL_1 = 0x41_8000;
  private static final long NOWHERE = 0x100_0000;
  private static final long LONG = 1L << 57;
  private static final long NESTED = 1L << 58;

  private static VmxFixture withFred() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.GUEST_CR4, f.read(VmcsField.GUEST_CR4) | CpuState.CR4_FRED);
    f.set(EntryControl.LOAD_FRED);
    f.write(VmcsField.GUEST_IA32_FRED_CONFIG, HANDLERS);
    f.write(VmcsField.GUEST_IA32_FRED_RSP1, LEVEL_1);
    f.write(VmcsField.GUEST_IA32_FRED_STKLVLS, 1 << 28); // 1 for page faults
    f.write(VmcsField.GUEST_CS_SELECTOR, 8);
    f.write(VmcsField.GUEST_SS_SELECTOR, 0x10);
    f.memory.write32(FROM_SUPERVISOR, 0xa20f); // CPUID
    return f;
  }

  private static void expectFrame(VmxFixture f, long top, long... slots) {
    assertEquals(top - 64, f.read(VmcsField.GUEST_RSP));
    for (int i = 0; i < slots.length; i++) {
      assertEquals(slots[i], f.memory.read64(top - 64 + 8L * i), "slot " + i);
    }
  }

  @Test
  void anInjectedEventHasTheDataThatVmEntryGives() {
    VmxFixture f = withFred();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0b0dL);
    f.write(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE, 0x1234);
    f.write(VmcsField.INJECTED_EVENT_DATA, 0x5678);
    f.runCode("90");
    assertEquals(ExitReason.CPUID, f.exitReason());
    assertEquals(FROM_SUPERVISOR, f.read(VmcsField.GUEST_RIP));
    long ss = 0x10 | 13L << 32 | 3L << 48 | LONG;
    expectFrame(f, STACK, 0x1234, GUEST_RIP, 8, 2, STACK, ss, 0x5678, 0); // RF is as it was
  }

  @Test
  void aNestedExceptionIsInjectedOnItsStackLevel() {
    VmxFixture f = withFred();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_2b0eL);
    f.write(VmcsField.INJECTED_EVENT_DATA, NOWHERE);
    f.runCode("90");
    long ss = 0x10 | 14L << 32 | 3L << 48 | LONG | NESTED;
    expectFrame(f, LEVEL_1, 0, GUEST_RIP, 8, 2, STACK, ss, NOWHERE, 0);
    assertEquals(HANDLERS, f.read(VmcsField.GUEST_IA32_FRED_CONFIG), "it is not saved");
  }

  @Test
  void aSystemCallIsInjectedWithItsLength() {
    VmxFixture f = withFred();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0701L);
    f.write(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH, 2);
    f.runCode("0f05");
    long ss = 0x10 | 1 << 17 | 1L << 32 | 7L << 48 | 2L << 60 | LONG;
    expectFrame(f, STACK, 0, GUEST_RIP + 2, 8, 2, STACK, ss, 0, 0);
  }

  @Test
  void blockingByStiIsInTheFrameOfAnInjectedEvent() {
    VmxFixture f = withFred();
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0306L);
    f.write(VmcsField.GUEST_RFLAGS, 0x202);
    f.write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, Interruptibility.STI);
    f.runCode("90");
    long ss = 0x10 | 1 << 16 | 6L << 32 | 3L << 48 | LONG;
    expectFrame(f, STACK, 0, GUEST_RIP, 8, 0x202, STACK, ss, 0, 0);
    assertEquals(0, f.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE));
  }

  @Test
  void anExitInADeliveryTellsOfBothEvents() {
    VmxFixture f = withFred();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 14);
    f.write(VmcsField.GUEST_RSP, NOWHERE);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0b0dL);
    f.write(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE, 0x1234);
    f.write(VmcsField.INJECTED_EVENT_DATA, 0x5678);
    f.runCode("90");
    assertEquals(ExitReason.EXCEPTION_NMI, f.exitReason());
    assertEquals(0x8000_2b0eL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION), "nested");
    assertEquals(NOWHERE - 8, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(0x8000_0b0dL, f.read(VmcsField.IDT_VECTORING_INFORMATION));
    assertEquals(0x1234, f.read(VmcsField.IDT_VECTORING_ERROR_CODE));
    assertEquals(0x5678, f.read(VmcsField.ORIGINAL_EVENT_DATA));
  }

  @Test
  void anExitInADeliveryByTheTableIsNotNested() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 13);
    f.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0306L);
    f.runCode("90"); // no interrupt table: #GP
    assertEquals(0x8000_0b0dL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
  }
}
