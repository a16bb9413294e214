package io.vmxsim.cpu;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntryRule;
import org.jspecify.annotations.Nullable;

/** The VM entries and VM exits of a processor: how many there were, and who is told of them. */
public final class VmTransitions {
  private final Processor processor;
  private final long[] exits = new long[ExitReason.values().length];
  private long entries;
  private @Nullable ExitObserver exitObserver;
  private transient @Nullable EntryFailureObserver entryFailureObserver;

  VmTransitions(Processor processor) {
    this.processor = processor;
  }

  /** Sets who is told of VM exits; null for nobody. */
  public void setExitObserver(@Nullable ExitObserver observer) {
    exitObserver = observer;
  }

  /** Sets who is told of VM entries that checks refuse; null for nobody. */
  public void setEntryFailureObserver(@Nullable EntryFailureObserver observer) {
    entryFailureObserver = observer;
  }

  /** VM entries so far. */
  public long entries() {
    return entries;
  }

  /** VM exits with that basic reason so far. */
  @SuppressWarnings("EnumOrdinal") // counted in memory only
  public long exits(ExitReason reason) {
    return exits[reason.ordinal()];
  }

  void entered() {
    entries++;
  }

  void entryFailed(Vmcs vmcs, EntryRule rule, EntryContext context) {
    if (entryFailureObserver != null) {
      entryFailureObserver.entryFailed(processor, vmcs, rule, context);
    }
  }

  @SuppressWarnings("EnumOrdinal") // counted in memory only
  void exited(ExitReason reason, Vmcs vmcs) {
    exits[reason.ordinal()]++;
    if (exitObserver != null) {
      exitObserver.exited(reason, vmcs);
    }
  }
}
