package io.vmxsim.traces;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.vmcs.InputException;

/** The guest on the processor itself: guest-physical addresses are physical, and nothing exits. */
final class BareMachine implements ReplayMachine, InitialState {
  private final Processor processor;

  BareMachine(Processor processor) {
    this.processor = processor;
    processor.state().startIn64BitMode(0);
  }

  @Override
  public Processor processor() {
    return processor;
  }

  @Override
  public InitialState initialState() {
    return this;
  }

  @Override
  public RunOutcome run(long budget) {
    return processor.run(budget);
  }

  @Override
  public void wakeUp() {
    processor.state().activity = ActivityState.ACTIVE;
  }

  @Override
  public void controlRegister(int n, long value) {
    CpuState state = processor.state();
    switch (n) {
      case 0 -> {
        state.setCr0(value);
        state.setCodeSize((value & CpuState.CR0_PG) == 0 ? 4 : state.codeSize());
      }
      case 3 -> state.setCr3(value);
      case 4 -> state.setCr4(value);
      default -> throw new InputException("trace", "initial state", "CR0, CR3 or CR4, not CR" + n);
    }
  }

  @Override
  public void msr(int msr, long value) {
    if (!processor.msrs().write(msr, value)) {
      throw new InputException(
          "trace",
          "initial state",
          "MSR " + Integer.toHexString(msr) + "H with a value this CPU takes");
    }
  }

  @Override
  public void pkru(int value) {
    processor.mmu().paging().setPkru(value);
    processor.mmu().rightsChanged();
  }

  @Override
  public void memory(long guestPhysical, long value) {
    processor.memory().write64(guestPhysical, value);
  }
}
