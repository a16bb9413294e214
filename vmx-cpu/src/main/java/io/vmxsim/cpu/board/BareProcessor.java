package io.vmxsim.cpu.board;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.Segment;
import io.vmxsim.ept.PagingState;

/** A physical processor that runs the machine's software itself. */
final class BareProcessor implements LogicalProcessor {
  private final Processor processor;

  BareProcessor(Processor processor) {
    this.processor = processor;
  }

  @Override
  public RunOutcome run(long budget) {
    return processor.run(budget);
  }

  @Override
  public Processor registers() {
    return processor;
  }

  @Override
  public PagingState paging() {
    return processor.state().paging();
  }

  @Override
  public boolean isActive() {
    return processor.state().activity == ActivityState.ACTIVE;
  }

  @Override
  public boolean waitsForStartUp() {
    return processor.state().activity == ActivityState.WAIT_FOR_SIPI;
  }

  @Override
  public long cyclesUntilEvent() {
    return processor.pending().cyclesUntilEvent();
  }

  @Override
  public void startUp() {
    processor.pollEvents();
  }

  @Override
  public void stop() {
    processor.state().activity = ActivityState.SHUTDOWN;
  }

  @Override
  public void init() {
    processor.init();
  }

  @Override
  public void wakeAt(int address) {
    CpuState state = processor.state();
    state.loadSegment(
        Segment.CS, address >>> 4, address & ~15, Segment.REAL_MODE_LIMIT, Segment.REAL_MODE_CODE);
    state.rip = address & 15;
  }
}
