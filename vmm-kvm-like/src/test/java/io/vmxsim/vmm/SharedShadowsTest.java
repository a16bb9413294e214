package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Cycles;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.AccessRights;
import io.vmxsim.ept.PagingState;
import org.junit.jupiter.api.Test;

/** What one processor of a virtual machine does to the shadow tables, and others see. */
class SharedShadowsTest {
  private static final long ROOT = 0x1000;
  private static final long PAGE = 0x20_0000;
  private static final int ALL = 0x67; // present, writable, user, accessed, dirty
  private static final int STORE = AccessRights.PF_PRESENT | AccessRights.PF_WRITE;

  private final VmOptions options = ShadowedGuest.options(ShadowPolicy.UPDATE, false);
  private final ShadowedGuest first = new ShadowedGuest(options);

  private void start(long cr4) {
    first.state.setCr0(CpuState.CR0_PE | CpuState.CR0_PG | CpuState.CR0_WP);
    first.state.setCr4(CpuState.CR4_PAE | cr4);
    first.state.setEfer(PagingState.EFER_LME | CpuState.EFER_LMA);
    first.poke(ROOT, ROOT + 0x1000 | ALL);
    first.poke(ROOT + 0x1000, ROOT + 0x2000 | ALL);
    first.poke(ROOT + 0x2008, ROOT + 0x3000 | ALL);
    first.poke(ROOT + 0x3000, PAGE | ALL);
    first.loadCr3(ROOT);
  }

  /** Another processor of the same machine, with the same registers. */
  private ShadowMmu second() {
    Charges charges = new Charges(CpuProfile.named("skylake-sp").costs(), new Cycles());
    GuestTables guest = new GuestTables(first.vm, charges, first.state);
    ShadowMmu mmu = new ShadowMmu(first.vm, options, charges, guest, true);
    mmu.loadRoot();
    return mmu;
  }

  @Test
  void aTableThatOneWritesIsStaleToTheOther() {
    start(0);
    ShadowMmu second = second();
    first.access(PAGE, Access.READ);
    second.takeStale();
    assertFalse(second.isStale());
    first.poke(ROOT + 0x3000, 0);
    first.mmu.guestWrote(ROOT + 0x3000, 8);
    assertTrue(second.isStale());
    assertTrue(second.takeStale());
    assertFalse(second.isStale());
  }

  @Test
  void bothWalkTheSameTables() {
    start(0);
    assertEquals(first.mmu.hardwareCr3(), second().hardwareCr3());
  }

  @Test
  void aFaultThatAnotherProcessorHasAnsweredIsTriedOnceMore() {
    start(PagingState.CR4_SMAP);
    first.state.setRflagsAc(true);
    ShadowMmu second = second();
    assertEquals("ok", first.access(PAGE, Access.WRITE).substring(0, 2));
    assertEquals(ShadowMmu.Fault.RETRY, second.pageFault(PAGE, STORE));
    assertEquals(ShadowMmu.Fault.GUEST, second.pageFault(PAGE, STORE), "an implicit access");
  }
}
