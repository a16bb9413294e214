package io.vmxsim.vmcs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.ExitQualification.ApicAccess;
import io.vmxsim.vmcs.ExitQualification.CrAccess;
import io.vmxsim.vmcs.ExitQualification.EptViolation;
import io.vmxsim.vmcs.ExitQualification.Io;
import io.vmxsim.vmcs.ExitQualification.MovDr;
import io.vmxsim.vmcs.ExitQualification.TaskSwitch;
import io.vmxsim.vmcs.InstructionInformation.DescriptorTableInstruction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Values worked out by hand from the tables of SDM (June 2016) 27.2, unless said otherwise. */
class ExitInformationTest {

  @Test
  void taskSwitchIsTable27_2() {
    assertEquals(0xC000_0028L, TaskSwitch.encode(0x28, TaskSwitch.Source.TASK_GATE_IN_IDT));
    assertEquals(TaskSwitch.Source.IRET, TaskSwitch.source(0x4000_0028L));
    assertEquals(0x28, TaskSwitch.tss(0x4000_0028L));
  }

  @Test
  void crAccessIsTable27_3() {
    assertEquals(0x003, CrAccess.movToCr(3, 0)); // mov cr3, rax
    assertEquals(0x713, CrAccess.movFromCr(3, 7)); // mov rdi, cr3
    assertEquals(0xF08, CrAccess.movToCr(8, 15)); // mov cr8, r15
    assertEquals(0x020, CrAccess.clts());
    assertEquals(0x0011_0070L, CrAccess.lmsw(0x11, true));
    assertEquals(CrAccess.Instruction.MOV_FROM_CR, CrAccess.instruction(0x713));
    assertEquals(7, CrAccess.gpr(0x713));
    assertEquals(3, CrAccess.register(0x713));
    assertEquals(0x11, CrAccess.lmswSource(0x0011_0030L));
    assertFalse(CrAccess.isLmswMemory(0x0011_0030L));
  }

  @Test
  void movDrIsTable27_4() {
    assertEquals(0x017, MovDr.encode(7, true, 0)); // mov rax, dr7
    assertEquals(0x900, MovDr.encode(0, false, 9)); // mov dr0, r9
    assertTrue(MovDr.isFromDr(0x017));
    assertEquals(7, MovDr.register(0x017));
    assertEquals(9, MovDr.gpr(0x900));
  }

  @Test
  void ioIsTable27_5() {
    assertEquals(0x0060_0048L, Io.encode(0x60, 1, Io.IN | Io.IMMEDIATE)); // in al, 60h
    assertEquals(0x03F8_0000L, Io.encode(0x3F8, 1, 0)); // out dx, al
    assertEquals(0x01F0_003BL, Io.encode(0x1F0, 4, Io.IN | Io.STRING | Io.REP)); // rep insd
    assertEquals(4, Io.size(0x01F0_003BL));
    assertTrue(Io.isRep(0x01F0_003BL) && Io.isString(0x01F0_003BL) && Io.isIn(0x01F0_003BL));
    assertFalse(Io.isImmediate(0x01F0_003BL));
    assertEquals(0x1F0, Io.port(0x01F0_003BL));
  }

  @Test
  void apicAccessIsTable27_6() {
    assertEquals(0x10B0, ApicAccess.encode(0x0B0, ApicAccess.Type.LINEAR_WRITE));
    assertEquals(ApicAccess.Type.GUEST_PHYSICAL_EVENT_DELIVERY, ApicAccess.type(0xA000));
    assertEquals(0x0B0, ApicAccess.offset(0x10B0));
    assertThrows(IllegalArgumentException.class, () -> ApicAccess.type(0x7000));
  }

  @Test
  void eptViolationIsTable27_7() {
    // a data write to a page that is readable only
    assertEquals(0x18A, EptViolation.encode(EptViolation.WRITE, 1, true));
    // a page walk with EPT accessed and dirty flags into nothing: note 1 sets bits 0 and 1
    assertEquals(0x83, EptViolation.encode(EptViolation.READ | EptViolation.WRITE, 0, false));
    assertEquals(1, EptViolation.permissions(0x18A));
    assertEquals(0xE00, advanced());
    assertTrue(ExitQualification.isNmiUnblocking(0x1181));
  }

  private static long advanced() {
    return EptViolation.USER_MODE_ADDRESS
        | EptViolation.GUEST_WRITABLE
        | EptViolation.GUEST_EXECUTE_DISABLE;
  }

  @Test
  void debugIsTable27_1() {
    assertEquals(0x4001, ExitQualification.Debug.encode(1, ExitQualification.Debug.SINGLE_STEP));
    assertEquals(3, ExitQualification.Debug.breakpoints(0x2003));
  }

  @Test
  void memoryOperandOfInveptIsTable27_9() {
    // invept rdx, [rbx + rsi*8] with 64-bit addresses
    int information =
        InstructionInformation.withRegister2(InstructionInformation.memory(3, 3, 6, 8, 8), 2);
    assertEquals(0x2199_8103, information);
    assertEquals(2, InstructionInformation.register2(0x2199_8103L));
    // invvpid eax, es:[bx] with 16-bit addresses: no index register
    assertEquals(
        0x01C0_0000, InstructionInformation.memory(0, 3, InstructionInformation.NO_REGISTER, 1, 2));
  }

  @Test
  void registerOperandOfVmreadIsTable27_14() {
    // vmread rcx, r8
    int information = InstructionInformation.withRegister2(InstructionInformation.register(1), 8);
    assertEquals(0x8000_0408, information);
    assertTrue(InstructionInformation.isRegister(information));
    assertEquals(1, InstructionInformation.register1(information));
    assertEquals(8, InstructionInformation.register2(information));
  }

  @Test
  void descriptorTableInstructionsAreTables27_10And27_11() {
    int lidt =
        InstructionInformation.withIdentity(
            InstructionInformation.withOperandSize(
                InstructionInformation.memory(3, 0, InstructionInformation.NO_REGISTER, 1, 4), 4),
            DescriptorTableInstruction.LIDT);
    assertEquals(0x3041_8880, lidt);
    assertEquals(4, InstructionInformation.descriptorTableOperandSize(lidt));
    assertSame(
        DescriptorTableInstruction.LIDT, DescriptorTableInstruction.of(ExitReason.GDTR_IDTR, lidt));
    assertSame(
        DescriptorTableInstruction.STR,
        DescriptorTableInstruction.of(ExitReason.LDTR_TR, 0x1000_0400L));
  }

  @Test
  void rdrandIsTable27_12() {
    assertEquals(0x1058, InstructionInformation.random(11, 8)); // rdrand r11
    assertEquals(8, InstructionInformation.randomOperandSize(0x1058));
    assertEquals(11, InstructionInformation.register1(0x1058));
  }

  @Test
  void stringIoIsTable27_8() {
    assertEquals(0x1_8100, InstructionInformation.stringIo(8, 3)); // outs ds:[rsi]
  }

  @Property
  void memoryOperandsComeBack(
      @ForAll @IntRange(max = 5) int segment,
      @ForAll @IntRange(min = -1, max = 15) int base,
      @ForAll @IntRange(min = -1, max = 15) int index,
      @ForAll @IntRange(max = 3) int scaling,
      @ForAll @IntRange(min = 1, max = 3) int sizeLog) {
    long information =
        InstructionInformation.memory(segment, base, index, 1 << scaling, 1 << sizeLog);
    assertEquals(segment, InstructionInformation.segment(information));
    assertEquals(base, InstructionInformation.base(information));
    assertEquals(index, InstructionInformation.index(information));
    assertEquals(1 << sizeLog, InstructionInformation.addressSize(information));
    assertEquals(index < 0 ? 1 : 1 << scaling, InstructionInformation.scale(information));
    assertFalse(InstructionInformation.isRegister(information));
  }

  @Test
  void interruptionInformationIsTable24_13() {
    // 800000D1H: external interrupt D1H; 80000B0EH: #PF with its error code
    assertEquals(
        0x8000_00D1L, InterruptionInformation.encode(0xD1, EventType.EXTERNAL_INTERRUPT, false));
    long pageFault = InterruptionInformation.encode(14, EventType.HARDWARE_EXCEPTION, true);
    assertEquals(0x8000_0B0EL, pageFault);
    assertEquals(EventType.HARDWARE_EXCEPTION, InterruptionInformation.type(pageFault));
    assertEquals(14, InterruptionInformation.vector(pageFault));
    assertTrue(InterruptionInformation.hasErrorCode(pageFault));
    assertFalse(InterruptionInformation.isValid(InterruptionInformation.invalidated(pageFault)));
    assertTrue(
        InterruptionInformation.isNmiUnblocking(
            InterruptionInformation.withNmiUnblocking(pageFault)));
    assertThrows(IllegalArgumentException.class, () -> InterruptionInformation.type(0x8000_0100L));
  }

  @Test
  void exitReasonsHaveTheSdmsNumbersAndKvmsNames() {
    assertSame(ExitReason.EPT_VIOLATION, ExitReason.of(48));
    assertSame(ExitReason.INVALID_STATE, ExitReason.of(0x8000_0021L));
    assertEquals(0x8000_0021L, ExitReason.INVALID_STATE.number() | ExitReason.VM_ENTRY_FAILURE);
    assertEquals("PREEMPTION_TIMER", ExitReason.PREEMPTION_TIMER.traceName());
    assertEquals(52, ExitReason.PREEMPTION_TIMER.number());
    for (int undefined : new int[] {35, 38, 42, 0xFFFF}) {
      assertNull(ExitReason.of(undefined));
    }
  }

  @Test
  void vmInstructionErrorsHaveTheSdmsNumbers() {
    assertSame(VmInstructionError.VM_ENTRY_WITH_INVALID_CONTROL_FIELDS, VmInstructionError.of(7));
    assertSame(VmInstructionError.INVALID_OPERAND_TO_INVEPT_INVVPID, VmInstructionError.of(28));
    for (int undefined : new int[] {0, 14, 21, 27, 29}) {
      assertNull(VmInstructionError.of(undefined));
    }
  }
}
