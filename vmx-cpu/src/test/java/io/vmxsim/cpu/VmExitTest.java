package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.GUEST_RIP;
import static io.vmxsim.cpu.VmxFixture.HOST_RIP;
import static io.vmxsim.cpu.VmxFixture.IO_BITMAPS;
import static io.vmxsim.cpu.VmxFixture.MSR_BITMAPS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmFunction;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** "VM Exits" (chapter 27) and the exits of 25.1 and 25.2. */
class VmExitTest {
  private static final long CR2_MARK = 0x5555_5000L;

  @Test
  void exitLoadsTheHostState() {
    VmxFixture f = VmxFixture.inGuest();
    f.state().setRflags(0xad7);
    f.state().debug[7] = 0x7ff;
    f.sensitive().cpuid(2);
    assertFalse(f.processor.inNonRoot());
    assertEquals(HOST_RIP, f.state().rip);
    assertEquals(2, f.state().rflags());
    assertEquals(0x400, f.state().debug[7]);
    assertEquals(0xffff, f.state().gdtrLimit);
    assertEquals(0x67, f.state().limits[7]);
    assertEquals(0xa09b, f.state().accessRights(Segment.CS), "27.5.2: code, L, G, present");
    assertNotEquals(0, f.state().accessRights(Segment.LDTR) & Segment.UNUSABLE);
    assertNotEquals(0, f.state().accessRights(Segment.DS) & Segment.UNUSABLE, "null selector");
    assertEquals(GUEST_RIP, f.read(VmcsField.GUEST_RIP));
    assertEquals(0xad7, f.read(VmcsField.GUEST_RFLAGS));
    assertEquals(2, f.read(VmcsField.VM_EXIT_INSTRUCTION_LENGTH));
    assertEquals(0x7ff, f.read(VmcsField.GUEST_DR7));
  }

  @Test
  void mwaitTellsWhetherMonitoringIsArmedWhichTransitionsClear() {
    VmxFixture f = VmxFixture.inGuest(PrimaryControl.MWAIT_EXITING);
    assertEquals(StepOutcome.DONE, f.sensitive().waits().monitor(GUEST_RIP, 3));
    f.sensitive().waits().mwait(3);
    assertEquals(1, f.read(VmcsField.EXIT_QUALIFICATION));
    VmxFixture.must(VmxOutcome.SUCCEED, f.vmx().vmresume());
    f.sensitive().waits().monitor(GUEST_RIP, 3);
    f.sensitive().cpuid(2);
    VmxFixture.must(VmxOutcome.SUCCEED, f.vmx().vmresume());
    f.sensitive().waits().mwait(3);
    assertEquals(ExitReason.MWAIT_INSTRUCTION, f.exitReason());
    assertEquals(0, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  /** Fields of guest state that hold any value the checks allow through an entry and an exit. */
  private static final VmcsField[] FREE_FIELDS = {
    VmcsField.GUEST_ES_SELECTOR,
    VmcsField.GUEST_CS_SELECTOR,
    VmcsField.GUEST_TR_SELECTOR,
    VmcsField.GUEST_ES_LIMIT,
    VmcsField.GUEST_GS_LIMIT,
    VmcsField.GUEST_GDTR_LIMIT,
    VmcsField.GUEST_IA32_SYSENTER_CS,
    VmcsField.GUEST_FS_BASE,
    VmcsField.GUEST_GDTR_BASE,
    VmcsField.GUEST_IDTR_BASE,
    VmcsField.GUEST_TR_BASE,
    VmcsField.GUEST_RIP,
    VmcsField.GUEST_RSP,
    VmcsField.GUEST_IA32_SYSENTER_ESP,
    VmcsField.GUEST_IA32_SYSENTER_EIP,
    VmcsField.GUEST_IA32_DEBUGCTL
  };

  @Property(tries = 200)
  void entryThenExitLeavesTheGuestStateAsItWas(
      @ForAll @Size(16) long[] values, @ForAll @IntRange(max = 3) int cpl) {
    VmxFixture f = VmxFixture.ready();
    for (int i = 0; i < FREE_FIELDS.length; i++) {
      f.write(FREE_FIELDS[i], allowed(FREE_FIELDS[i], values[i], cpl));
    }
    f.write(VmcsField.GUEST_CS_ACCESS_RIGHTS, Segment.FLAT_CODE | Segment.LONG | cpl << 5);
    f.write(VmcsField.GUEST_SS_SELECTOR, cpl);
    f.write(VmcsField.GUEST_SS_ACCESS_RIGHTS, Segment.FLAT_DATA | cpl << 5);
    long[] before = guestFields(f);
    f.launch();
    f.sensitive().cpuid(2);
    assertEquals(ExitReason.CPUID, f.exitReason());
    long[] after = guestFields(f);
    VmcsField[] fields = VmcsField.values();
    for (int i = 0; i < fields.length; i++) {
      assertEquals(before[i], after[i], fields[i].name());
    }
  }

  /** {@code value} without what the checks on guest state (26.3.1) refuse in this field. */
  private static long allowed(VmcsField field, long value, int cpl) {
    return switch (field) {
      case GUEST_ES_SELECTOR -> value & ~3;
      case GUEST_CS_SELECTOR -> (value & ~3) | cpl;
      case GUEST_TR_SELECTOR -> value & ~4;
      case GUEST_ES_LIMIT, GUEST_GS_LIMIT -> value | 0xfff;
      case GUEST_GDTR_LIMIT -> value & 0xffff;
      case GUEST_IA32_DEBUGCTL -> value & 0x7fc3;
      case GUEST_FS_BASE,
          GUEST_GDTR_BASE,
          GUEST_IDTR_BASE,
          GUEST_TR_BASE,
          GUEST_RIP,
          GUEST_IA32_SYSENTER_ESP,
          GUEST_IA32_SYSENTER_EIP ->
          value >> 7; // 57 linear-address bits
      default -> value;
    };
  }

  private static long[] guestFields(VmxFixture f) {
    VmcsField[] fields = VmcsField.values();
    long[] values = new long[fields.length];
    for (int i = 0; i < fields.length; i++) {
      if (fields[i].type() == VmcsField.Type.GUEST_STATE) {
        values[i] = f.read(fields[i]);
      }
    }
    return values;
  }

  @Test
  void hltExitsOnlyIfToldTo() {
    VmxFixture runs = VmxFixture.inGuest();
    assertEquals(StepOutcome.DONE, runs.sensitive().waits().hlt(1));
    assertEquals(RunOutcome.HALTED, runs.processor.run(1));
    VmxFixture exits = VmxFixture.inGuest(PrimaryControl.HLT_EXITING);
    assertEquals(StepOutcome.EXIT, exits.sensitive().waits().hlt(1));
    assertEquals(ExitReason.HLT, exits.exitReason());
    assertEquals(ActivityState.ACTIVE, exits.read(VmcsField.GUEST_ACTIVITY_STATE));
  }

  @Test
  void faultsAboveExitsComeFirst() {
    VmxFixture f = VmxFixture.inGuest(PrimaryControl.HLT_EXITING);
    f.state().setCpl(3);
    assertEquals(StepOutcome.FAULTED, f.sensitive().waits().hlt(1));
    assertEquals(StepOutcome.FAULTED, f.sensitive().msrs().rdmsr(2));
    assertEquals(List.of(13, 13), f.delivered);
    assertEquals(StepOutcome.EXIT, f.sensitive().cpuid(2), "CPUID needs no privilege");
  }

  @Test
  void movDrExitsBeforeItsPrivilegeCheck() {
    VmxFixture f = VmxFixture.inGuest(PrimaryControl.MOV_DR_EXITING);
    f.state().setCpl(3);
    assertEquals(StepOutcome.EXIT, f.sensitive().debugRegisters().from(6, CpuState.RBX, 3));
    assertEquals(ExitReason.DR_ACCESS, f.exitReason());
    assertEquals(0x316, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void controlRegisterExitsEncodeTheAccess() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.CR0_GUEST_HOST_MASK, CpuState.CR0_TS | CpuState.CR0_WP);
    f.write(VmcsField.CR0_READ_SHADOW, CpuState.CR0_TS);
    f.set(PrimaryControl.CR3_LOAD_EXITING);
    f.write(VmcsField.CR3_TARGET_VALUE_0, 0x8000);
    f.write(VmcsField.CR3_TARGET_COUNT, 1);
    f.launch();
    long unchanged = (f.state().cr0() & ~CpuState.CR0_WP) | CpuState.CR0_TS;
    assertEquals(StepOutcome.DONE, f.sensitive().controlRegisters().movTo(0, unchanged, 0, 3));
    assertNotEquals(0, f.state().cr0() & CpuState.CR0_WP, "a masked bit stays the host's");
    assertEquals(
        StepOutcome.DONE,
        f.sensitive().controlRegisters().movTo(3, 0x8000, 0, 3),
        "a CR3-target value");
    assertEquals(
        StepOutcome.EXIT, f.sensitive().controlRegisters().movTo(3, 0x9000, CpuState.RDI, 3));
    assertEquals(0x703, f.read(VmcsField.EXIT_QUALIFICATION));
    f.vmx().vmresume();
    assertEquals(StepOutcome.EXIT, f.sensitive().controlRegisters().clts(2));
    assertEquals(0x20, f.read(VmcsField.EXIT_QUALIFICATION));
    f.vmx().vmresume();
    assertEquals(StepOutcome.EXIT, f.sensitive().controlRegisters().lmsw(0x1, 3));
    assertEquals(0x1_0030, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  @Test
  void ioExitsByBitmapOrUnconditionallyWithThePortInTheQualification() {
    VmxFixture f = VmxFixture.ready();
    f.set(PrimaryControl.USE_IO_BITMAPS);
    f.memory.write8(IO_BITMAPS + 0x80 / 8, 1);
    f.memory.write8(IO_BITMAPS + 0x1000 + (0x8004 - 0x8000) / 8, 1 << 4);
    f.launch();
    assertEquals(StepOutcome.DONE, f.sensitive().io().out(0x81, 1, 2));
    assertEquals(StepOutcome.EXIT, f.sensitive().io().in(0x7d, 4, 2), "one of its four ports");
    assertEquals(0x7d_000bL, f.read(VmcsField.EXIT_QUALIFICATION));
    f.vmx().vmresume();
    assertEquals(StepOutcome.EXIT, f.sensitive().io().out(0x8003, 2, 2));
    assertEquals(0x8003_0001L, f.read(VmcsField.EXIT_QUALIFICATION));
    f.vmx().vmresume();
    assertEquals(StepOutcome.EXIT, f.sensitive().io().in(0xffff, 2, 2), "wraps around");
    VmxFixture all = VmxFixture.inGuest(PrimaryControl.UNCONDITIONAL_IO_EXITING);
    assertEquals(StepOutcome.EXIT, all.sensitive().io().in(0x60, 1, 2));
  }

  @Test
  void msrExitsByBitmap() {
    VmxFixture f = VmxFixture.ready();
    f.memory.write8(MSR_BITMAPS + 2048 + 0x174 / 8, 1 << (0x174 & 7));
    f.memory.write8(MSR_BITMAPS + 1024 + 0x82 / 8, 1 << (0x82 & 7));
    f.launch();
    f.state().setRegister(CpuState.RCX, 0x174);
    assertEquals(StepOutcome.DONE, f.sensitive().msrs().rdmsr(2));
    assertEquals(StepOutcome.EXIT, f.sensitive().msrs().wrmsr(2));
    assertEquals(ExitReason.MSR_WRITE, f.exitReason());
    f.vmx().vmresume();
    f.state().setRegister(CpuState.RCX, 0xc0000082L);
    assertEquals(StepOutcome.DONE, f.sensitive().msrs().wrmsr(2));
    assertEquals(StepOutcome.EXIT, f.sensitive().msrs().rdmsr(2));
    f.vmx().vmresume();
    f.state().setRegister(CpuState.RCX, 0x4000_0000L);
    assertEquals(StepOutcome.EXIT, f.sensitive().msrs().rdmsr(2), "outside both ranges");
    assertEquals(ExitReason.MSR_READ, f.exitReason());
  }

  @Test
  void anInterceptedPageFaultReportsItsAddressAndLeavesCr2() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, 1 << 14);
    f.launch();
    f.state().cr2 = CR2_MARK;
    long address = 0x7f00_1234_5678L;
    assertEquals(StepOutcome.EXIT, f.processor.memoryAccess().perform(address, 1, Access.WRITE));
    assertEquals(ExitReason.EXCEPTION_NMI, f.exitReason());
    assertEquals(address, f.read(VmcsField.EXIT_QUALIFICATION));
    assertEquals(0x8000_0b0eL, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
    assertEquals(2, f.read(VmcsField.VM_EXIT_INTERRUPTION_ERROR_CODE));
    assertEquals(CR2_MARK, f.state().cr2);
    assertEquals(CpuState.RF | 2, f.read(VmcsField.GUEST_RFLAGS), "as a fault would push it");
  }

  @Property(tries = 300)
  void pageFaultsExitAsTheErrorCodeMaskAndMatchSay(
      @ForAll @IntRange(max = 31) int errorCode,
      @ForAll @IntRange(max = 31) int mask,
      @ForAll @IntRange(max = 31) int match,
      @ForAll boolean bit) {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EXCEPTION_BITMAP, bit ? 1 << 14 : 0);
    f.write(VmcsField.PAGE_FAULT_ERROR_CODE_MASK, mask);
    f.write(VmcsField.PAGE_FAULT_ERROR_CODE_MATCH, match);
    f.launch();
    boolean exits = (errorCode & mask) == match ? bit : !bit;
    StepOutcome expected = exits ? StepOutcome.EXIT : StepOutcome.FAULTED;
    assertEquals(expected, f.processor.raise(14, errorCode, 0x1000));
  }

  @Test
  void aDeliveredPageFaultSetsCr2() {
    VmxFixture f = VmxFixture.inGuest();
    assertEquals(
        StepOutcome.FAULTED, f.processor.memoryAccess().perform(0x1234_5678L, 1, Access.READ));
    assertEquals(0x1234_5678L, f.state().cr2);
    assertEquals(List.of(14), f.delivered);
  }

  @Test
  void anEptViolationReportsBothAddresses() {
    VmxFixture f = withEpt(0x1e);
    assertEquals(StepOutcome.EXIT, f.processor.memoryAccess().perform(0x1234, 1, Access.READ));
    assertEquals(ExitReason.EPT_VIOLATION, f.exitReason());
    assertEquals(VmxFixture.PML4, f.read(VmcsField.GUEST_PHYSICAL_ADDRESS));
    assertEquals(0x1234, f.read(VmcsField.GUEST_LINEAR_ADDRESS));
    assertEquals(0x81, f.read(VmcsField.EXIT_QUALIFICATION), "a read, of a paging structure");
    assertEquals(CpuState.RF | 2, f.read(VmcsField.GUEST_RFLAGS));
    assertEquals(0, f.read(VmcsField.VM_EXIT_INTERRUPTION_INFORMATION));
  }

  @Test
  void anEptMisconfigurationReportsTheGuestPhysicalAddress() {
    VmxFixture f = withEpt(0x1e);
    f.memory.write64(0xa000, 2); // write without read
    assertEquals(StepOutcome.EXIT, f.processor.memoryAccess().perform(0x1234, 1, Access.READ));
    assertEquals(ExitReason.EPT_MISCONFIG, f.exitReason());
    assertEquals(VmxFixture.PML4, f.read(VmcsField.GUEST_PHYSICAL_ADDRESS));
  }

  /** A guest under an empty EPT at A000H. */
  private static VmxFixture withEpt(long form) {
    VmxFixture f = VmxFixture.ready();
    f.memory.write64(0xa000, 0);
    for (long entry = 0xa000; entry < 0xb000; entry += 8) {
      f.memory.write64(entry, 0);
    }
    f.write(VmcsField.EPT_POINTER, 0xa000 | form);
    f.set(SecondaryControl.ENABLE_EPT);
    f.launch();
    return f;
  }

  @Test
  void pdpteAndModeDependentInstructionsNeedTheirControls() {
    VmxFixture f = VmxFixture.inGuest();
    assertEquals(StepOutcome.FAULTED, f.sensitive().rdtscp(3));
    assertEquals(StepOutcome.FAULTED, f.sensitive().invpcid(2, 0, 0, 5));
    assertEquals(List.of(6, 6), f.delivered);
  }

  @Test
  void rdtscAddsTheOffsetAndScales() {
    VmxFixture f = VmxFixture.ready();
    f.set(PrimaryControl.USE_TSC_OFFSETTING);
    f.set(SecondaryControl.USE_TSC_SCALING);
    f.write(VmcsField.TSC_OFFSET, 1000);
    f.write(VmcsField.TSC_MULTIPLIER, 3L << 47); // 1.5
    f.launch();
    f.processor.msrs().set(Msr.IA32_TIME_STAMP_COUNTER, 0x1_0000_0000L);
    f.sensitive().rdtsc(2);
    assertEquals(0x1_8000_0000L + 1000, f.state().edxEax());
  }

  @Test
  void vmxInstructionsOfTheGuestExit() {
    VmxFixture f = VmxFixture.inGuest();
    assertEquals(VmxOutcome.VM_EXIT, f.vmx().vmread(VmcsField.GUEST_RIP.encoding()));
    assertEquals(ExitReason.VMREAD, f.exitReason());
    f.vmx().vmresume();
    assertEquals(StepOutcome.EXIT, f.sensitive().vmcall(3));
    assertEquals(ExitReason.VMCALL, f.exitReason());
    f.vmx().vmresume();
    assertEquals(VmxOutcome.VM_EXIT, f.vmx().vmlaunch());
    assertEquals(ExitReason.VMLAUNCH, f.exitReason());
  }

  @Test
  void vmcsShadowingReachesTheLinkedVmcs() {
    VmxFixture f = VmxFixture.ready();
    f.memory.write32(VmxFixture.OTHER_REGION, f.capabilities.revisionId() | 1 << 31);
    f.write(VmcsField.VMCS_LINK_POINTER, VmxFixture.OTHER_REGION);
    f.write(VmcsField.VMREAD_BITMAP_ADDRESS, 0x10000);
    f.write(VmcsField.VMWRITE_BITMAP_ADDRESS, 0x10000);
    f.set(SecondaryControl.VMCS_SHADOWING);
    f.launch();
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmwrite(VmcsField.GUEST_RIP.encoding(), 0x77));
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmread(VmcsField.GUEST_RIP.encoding()));
    assertEquals(0x77, f.vmx().value());
    assertTrue(f.processor.inNonRoot());
  }

  @Test
  void vmfuncSwitchesToAnEptpOfTheListAndExitsForABadOne() {
    VmxFixture f = VmxFixture.ready();
    f.write(VmcsField.EPT_POINTER, 0xa01eL);
    f.set(SecondaryControl.ENABLE_EPT);
    f.set(SecondaryControl.ENABLE_VM_FUNCTIONS);
    f.set(VmFunction.EPTP_SWITCHING);
    f.write(VmcsField.EPTP_LIST_ADDRESS, 0x10000);
    f.memory.write64(0x10008, 0x1201eL);
    f.launch();
    f.state().setRegister(CpuState.RCX, 1);
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmfunc());
    assertEquals(0x1201eL, f.read(VmcsField.EPT_POINTER));
    f.state().setRegister(CpuState.RCX, 2); // EPTP 0
    assertEquals(VmxOutcome.VM_EXIT, f.vmx().vmfunc());
    assertEquals(ExitReason.VMFUNC, f.exitReason());
    assertEquals(VmxOutcome.INVALID_OPCODE, f.vmx().vmfunc(), "in root operation");
  }

  @Test
  void exitsAreCountedAndChargedByReason() {
    VmxFixture f = VmxFixture.inGuest();
    long before = f.processor.cycles().exit;
    f.sensitive().cpuid(2);
    assertEquals(1, f.processor.transitions().exits(ExitReason.CPUID));
    assertEquals(
        f.processor.costs().exit(ExitReason.CPUID.number()), f.processor.cycles().exit - before);
  }
}
