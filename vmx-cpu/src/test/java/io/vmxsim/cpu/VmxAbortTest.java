package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsRegion;
import io.vmxsim.vmcs.VmxAbort;
import org.junit.jupiter.api.Test;

/** "VMX Aborts" (27.7): which failure gives which indicator, and what an abort leaves behind. */
class VmxAbortTest {
  private static final long PAGE_DIRECTORY_POINTERS = 0x1_0000;

  /** A table of entries that are not present, which PAE paging takes. */
  private static final long GUEST_POINTERS = 0x1_1000;

  private static void storesAndLoads(
      VmxFixture f, VmcsField address, VmcsField count, int msr, long value) {
    f.memory.write64(VmxFixture.MSR_AREA, msr & 0xffffffffL);
    f.memory.write64(VmxFixture.MSR_AREA + 8, value);
    f.write(address, VmxFixture.MSR_AREA);
    f.write(count, 1);
  }

  private static VmxFixture loadingAnMsrThatNoListMayLoad() {
    VmxFixture f = VmxFixture.ready();
    storesAndLoads(
        f,
        VmcsField.VM_EXIT_MSR_LOAD_ADDRESS,
        VmcsField.VM_EXIT_MSR_LOAD_COUNT,
        Msr.IA32_GS_BASE.address(),
        0);
    return f;
  }

  private static byte[] dataOf(VmxFixture f) {
    byte[] data = new byte[VmcsRegion.SIZE - 8];
    f.memory.readBytes(VmxFixture.VMCS_REGION + 8, data, 0, data.length);
    return data;
  }

  private static void expect(VmxAbort abort, int indicator, VmxFixture f) {
    assertEquals(abort, f.processor.vmxAbort());
    assertEquals(indicator, f.memory.read32(VmxFixture.VMCS_REGION + 4), "27.7, the list");
    assertFalse(f.processor.inNonRoot());
    assertEquals(RunOutcome.FINISHED, f.processor.run(10));
  }

  @Test
  void aGuestMsrThatCannotBeSaved() {
    VmxFixture f = VmxFixture.ready();
    storesAndLoads(
        f,
        VmcsField.VM_EXIT_MSR_STORE_ADDRESS,
        VmcsField.VM_EXIT_MSR_STORE_COUNT,
        0x802, // in the range of the x2APIC, which no list may name (27.4)
        0);
    f.launch();
    f.sensitive().cpuid(2);
    expect(VmxAbort.SAVING_GUEST_MSRS, 1, f);
  }

  @Test
  void hostPageDirectoryPointersWithReservedBits() {
    VmxFixture f = VmxFixture.ready();
    toHostWithPaePaging(f);
    f.memory.write64(PAGE_DIRECTORY_POINTERS, 1 | 1 << 5);
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmlaunch());
    f.sensitive().cpuid(2);
    expect(VmxAbort.HOST_PDPTES, 2, f);
  }

  @Test
  void hostPageDirectoryPointersInOrder() {
    VmxFixture f = VmxFixture.ready();
    toHostWithPaePaging(f);
    f.memory.write64(PAGE_DIRECTORY_POINTERS, 1);
    assertEquals(VmxOutcome.SUCCEED, f.vmx().vmlaunch());
    f.sensitive().cpuid(2);
    assertNull(f.processor.vmxAbort());
    assertEquals(ExitReason.CPUID, f.exitReason());
  }

  /** The guest is outside IA-32e mode, and so is the host it exits to. */
  private static void toHostWithPaePaging(VmxFixture f) {
    long lmeAndLma = CpuState.EFER_LME | CpuState.EFER_LMA;
    CpuState state = f.state();
    state.setControlRegisters(state.cr0(), GUEST_POINTERS, state.cr4(), state.efer() & ~lmeAndLma);
    state.loadSegment(Segment.CS, 8, 0, -1, Segment.FLAT_CODE | Segment.DEFAULT_BIG);
    clear(f, VmcsField.VM_EXIT_CONTROLS, ExitControl.HOST_ADDRESS_SPACE_SIZE);
    clear(f, VmcsField.VM_ENTRY_CONTROLS, EntryControl.IA_32E_MODE_GUEST);
    f.write(VmcsField.HOST_CR3, PAGE_DIRECTORY_POINTERS);
    f.write(VmcsField.GUEST_CR3, GUEST_POINTERS);
    f.write(VmcsField.GUEST_CS_ACCESS_RIGHTS, Segment.FLAT_CODE | Segment.DEFAULT_BIG);
  }

  private static void clear(VmxFixture f, VmcsField word, Control control) {
    f.write(word, f.read(word) & ~control.mask());
  }

  @Test
  void aHostMsrThatCannotBeLoaded() {
    VmxFixture f = loadingAnMsrThatNoListMayLoad();
    f.launch();
    f.sensitive().cpuid(2);
    expect(VmxAbort.LOADING_HOST_MSRS, 4, f);
  }

  @Test
  void aHostMsrThatCannotBeLoadedAfterAFailedEntry() {
    VmxFixture f = loadingAnMsrThatNoListMayLoad();
    f.write(VmcsField.GUEST_RFLAGS, 0);
    assertEquals(VmxOutcome.ENTRY_FAILED, f.vmx().vmlaunch());
    expect(VmxAbort.LOADING_HOST_MSRS, 4, f);
  }

  @Test
  void leavingIa32eModeByAVmExit() {
    VmxFixture f = VmxFixture.ready();
    f.launch();
    long controls = f.read(VmcsField.VM_EXIT_CONTROLS); // which no VM entry lets pass
    f.write(VmcsField.VM_EXIT_CONTROLS, controls & ~ExitControl.HOST_ADDRESS_SPACE_SIZE.mask());
    f.sensitive().cpuid(2);
    expect(VmxAbort.LEAVING_IA32E_MODE, 6, f);
  }

  @Test
  void theVmcsDataInMemoryStayAsTheyAre() {
    VmxFixture f = loadingAnMsrThatNoListMayLoad();
    byte[] before = dataOf(f);
    f.launch();
    f.sensitive().cpuid(2);
    assertArrayEquals(before, dataOf(f));
  }

  @Test
  void nothingButAResetWakesTheProcessor() {
    VmxFixture f = loadingAnMsrThatNoListMayLoad();
    f.launch();
    f.sensitive().cpuid(2);
    f.processor.pending().requestNmi();
    f.processor.pending().requestInit();
    f.processor.pending().requestStartUp(0x10);
    f.processor.pending().requestInterrupt(0x30);
    assertEquals(RunOutcome.FINISHED, f.processor.run(10));
    assertEquals(ActivityState.VMX_ABORT, f.state().activity);
    assertFalse(f.delivered.contains(EventDelivery.NMI));
    assertEquals(-1, f.processor.pending().cyclesUntilEvent());
  }
}
