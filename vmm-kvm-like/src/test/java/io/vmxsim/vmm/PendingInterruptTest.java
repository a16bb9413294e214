package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.ActionStream;
import io.vmxsim.cpu.GuestKernel;
import io.vmxsim.cpu.InterruptSource;
import io.vmxsim.cpu.TraceFeed;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The host's interrupts become the guest's, at once or through an interrupt window. */
class PendingInterruptTest {
  private static final int VECTOR = 0xec;

  /** A program of instructions, under a kernel that returns from every interrupt at once. */
  private static final class Kernel implements GuestKernel {
    final List<Integer> delivered = new ArrayList<>();
    private final ActionStream program;
    private ActionStream current = ActionStream.empty();

    Kernel(int instructions) {
      ActionBatch batch = new ActionBatch(instructions);
      for (int i = 0; i < instructions; i++) {
        batch.add(ActionKind.INSTRUCTION, 2, TracedGuest.CODE, ActionBatch.NO_BYTES);
      }
      ActionBatch[] once = {batch};
      program =
          new ActionStream(
              () -> {
                ActionBatch next = once[0];
                once[0] = new ActionBatch(1);
                return next.count() == 0 ? null : next;
              });
    }

    @Override
    public void deliver(int vector, int errorCode, long cr2, ActionBatch handler) {
      delivered.add(vector);
      handler.add(ActionKind.WORK, 0, TracedGuest.CODE, 10);
      handler.add(ActionKind.IRET, 0, 0, 0);
    }

    @Override
    public boolean next(ActionBatch handler) {
      boolean first = current != program;
      current = program;
      if (first) {
        handler.add(ActionKind.WORK, 0, TracedGuest.CODE, 10); // interrupts are off
        handler.add(ActionKind.IRET, 0, 0, 0);
      }
      return first;
    }

    @Override
    public ActionStream current() {
      return current;
    }
  }

  private static TracedGuest guest(VmPaging paging, Kernel kernel) {
    VmOptions options = VmOptions.of(paging, PageSize.SIZE_2M);
    TracedGuest guest = new TracedGuest("skylake-sp", options);
    guest.vcpu.initialState().memory(TracedGuest.TOP, 0x2027); // user level may run, too
    guest.vcpu.initialState().memory(0x2000, 0xe7);
    guest.processor.setGuest(TraceFeed.ofUserLevel(kernel));
    return guest;
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void anInterruptThatTheGuestCannotTakeWaitsForItsWindow(VmPaging paging) {
    Kernel kernel = new Kernel(5);
    TracedGuest guest = guest(paging, kernel);
    guest.processor.pending().requestInterrupt(VECTOR);
    guest.vcpu.run(1000);
    assertEquals(List.of(VECTOR), kernel.delivered);
    assertEquals(1, guest.exits(ExitReason.EXTERNAL_INTERRUPT));
    assertEquals(1, guest.exits(ExitReason.INTERRUPT_WINDOW));
  }

  @ParameterizedTest
  @EnumSource(VmPaging.class)
  void everyTickExitsOnceAndArrives(VmPaging paging) {
    Kernel kernel = new Kernel(1000);
    TracedGuest guest = guest(paging, kernel);
    guest.processor.pending().setTimer(InterruptSource.everyInstructions(100, VECTOR));
    guest.vcpu.run(10_000);
    // 1000 of the program, 10 before it, 10 for each tick
    assertEquals(11, kernel.delivered.size());
    assertEquals(11, guest.exits(ExitReason.EXTERNAL_INTERRUPT));
    assertEquals(0, guest.exits(ExitReason.INTERRUPT_WINDOW));
  }
}
