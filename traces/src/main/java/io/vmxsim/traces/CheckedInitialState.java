package io.vmxsim.traces;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.VmxCapabilities;

/**
 * Lets only such initial state through as the machine can start in: what a trace says may be wrong.
 */
final class CheckedInitialState implements InitialState {
  private final InitialState state;
  private final String source;
  private final VmxCapabilities capabilities;
  private final long guestBytes;

  /**
   * @param source the trace's name, for messages
   * @param guestBytes guest-physical memory
   */
  CheckedInitialState(InitialState state, String source, CpuProfile cpu, long guestBytes) {
    this.state = state;
    this.source = source;
    this.capabilities = cpu.vmxCapabilities();
    this.guestBytes = guestBytes;
  }

  @Override
  public void controlRegister(int n, long value) {
    switch (n) {
      case 0 ->
          require(
              (value & ~capabilities.cr0MayBe1()) == 0
                  && (value & (CpuState.CR0_PG | CpuState.CR0_PE)) != CpuState.CR0_PG,
              "CR0 without reserved bits, and with PE if with PG",
              value);
      case 3 -> require(value >>> 12 < guestBytes >>> 12, "CR3 within the guest's memory", value);
      case 4 ->
          require(
              (value & ~capabilities.cr4MayBe1()) == 0, "CR4 with bits that this CPU has", value);
      default -> throw bad("CR0, CR3 or CR4, not CR" + n);
    }
    state.controlRegister(n, value);
  }

  @Override
  public void msr(int msr, long value) {
    state.msr(msr, value);
  }

  @Override
  public void pkru(int value) {
    state.pkru(value);
  }

  @Override
  public void memory(long guestPhysical, long value) {
    require(
        guestPhysical < guestBytes, "memory below " + (guestBytes >> 20) + " MiB", guestPhysical);
    state.memory(guestPhysical, value);
  }

  private void require(boolean holds, String expected, long found) {
    if (!holds) {
      throw bad(expected + ", found 0x" + Long.toHexString(found));
    }
  }

  private InputException bad(String expected) {
    return new InputException(source, "initial state", "expected " + expected);
  }
}
