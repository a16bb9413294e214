package io.vmxsim.cpu.apic;

/**
 * The smallest interrupt controller there is: a pending bit per vector, the highest vector first,
 * no in-service state and no task priority. Where a trace says which interrupts came, a local
 * APIC's opinion is not asked.
 */
public final class PendingVectors implements InterruptController {
  private final VectorSet pending = new VectorSet();

  /** Whether the set is not empty: known at any time, for it is often asked. */
  private boolean waiting;

  /** Makes an interrupt wait for the processor. */
  public void request(int vector) {
    pending.add(vector);
    waiting = true;
  }

  @Override
  public boolean hasInterrupt() {
    return waiting;
  }

  @Override
  public int acknowledge() {
    int vector = pending.highest();
    if (vector >= 0) {
      pending.remove(vector);
      waiting = !pending.isEmpty();
    }
    return vector;
  }
}
