package io.vmxsim.vmm;

import io.vmxsim.cpu.GuestPort;
import io.vmxsim.cpu.GuestSide;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.StepOutcome;
import io.vmxsim.ept.Access;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest that performs a list of operations and notes how each ends; a fault is noted and the next
 * operation is due. It runs at RIP 0, each operation an instruction of one byte.
 */
final class ScriptedGuest implements GuestSide {
  /** What an operation does. */
  enum Kind {
    /** A store of 8 bytes. */
    STORE,
    /** A read, write or fetch of one byte, at CPL 0: {@code value} is the access. */
    PROBE,
    /** MOV to CR3. */
    LOAD_CR3,
    INVLPG
  }

  /** One operation. */
  record Operation(Kind kind, long address, long value) {}

  final List<String> log = new ArrayList<>();
  private final List<Operation> operations;
  private int next;
  private long rip;

  ScriptedGuest(List<Operation> operations) {
    this.operations = operations;
  }

  @Override
  public RunOutcome advance(Processor processor, long budget) {
    if (processor.state().rip != rip) { // the VMM has done it
      rip = processor.state().rip;
      log.add("done");
      next++;
    }
    while (next < operations.size()) {
      int performed = next;
      StepOutcome outcome = perform(processor, operations.get(next));
      if (outcome == StepOutcome.EXIT) {
        return RunOutcome.EXIT;
      }
      if (outcome == StepOutcome.DONE) {
        boolean probe = operations.get(performed).kind() == Kind.PROBE;
        log.add(probe ? "ok %x".formatted(processor.memoryAccess().physicalAddress()) : "done");
        next++;
      }
    }
    return RunOutcome.FINISHED;
  }

  private static StepOutcome perform(Processor processor, Operation operation) {
    long address = operation.address();
    return switch (operation.kind()) {
      case PROBE -> processor.memoryAccess().perform(address, 1, (int) operation.value());
      case INVLPG -> processor.sensitive().invlpg(address, 1);
      case LOAD_CR3 -> {
        processor.state().setRegister(0, address);
        yield processor.sensitive().controlRegisters().movTo(3, address, 0, 1);
      }
      case STORE -> {
        StepOutcome outcome = processor.memoryAccess().perform(address, 8, Access.WRITE);
        if (outcome == StepOutcome.DONE) {
          processor.memory().write64(processor.memoryAccess().physicalAddress(), operation.value());
        }
        yield outcome;
      }
    };
  }

  @Override
  public void deliver(Processor processor, int vector, int errorCode, boolean hasErrorCode) {
    log.add("vector %d code %x cr2 %x".formatted(vector, errorCode, processor.state().cr2));
    next++;
  }

  @Override
  public int emulate(Processor processor, GuestPort port) {
    Operation operation = operations.get(next);
    if (operation.kind() == Kind.STORE) {
      port.write(operation.address(), 8, operation.value());
    } else {
      port.read(operation.address(), 1);
    }
    return 1;
  }
}
