package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.testing.TestGuest;
import io.vmxsim.cpu.testing.TestGuests;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.SecondaryExitControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/**
 * What a VM entry and a VM exit right behind it leave in the guest-state area, by the text of
 * 26.3.2 “Loading Guest State” and 27.3 “Saving Guest State”: what an entry does not load, an exit
 * saves as the host has it; what an exit does not save stays as it was.
 */
class StateRoundTripTest {
  private static final long CR0_NOT_LOADED =
      1 << 4 | 3 << 29 | 0x3ff << 6 | 1 << 17 | 0x3ff << 19; // ET, NW, CD, 15:6, 17, 28:19

  private static final List<String> FRED_MSRS =
      List.of("CONFIG", "RSP1", "RSP2", "RSP3", "STKLVLS", "SSP1", "SSP2", "SSP3");

  private static final long RIGHTS_RESERVED = 0xfffe_0f00L;

  @Provide
  Arbitrary<TestGuest> guestsOfMax() {
    return TestGuests.inAnyState("max");
  }

  @Provide
  Arbitrary<TestGuest> guestsOfIvyBridge() {
    return TestGuests.inAnyState("ivybridge");
  }

  @Property(tries = 300)
  void anEntryAndAnExitAtOnceLeaveWhatTheSdmSays(@ForAll("guestsOfMax") TestGuest guest) {
    leavesWhatTheSdmSays(guest);
  }

  @Property(tries = 100)
  void andOnAnOlderProcessor(@ForAll("guestsOfIvyBridge") TestGuest guest) {
    leavesWhatTheSdmSays(guest);
  }

  private static void leavesWhatTheSdmSays(TestGuest guest) {
    guest.leavingAtOnce();
    Map<VmcsField, Long> before = guest.fields();
    Expected expected = new Expected(before, guest.processor());
    long[] registers = guest.registers().registers.clone();

    guest.enter();

    assertEquals(0, guest.processor().instructions());
    Map<VmcsField, Long> after = guest.fields();
    expected
        .fields()
        .forEach((field, value) -> assertEquals(value, after.get(field), field.name()));
    for (Segment segment : Segment.values()) {
      expected.segment(segment, after);
    }
    expected.pdptes(after);
    for (int i = 0; i < 16; i++) {
      if (i != CpuState.RSP) {
        assertEquals(registers[i], guest.registers().registers[i]);
      }
    }
  }

  /** The SDM's sentences, about the fields before the entry and the processor's state then. */
  private static final class Expected {
    private final Map<VmcsField, Long> before;
    private final MsrFile msrs;
    private final Map<VmcsField, Long> fields = new EnumMap<>(VmcsField.class);
    private final boolean ia32e;

    Expected(Map<VmcsField, Long> before, Processor host) {
      this.before = before;
      msrs = host.msrs();
      ia32e = on(EntryControl.IA_32E_MODE_GUEST);
      before.forEach(
          (field, value) -> {
            if (field.type() != VmcsField.Type.READ_ONLY_DATA) {
              fields.put(field, value);
            }
          });
      controlRegisters(host.state());
      debugControls(host.state());
      switchedMsrs(host.state());
      nonRegisterState();
      fields.remove(VmcsField.GUEST_SMBASE); // undefined
      for (int i = 0; i < 4; i++) {
        fields.remove(VmcsField.valueOf("GUEST_PDPTE" + i));
      }
      for (Segment segment : Segment.values()) {
        fields.remove(segment.guestBase());
        fields.remove(segment.guestLimit());
        fields.remove(segment.guestAccessRights());
      }
    }

    Map<VmcsField, Long> fields() {
      return fields;
    }

    private boolean on(Control control) {
      Control activating = control.word().activatedBy();
      Long word = before.get(control.word().field());
      return word != null && control.in(word) && (activating == null || on(activating));
    }

    private long was(VmcsField field) {
      return before.getOrDefault(field, 0L);
    }

    /** 26.3.2.1: what is not loaded is the host's, and 27.3.1 saves it as the guest's. */
    private void controlRegisters(CpuState host) {
      long cr0 = (was(VmcsField.GUEST_CR0) & ~CR0_NOT_LOADED) | (host.cr0() & CR0_NOT_LOADED);
      fields.put(VmcsField.GUEST_CR0, cr0);
      if (on(ExitControl.SAVE_IA32_EFER)) {
        long lma = CpuState.EFER_LMA | ((cr0 & CpuState.CR0_PG) != 0 ? CpuState.EFER_LME : 0);
        long derived = ia32e ? host.efer() | lma : host.efer() & ~lma;
        boolean loaded = on(EntryControl.LOAD_IA32_EFER);
        fields.put(VmcsField.GUEST_IA32_EFER, loaded ? was(VmcsField.GUEST_IA32_EFER) : derived);
      }
    }

    private void debugControls(CpuState host) {
      if (!on(ExitControl.SAVE_DEBUG_CONTROLS)) {
        return;
      }
      boolean loaded = on(EntryControl.LOAD_DEBUG_CONTROLS);
      long dr7 = (was(VmcsField.GUEST_DR7) & ~(1 << 12 | 3 << 14)) | 1 << 10;
      fields.put(VmcsField.GUEST_DR7, loaded ? dr7 : host.debug[7]);
      if (!loaded) {
        fields.put(VmcsField.GUEST_IA32_DEBUGCTL, msrs.get(Msr.IA32_DEBUGCTL));
      }
    }

    private void switchedMsrs(CpuState host) {
      msr(Msr.IA32_PAT, EntryControl.LOAD_IA32_PAT, ExitControl.SAVE_IA32_PAT);
      msr(
          Msr.IA32_PERF_GLOBAL_CTRL,
          EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL,
          ExitControl.SAVE_IA32_PERF_GLOBAL_CTRL);
      msr(Msr.IA32_BNDCFGS, EntryControl.LOAD_IA32_BNDCFGS, null);
      msr(Msr.IA32_RTIT_CTL, EntryControl.LOAD_IA32_RTIT_CTL, null);
      msr(Msr.IA32_LBR_CTL, EntryControl.LOAD_GUEST_IA32_LBR_CTL, null);
      msr(Msr.IA32_PKRS, EntryControl.LOAD_PKRS, null);
      msr(Msr.IA32_S_CET, EntryControl.LOAD_CET_STATE, null);
      msr(Msr.IA32_INTERRUPT_SSP_TABLE_ADDR, EntryControl.LOAD_CET_STATE, null);
      msr(Msr.IA32_SPEC_CTRL, EntryControl.LOAD_IA32_SPEC_CTRL, null);
      for (String name : FRED_MSRS) {
        msr(
            Msr.valueOf("IA32_FRED_" + name),
            EntryControl.LOAD_FRED,
            SecondaryExitControl.SAVE_FRED);
      }
      if (!on(EntryControl.LOAD_CET_STATE)) {
        fields.computeIfPresent(VmcsField.GUEST_SSP, (field, value) -> host.ssp);
      }
      if (!on(EntryControl.LOAD_UINV)) {
        fields.computeIfPresent(VmcsField.GUEST_UINV, (field, value) -> (long) msrs.uinv());
      }
    }

    /** A null for {@code save}: saved on every processor that has the field. */
    private void msr(Msr msr, EntryControl load, @Nullable Control save) {
      VmcsField field = VmcsField.valueOf("GUEST_" + msr.name());
      if ((save == null || on(save)) && !on(load)) {
        fields.computeIfPresent(field, (same, value) -> msrs.get(msr));
      }
    }

    /** 27.3.4; no exit outside SMM and enclaves saves bits 2 and 4 of interruptibility as 1. */
    private void nonRegisterState() {
      fields.computeIfPresent(
          VmcsField.GUEST_INTERRUPTIBILITY_STATE, (field, value) -> value & ~(1L << 2 | 1L << 4));
    }

    /** 27.3.2. */
    void segment(Segment segment, Map<VmcsField, Long> after) {
      long rights = was(segment.guestAccessRights());
      long saved = after.getOrDefault(segment.guestAccessRights(), 0L);
      long base = after.getOrDefault(segment.guestBase(), 0L);
      boolean unusable = (rights & Segment.UNUSABLE) != 0;
      assertEquals(rights & Segment.UNUSABLE, saved & Segment.UNUSABLE, segment.name());
      assertEquals(0, saved & RIGHTS_RESERVED, segment.name());
      if (!unusable || segment == Segment.CS) {
        assertEquals(was(segment.guestBase()), base, segment.name());
        assertEquals(was(segment.guestLimit()), after.get(segment.guestLimit()), segment.name());
        assertEquals(rights & 0xf000, saved & 0xf000, segment.name());
      }
      if (!unusable) {
        assertEquals(rights & 0xff, saved & 0xff, segment.name());
      }
      switch (segment) {
        case FS, GS -> assertEquals(was(segment.guestBase()), base, segment.name());
        case LDTR -> assertEquals(base << 7 >> 7, base, segment.name()); // of 57 bits
        case SS -> assertEquals(rights & 0x60, saved & 0x60, segment.name());
        default -> {}
      }
      if (segment == Segment.SS || segment == Segment.DS || segment == Segment.ES) {
        assertTrue(base >>> 32 == 0, segment.name());
      }
    }

    /** 27.3.4: PDPTEs in use are saved, bits 11:9 and what is not present aside. */
    void pdptes(Map<VmcsField, Long> after) {
      boolean paging = (was(VmcsField.GUEST_CR0) & CpuState.CR0_PG) != 0;
      boolean pae = paging && (was(VmcsField.GUEST_CR4) & CpuState.CR4_PAE) != 0 && !ia32e;
      for (int i = 0; pae && on(SecondaryControl.ENABLE_EPT) && i < 4; i++) {
        VmcsField field = VmcsField.valueOf("GUEST_PDPTE" + i);
        long saved = after.getOrDefault(field, 0L);
        assertEquals(was(field) & 1, saved & 1, field.name());
        if ((saved & 1) != 0) {
          assertEquals(was(field) & ~0xe00L, saved & ~0xe00L, field.name());
        }
      }
    }
  }
}
