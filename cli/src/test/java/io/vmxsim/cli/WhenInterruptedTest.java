package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.ref.WeakReference;
import org.junit.jupiter.api.Test;

class WhenInterruptedTest {
  private static final class Machine {
    private void interrupt() {}
  }

  /** A hook that stayed in the JVM would keep the machine, with all its memory. */
  @Test
  void aRunThatIsOverIsForgotten() {
    WeakReference<Machine> over = over();
    for (int i = 0; i < 10 && over.get() != null; i++) {
      System.gc();
    }
    assertNull(over.get());
  }

  private static WeakReference<Machine> over() {
    Machine machine = new Machine();
    assertEquals(7, WhenInterrupted.run(machine::interrupt, () -> 7));
    return new WeakReference<>(machine);
  }
}
