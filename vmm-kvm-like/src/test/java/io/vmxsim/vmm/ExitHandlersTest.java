package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.CpuidInstruction;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.NotModelledException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExitHandlersTest {
  private static final VmOptions EPT = VmOptions.ept(PageSize.SIZE_2M);
  private static final VmOptions SHADOW = VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_2M);

  private static TracedGuest guest(VmPaging paging) {
    return new TracedGuest("skylake-sp", paging == VmPaging.EPT ? EPT : SHADOW);
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void cpuidShowsAHypervisorAndNoVmx(VmPaging paging) {
    TracedGuest guest = guest(paging).then(ActionKind.CPUID, 0, 1, 0).run();
    assertEquals(1, guest.exits(ExitReason.CPUID));
    assertEquals(1L << 31, guest.register(CpuState.RCX) & (1L << 31 | 1 << 5));
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void inAndOutGoToUserspace(VmPaging paging) {
    TracedGuest guest = guest(paging).then(ActionKind.IN, 1, 0x60, 0);
    guest.then(ActionKind.OUT, 4, 0xcf8, 0x8000_0000L).run();
    assertEquals(2, guest.exits(ExitReason.IO_INSTRUCTION));
    TracedGuest idle = guest(paging).run();
    long more = guest.processor.cycles().vmm - idle.processor.cycles().vmm;
    assertTrue(more >= 2 * guest.processor.costs().of(Cost.USERSPACE));
  }

  @Test
  void inLeavesTheRestOfRaxAlone() {
    TracedGuest guest = guest(VmPaging.EPT);
    guest.then(ActionKind.VMCALL, 0, 0, 0); // leaves RAX = -1000
    guest.then(ActionKind.IN, 2, 0x60, 0).run();
    assertEquals(-1000 | 0xffff, guest.register(CpuState.RAX));
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void msrsExitButThoseTheBitmapPassesThrough(VmPaging paging) {
    TracedGuest guest = guest(paging);
    guest.then(ActionKind.WRMSR, 0, msr(Msr.IA32_LSTAR), 0x1234);
    guest.then(ActionKind.WRMSR, 0, msr(Msr.IA32_FS_BASE), 0x5678);
    guest.then(ActionKind.WRMSR, 0, msr(Msr.IA32_KERNEL_GS_BASE), 0x9abc);
    guest.then(ActionKind.WRMSR, 0, msr(Msr.IA32_X2APIC_EOI), 0);
    guest.then(ActionKind.WRMSR, 0, msr(Msr.IA32_TSC_DEADLINE), 1 << 30);
    guest.then(ActionKind.RDMSR, 0, msr(Msr.IA32_FS_BASE), 0);
    guest.then(ActionKind.RDMSR, 0, msr(Msr.IA32_LSTAR), 0).run();
    assertEquals(3, guest.exits(ExitReason.MSR_WRITE));
    assertEquals(1, guest.exits(ExitReason.MSR_READ));
    assertEquals(0x1234, guest.processor.state().edxEax());
    assertEquals(0, guest.exits(ExitReason.PREEMPTION_TIMER)); // the timer is masked
  }

  private static long msr(Msr msr) {
    return msr.address() & 0xffff_ffffL;
  }

  @Test
  void patIsTheGuestsOwn() {
    TracedGuest guest = guest(VmPaging.EPT);
    guest.then(ActionKind.WRMSR, 0, msr(Msr.IA32_PAT), 0x0606_0606_0606_0606L);
    guest.then(ActionKind.RDMSR, 0, msr(Msr.IA32_PAT), 0).run();
    assertEquals(0x0606_0606_0606_0606L, guest.processor.state().edxEax());
    assertEquals(0x0606_0606_0606_0606L, guest.processor.msrs().get(Msr.IA32_PAT));
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void hltWaitsInTheVmm(VmPaging paging) {
    TracedGuest guest = guest(paging).then(ActionKind.HLT, 0, 0, 0).instruction();
    guest.processor.setGuest(guest.feed());
    assertEquals(RunOutcome.HALTED, guest.vcpu.run(100));
    assertEquals(RunOutcome.HALTED, guest.vcpu.run(100));
    guest.vcpu.wakeUp();
    assertEquals(RunOutcome.FINISHED, guest.vcpu.run(100));
    assertEquals(1, guest.exits(ExitReason.HLT));
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void aTracedInterruptExitsAndIsInjected(VmPaging paging) {
    TracedGuest guest = guest(paging).then(ActionKind.INTERRUPT, 0xec, 0, 0);
    guest.then(ActionKind.IRET, 0, 0, 0).run();
    assertEquals(1, guest.exits(ExitReason.EXTERNAL_INTERRUPT));
    assertEquals(0, guest.exits(ExitReason.INTERRUPT_WINDOW));
  }

  /** Reason, exits with EPT, exits with shadow paging: KVM's controls. */
  @ParameterizedTest
  @CsvSource({
    "VMCALL,VMCALL,0,0,0,1,1",
    "RDTSC,RDTSC,0,0,0,0,0",
    "RDPMC,RDPMC,0,0,0,1,1",
    "PAUSE,PAUSE_INSTRUCTION,0,0,0,0,0",
    "MONITOR,MONITOR_INSTRUCTION,0,0x1000,0,1,1",
    "MWAIT,MWAIT_INSTRUCTION,0,0,0,1,1",
    "WBINVD,WBINVD,0,0,0,1,1",
    "INVD,INVD,0,0,0,1,1",
    "MOV_TO_DR,DR_ACCESS,0,0,0x1234,1,1",
    "MOV_FROM_DR,DR_ACCESS,7,0,0,1,1",
    "INVLPG,INVLPG,0,0x5000,0,0,1",
    "INVPCID,INVPCID,2,0,0,0,1",
    "MOV_TO_CR,CR_ACCESS,3,0,0x1000,0,1",
    "MOV_FROM_CR,CR_ACCESS,3,0,0,0,1",
    "MOV_FROM_CR,CR_ACCESS,0,0,0,0,0",
    "MOV_TO_CR,CR_ACCESS,4,0,0x20,0,1", // clears PGE, which is the guest's own with EPT
    "MOV_TO_CR,CR_ACCESS,4,0,0x1000a0,1,1", // sets SMEP
    "MOV_TO_CR,CR_ACCESS,4,0,0x2a0,0,0", // sets OSFXSR
    "MOV_TO_CR,CR_ACCESS,0,0,0x80010039,0,0", // sets TS
    "MOV_TO_CR,CR_ACCESS,0,0,0x80000031,1,1", // clears WP
    "CLTS,CR_ACCESS,0,0,0,0,0",
    "LMSW,CR_ACCESS,0,0,0x3,1,1", // sets MP
  })
  void exitsAreThoseOfKvm(
      ActionKind kind,
      ExitReason reason,
      int size,
      String address,
      String value,
      int ept,
      int shadow) {
    for (VmPaging paging : VmPaging.values()) {
      TracedGuest guest = guest(paging);
      guest.then(kind, size, Long.decode(address), Long.decode(value)).instruction().run();
      int expected = paging == VmPaging.EPT ? ept : shadow;
      assertEquals(expected, guest.exits(reason), () -> paging + " " + kind);
      assertEquals(3, guest.processor.instructions(), () -> paging + " " + kind);
    }
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void controlRegistersReadAsTheGuestWroteThem(VmPaging paging) {
    TracedGuest guest = guest(paging);
    guest.then(ActionKind.MOV_TO_CR, 0, 0, TracedGuest.CR0 & ~CpuState.CR0_WP);
    guest.then(ActionKind.MOV_FROM_CR, 0, 0, 0).run();
    assertEquals(TracedGuest.CR0 & ~CpuState.CR0_WP, guest.register(CpuState.RAX));
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void cr3ReadsAsTheGuestWroteIt(VmPaging paging) {
    TracedGuest guest = guest(paging).then(ActionKind.MOV_FROM_CR, 3, 0, 0).run();
    assertEquals(TracedGuest.TOP, guest.register(CpuState.RAX));
  }

  @Test
  void vpidKeepsTranslationsOverExits() {
    TracedGuest guest = guest(VmPaging.EPT).then(ActionKind.CPUID, 0, 0, 0).run();
    long walks = guest.processor.mmu().statistics().walks();
    TracedGuest more = guest(VmPaging.EPT);
    for (int i = 0; i < 20; i++) {
      more.then(ActionKind.CPUID, 0, 0, 0);
    }
    more.run();
    assertEquals(walks, more.processor.mmu().statistics().walks());
  }

  @ParameterizedTest
  @ValueSource(strings = {"nehalem", "ivybridge", "haswell", "skylake-sp", "icelake-sp", "max"})
  void runsOnEveryProfile(String cpu) {
    for (VmOptions options : new VmOptions[] {EPT, SHADOW}) {
      TracedGuest guest = new TracedGuest(cpu, options).then(ActionKind.CPUID, 0, 0, 0);
      guest.then(ActionKind.LOAD, 8, 0x20_0000, 0).run();
      assertEquals(1, guest.exits(ExitReason.CPUID));
    }
  }

  @Test
  void aReasonWithoutAHandlerStopsByName() {
    TracedGuest guest = guest(VmPaging.EPT);
    ExitHandlers handlers =
        new ExitHandlers(
            new CpuidInstruction(guest.processor.profile(), guest.processor.xsaveLayout()));
    NotModelledException stop =
        assertThrows(NotModelledException.class, () -> handlers.handle(ExitReason.RSM, guest.vcpu));
    assertTrue(stop.feature().contains("RSM"), stop.feature());
  }
}
