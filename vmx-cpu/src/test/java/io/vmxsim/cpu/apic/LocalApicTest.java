package io.vmxsim.cpu.apic;

import static io.vmxsim.cpu.apic.ApicBoard.load;
import static io.vmxsim.cpu.apic.ApicBoard.send;
import static io.vmxsim.cpu.apic.ApicBoard.store;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Values are those of "Advanced Programmable Interrupt Controller (APIC)", chapter 10. */
class LocalApicTest {
  private static final int SELF = 1 << 18;
  private static final int LOGICAL = 1 << 11;
  private static final int LOWEST_PRIORITY = 1 << 8;
  private static final int ALL_BUT_SELF = 3 << 18;

  private final ApicBoard board = new ApicBoard();

  @Test
  void wakesUpAsTheManualSays() {
    LocalApic apic = board.apic(3, ApicBoard.ALL);
    assertEquals(0xfee00900L, apic.apicBase());
    assertEquals(0x03000000, load(apic, ApicRegister.ID));
    assertEquals(0xff, load(apic, ApicRegister.SPURIOUS_VECTOR));
    assertEquals(0xffffffffL, load(apic, ApicRegister.DESTINATION_FORMAT));
    assertEquals(0x10000, load(apic, ApicRegister.LVT_LINT0));
    assertEquals(0, load(apic, ApicRegister.TASK_PRIORITY));
    assertEquals(6, load(apic, ApicRegister.VERSION) >>> 16 & 0xff);
  }

  @Test
  void onlyTheFirstOnTheNetworkIsTheBootstrapProcessors() {
    assertTrue(board.apic(0).isBootstrap());
    assertFalse(board.apic(1).isBootstrap());
  }

  @Test
  void interruptsWaitForPrioritiesAbove() {
    LocalApic apic = board.apic(0);
    send(apic, 0, SELF | 0x51);
    assertEquals(0x51, apic.acknowledge());
    send(apic, 0, SELF | 0x5f);
    assertFalse(apic.hasInterrupt(), "same class as the one in service");
    send(apic, 0, SELF | 0x60);
    assertEquals(0x60, apic.acknowledge());
    assertEquals(0x60, load(apic, ApicRegister.PROCESSOR_PRIORITY));
    store(apic, ApicRegister.EOI, 0);
    assertEquals(0x50, load(apic, ApicRegister.PROCESSOR_PRIORITY));
    store(apic, ApicRegister.EOI, 0);
    assertEquals(0x5f, apic.acknowledge());
  }

  @Test
  void taskPriorityHoldsItsClassBack() {
    LocalApic apic = board.apic(0);
    apic.setTaskPriority(0x40);
    send(apic, 0, SELF | 0x4f);
    assertFalse(apic.hasInterrupt());
    assertEquals(1 << 15, load(apic, ApicRegister.INTERRUPT_REQUEST) | requests(apic, 2));
    store(apic, ApicRegister.TASK_PRIORITY, 0x3f);
    assertTrue(apic.hasInterrupt());
    assertEquals(0x3f, load(apic, ApicRegister.PROCESSOR_PRIORITY));
  }

  private static long requests(LocalApic apic, int part) {
    return apic.registers().load(ApicRegister.INTERRUPT_REQUEST.offset() + part * 16, 4);
  }

  @Test
  void softwareDisabledApicMasksItsEntriesAndTakesNoFixedInterrupts() {
    LocalApic apic = board.apic(0);
    store(apic, ApicRegister.LVT_TIMER, 0x30);
    store(apic, ApicRegister.SPURIOUS_VECTOR, 0xff);
    assertEquals(0x10030, load(apic, ApicRegister.LVT_TIMER));
    store(apic, ApicRegister.LVT_TIMER, 0x30);
    assertEquals(0x10030, load(apic, ApicRegister.LVT_TIMER));
    send(apic, 0, 0x80);
    assertEquals(0, requests(apic, 4));
    send(apic, 0, DeliveryMode.NMI.bits());
    assertEquals(List.of("0 NMI"), board.signals);
  }

  @Test
  void illegalVectorsAreErrors() {
    LocalApic apic = board.apic(0);
    store(apic, ApicRegister.LVT_ERROR, 0xfe);
    send(apic, 0, SELF | 0x0f);
    assertEquals(0, load(apic, ApicRegister.ERROR_STATUS), "not before the register is written");
    store(apic, ApicRegister.ERROR_STATUS, 0);
    assertEquals(1 << 5, load(apic, ApicRegister.ERROR_STATUS));
    assertEquals(0xfe, apic.acknowledge());
    store(apic, ApicRegister.ERROR_STATUS, 0);
    assertEquals(0, load(apic, ApicRegister.ERROR_STATUS));
    board.network.send(new InterruptMessage(0, false, DeliveryMode.FIXED, 15, false));
    store(apic, ApicRegister.ERROR_STATUS, 0);
    assertEquals(1 << 6, load(apic, ApicRegister.ERROR_STATUS));
  }

  @Test
  void reservedOffsetsAreErrorsInXapicMode() {
    LocalApic apic = board.apic(0);
    apic.registers().load(0x3f0 - 0x40, 4);
    store(apic, ApicRegister.ERROR_STATUS, 0);
    assertEquals(1 << 7, load(apic, ApicRegister.ERROR_STATUS));
  }

  @Test
  void initAndStartUpReachTheOthers() {
    LocalApic apic = board.apic(0);
    board.apic(1);
    board.apic(2);
    send(apic, 0, ALL_BUT_SELF | DeliveryMode.INIT.bits() | 1 << 14);
    send(apic, 0, ALL_BUT_SELF | DeliveryMode.INIT.bits() | 1 << 15); // level de-assert
    send(apic, 1, DeliveryMode.START_UP.bits() | 0x9a);
    assertEquals(List.of("1 INIT", "2 INIT", "1 SIPI 154"), board.signals);
  }

  @Test
  void broadcastAddressReachesAllOfThem() {
    LocalApic first = board.apic(0);
    LocalApic second = board.apic(1);
    send(first, 0xff, 0x40);
    assertEquals(0x40, first.acknowledge());
    assertEquals(0x40, second.acknowledge());
  }

  @Test
  void flatAndClusterModelsChooseByLogicalDestination() {
    LocalApic first = board.apic(0);
    LocalApic second = board.apic(1);
    store(first, ApicRegister.LOGICAL_DESTINATION, 0x12000000);
    store(second, ApicRegister.LOGICAL_DESTINATION, 0x31000000);
    send(first, 0x02, LOGICAL | 0x41);
    assertEquals(0x41, first.acknowledge());
    assertFalse(second.hasInterrupt());
    send(first, 0x30, LOGICAL | 0x51);
    assertEquals(0x51, first.acknowledge(), "0x30 and 0x12 share a bit");
    assertEquals(0x51, second.acknowledge());

    store(first, ApicRegister.DESTINATION_FORMAT, 0x0fffffff);
    store(second, ApicRegister.DESTINATION_FORMAT, 0x0fffffff);
    send(first, 0x3f, LOGICAL | 0x61);
    assertFalse(first.hasInterrupt(), "of another cluster");
    assertEquals(0x61, second.acknowledge());
    send(first, 0x32, LOGICAL | 0x71);
    assertFalse(second.hasInterrupt(), "of the cluster, but not named");
  }

  @Test
  void lowestPriorityGoesToOneOnly() {
    LocalApic first = board.apic(0);
    LocalApic second = board.apic(1);
    first.setTaskPriority(0x20);
    var message =
        new InterruptMessage(
            InterruptMessage.BROADCAST, false, DeliveryMode.LOWEST_PRIORITY, 0x90, false);
    assertTrue(board.network.send(message));
    assertFalse(first.hasInterrupt());
    assertEquals(0x90, second.acknowledge());
  }

  @Test
  void soItDoesWithAShorthand() {
    LocalApic first = board.apic(0);
    LocalApic second = board.apic(1);
    LocalApic third = board.apic(2);
    second.setTaskPriority(0x20);
    send(first, 0, ALL_BUT_SELF | LOWEST_PRIORITY | 0x90);
    assertFalse(first.hasInterrupt());
    assertFalse(second.hasInterrupt());
    assertEquals(0x90, third.acknowledge());
  }

  @Test
  void transitionsOfTheApicBase() {
    LocalApic apic = board.apic(0);
    long base = 0xfee00100L;
    long enable = 1 << 11;
    long extended = 1 << 10;
    assertFalse(apic.writeApicBase(base | extended), "enabled to invalid");
    assertTrue(apic.writeApicBase(base | enable | extended));
    assertFalse(apic.writeApicBase(base | enable), "x2APIC to xAPIC mode");
    assertFalse(apic.writeApicBase(base | extended), "x2APIC mode to invalid");
    assertTrue(apic.writeApicBase(base));
    assertFalse(apic.isEnabled());
    assertFalse(apic.writeApicBase(base | enable | extended), "disabled to x2APIC mode");
    assertFalse(apic.writeApicBase(base | extended), "disabled to invalid");
    assertTrue(apic.writeApicBase(base | enable));
    assertFalse(apic.writeApicBase(base | enable | 1), "reserved bit 0");
    assertFalse(apic.writeApicBase(base | enable | 1L << 46), "above MAXPHYADDR");
    LocalApic without = board.apic(1, new ApicFeatures(false, false, 46, 1));
    assertFalse(without.writeApicBase(base | enable | extended), "no x2APIC mode");
  }

  @Test
  void pageMovesWithTheApicBaseAndGoesInX2apicMode() {
    LocalApic apic = board.apic(0);
    assertTrue(apic.isMapped(0xfee00fffL));
    assertFalse(apic.isMapped(0xfee01000L));
    apic.writeApicBase(0xfed40900L);
    assertTrue(apic.isMapped(0xfed40030L));
    assertFalse(apic.isMapped(0xfee00030L));
    apic.writeApicBase(0xfed40d00L);
    assertFalse(apic.isMapped(0xfed40030L));
  }

  @Test
  void disablingForgetsAllButTheInitialId() {
    LocalApic apic = board.apic(5);
    store(apic, ApicRegister.ID, 0x77000000);
    apic.writeApicBase(0xfee00000L);
    apic.writeApicBase(0xfee00800L);
    assertEquals(0x05000000, load(apic, ApicRegister.ID));
    assertEquals(0xff, load(apic, ApicRegister.SPURIOUS_VECTOR));
  }

  @Test
  void x2apicRegistersAreMsrsWithReservedBits() {
    LocalApic apic = board.apic(0x25);
    assertFalse(apic.registers().readMsr(0x02), "not in xAPIC mode");
    apic.writeApicBase(apic.apicBase() | 1 << 10);
    assertEquals(0x25, msr(apic, 0x02));
    assertEquals(0x2 << 16 | 1 << 5, msr(apic, 0x0d));
    assertFalse(apic.registers().readMsr(0x0e), "no DFR");
    assertFalse(apic.registers().readMsr(0x31), "no upper half of the ICR");
    assertFalse(apic.registers().readMsr(0x0b), "EOI is write-only");
    assertFalse(apic.registers().writeMsr(0x0b, 1), "EOI of non-zero");
    assertFalse(apic.registers().writeMsr(0x02, 0), "ID is read-only");
    assertFalse(apic.registers().writeMsr(0x08, 0x100), "TPR bits 31:8");
    assertFalse(apic.registers().writeMsr(0x3f, 0x100), "SELF IPI bits 31:8");
    assertFalse(apic.registers().writeMsr(0x28, 1), "ESR of non-zero");
    assertTrue(apic.registers().writeMsr(0x3f, 0xa5));
    assertEquals(0xa5, apic.acknowledge());
  }

  private static long msr(LocalApic apic, int number) {
    assertTrue(apic.registers().readMsr(number), () -> "MSR " + Integer.toHexString(number));
    return apic.registers().value();
  }

  @Test
  void x2apicDestinationsHave32Bits() {
    LocalApic first = board.apic(0);
    LocalApic second = board.apic(0x112);
    first.writeApicBase(first.apicBase() | 1 << 10);
    second.writeApicBase(second.apicBase() | 1 << 10);
    first.registers().writeMsr(0x30, 0x112L << 32 | 0x41);
    assertEquals(0x41, second.acknowledge());
    first.registers().writeMsr(0x30, 0xffL << 32 | 0x51);
    assertFalse(first.hasInterrupt(), "FFH is an ID like any other");
    first.registers().writeMsr(0x30, (0x11L << 16 | 1 << 2) << 32 | LOGICAL | 0x61);
    assertEquals(0x61, second.acknowledge());
    first.registers().writeMsr(0x30, 0xffffffffL << 32 | 0x71);
    assertEquals(0x71, first.acknowledge());
    assertEquals(0x71, second.acknowledge());
  }

  @Test
  void externalControllerComesThroughLint0() {
    LocalApic apic = board.apic(0);
    PendingVectors pic = new PendingVectors();
    apic.setExternal(pic);
    pic.request(0x20);
    assertFalse(apic.hasInterrupt(), "LINT0 is masked");
    store(apic, ApicRegister.LVT_LINT0, 0x700);
    apic.setTaskPriority(0xff);
    assertEquals(0x20, apic.acknowledge(), "whatever the priority");
    assertEquals(0, apic.registers().load(ApicRegister.IN_SERVICE.offset() + 0x10, 4));
  }
}
