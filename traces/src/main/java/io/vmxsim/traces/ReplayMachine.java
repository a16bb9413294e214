package io.vmxsim.traces;

import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;

/**
 * What a guest runs on in one configuration: the bare processor, or a virtual one under the VMM.
 */
interface ReplayMachine {

  /** The processor that executes and is charged. */
  Processor processor();

  /** Takes the state the guest starts in; complete before the first {@link #run}. */
  InitialState initialState();

  /** Has the trace say which interrupts come; before the first {@link #run}. */
  default void takeEventsFromTrace() {}

  /** Runs the guest until the budget of instructions is used up, it waits, or it is at its end. */
  RunOutcome run(long budget);

  /** Ends the guest's wait although no event has come: the trace goes on, so it must have. */
  void wakeUp();
}
