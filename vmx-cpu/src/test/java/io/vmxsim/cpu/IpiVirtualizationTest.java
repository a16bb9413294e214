package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import org.junit.jupiter.api.Test;

/** "IPI Virtualization" (32.1.6, June 2026). */
class IpiVirtualizationTest {
  private static final long PAGE = 0x10000;
  private static final long TABLE = 0x12000;
  private static final long DESCRIPTOR = 0x13000;
  private static final int X2APIC_ICR = 0x830;
  private static final int NOTIFICATION_VECTOR = 0xf2;

  private final VmxFixture f = VmxFixture.ready();
  private final ApicNetwork network = new ApicNetwork();
  private final LocalApic own = f.processor.attachLocalApic(network, 0);

  /** A guest whose table knows APIC ID 1, a virtual processor on physical processor 0. */
  private void launch() {
    f.set(PrimaryControl.USE_TPR_SHADOW);
    f.set(SecondaryControl.VIRTUALIZE_X2APIC_MODE);
    f.set(TertiaryControl.IPI_VIRTUALIZATION);
    f.write(VmcsField.VIRTUAL_APIC_ADDRESS, PAGE);
    f.write(VmcsField.PID_POINTER_TABLE_ADDRESS, TABLE);
    f.write(VmcsField.LAST_PID_POINTER_INDEX, 2);
    f.memory.write64(TABLE + 8, DESCRIPTOR | 1);
    f.memory.write64(DESCRIPTOR + 32, NOTIFICATION_VECTOR << 16);
    f.launch();
  }

  private StepOutcome send(long destination, long command) {
    f.state().setRegister(CpuState.RCX, X2APIC_ICR);
    f.state().setEdxEax(destination << 32 | command);
    return f.sensitive().msrs().wrmsr(2);
  }

  private void assertLeftToSoftware(long destination, long command) {
    assertEquals(StepOutcome.EXIT, send(destination, command));
    assertEquals(ExitReason.APIC_WRITE, f.exitReason());
    assertEquals(0x300, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(VmxFixture.GUEST_RIP + 2, f.read(VmcsField.GUEST_RIP), "trap-like");
  }

  @Test
  void anInterruptIsPostedToAVirtualProcessorInTheTable() {
    own.registers().store(0xf0, 4, 0x1ff); // the local APIC takes interrupts
    launch();
    assertEquals(StepOutcome.DONE, send(1, 0x51));
    assertEquals(1L << (0x51 - 64), f.memory.read64(DESCRIPTOR + 8), "bit 51H of the requests");
    assertEquals(1, f.memory.read8(DESCRIPTOR + 32), "outstanding notification");
    assertEquals(0x51, f.memory.read32(PAGE + 0x300));
    assertTrue(own.hasInterrupt());
    assertEquals(NOTIFICATION_VECTOR, own.acknowledge());
  }

  @Test
  void whatIsOutstandingIsNotNotifiedAgain() {
    own.registers().store(0xf0, 4, 0x1ff);
    launch();
    f.memory.write8(DESCRIPTOR + 32, 1);
    assertEquals(StepOutcome.DONE, send(1, 0x51));
    assertEquals(false, own.hasInterrupt());
  }

  @Test
  void anInvalidEntryIsLeftToSoftware() {
    launch();
    assertLeftToSoftware(2, 0x51);
  }

  @Test
  void anIdBehindTheTableIsLeftToSoftware() {
    launch();
    assertLeftToSoftware(3, 0x51);
  }

  @Test
  void anIllegalVectorIsLeftToSoftware() {
    launch();
    assertLeftToSoftware(1, 0xf);
  }

  @Test
  void aLogicalDestinationIsLeftToSoftware() {
    launch();
    assertLeftToSoftware(1, 0x851);
  }

  @Test
  void theShorthandOfAllIsLeftToSoftware() {
    launch();
    assertLeftToSoftware(0, 2 << 18 | 0x51);
  }

  @Test
  void reservedBitsOfTheCommandAreFaults() {
    launch();
    send(1, 1 << 13 | 0x51);
    assertEquals(13, f.delivered.get(0));
  }

  @Test
  void memoryMappedCommandsPostAfterTheInstruction() {
    f.set(SecondaryControl.VIRTUALIZE_APIC_ACCESSES);
    f.set(PrimaryControl.USE_TPR_SHADOW);
    f.set(TertiaryControl.IPI_VIRTUALIZATION);
    f.write(VmcsField.APIC_ACCESS_ADDRESS, 0x11000);
    f.write(VmcsField.VIRTUAL_APIC_ADDRESS, PAGE);
    f.write(VmcsField.PID_POINTER_TABLE_ADDRESS, TABLE);
    f.write(VmcsField.LAST_PID_POINTER_INDEX, 2);
    f.memory.write64(TABLE + 8, DESCRIPTOR | 1);
    f.memory.write32(PAGE + 0x310, 1 << 24);
    f.state().setRegister(CpuState.RDI, 0x11300);
    f.runCode("c70751000000 0f01c1"); // mov dword [rdi],51h; vmcall
    assertEquals(ExitReason.VMCALL, f.exitReason());
    assertEquals(1L << (0x51 - 64), f.memory.read64(DESCRIPTOR + 8));
  }
}
