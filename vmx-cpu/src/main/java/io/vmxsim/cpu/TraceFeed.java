package io.vmxsim.cpu;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import org.jspecify.annotations.Nullable;

/**
 * The guest side of a replay: it performs the actions of a trace, and around them those of a
 * modelled kernel, on the processor.
 *
 * <p>With a {@link GuestKernel} the trace is user-level: an event that is delivered makes the
 * kernel append its handler's actions, which run first. Without one the trace is of the whole
 * system: an event that is delivered must be the next {@link ActionKind#EXCEPTION} or {@link
 * ActionKind#INTERRUPT} in the trace.
 *
 * <p>After a fault or a VM exit the action itself is tried again, not the whole instruction it
 * belongs to: a faulting second access does not repeat the first one.
 */
public final class TraceFeed implements GuestSide {
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();
  private static final byte IN = ActionKind.IN.code();
  private static final byte OUT = ActionKind.OUT.code();
  private static final byte STORE_VALUE = ActionKind.STORE_VALUE.code();

  @SuppressWarnings("EnumOrdinal") // prices are indexed in declaration order
  private static final int SIMPLE = InstructionClass.SIMPLE.ordinal();

  private final String source;
  private final @Nullable GuestKernel kernel;
  private final ActionBatch handler = new ActionBatch(256);
  private final ActionStream handlerStream = new ActionStream(() -> null);
  private final EventFrames frames = new EventFrames();
  private final SensitiveActions sensitive = new SensitiveActions();
  private ActionStream user;

  /** RIP as the guest has it: after a VM exit, the processor's own is the host's. */
  private long guestRip;

  /** The stream whose action the last VM exit interrupted. */
  private @Nullable ActionStream exited;

  /** The vector of a page fault that the whole-system trace must account for next, or -1. */
  private int expectedException = -1;

  private boolean interruptRaised;

  /** Root software has carried out the action that exited, and the position has moved on. */
  private boolean emulated;

  private TraceFeed(String source, @Nullable GuestKernel kernel, ActionStream user) {
    this.source = source;
    this.kernel = kernel;
    this.user = user;
    handlerStream.batch = handler;
  }

  /** A feed of user-level traces with {@code kernel} around them. */
  public static TraceFeed ofUserLevel(GuestKernel kernel) {
    return new TraceFeed("trace", kernel, kernel.current());
  }

  /**
   * A feed of a whole system's trace.
   *
   * @param source its name, for messages
   */
  public static TraceFeed ofSystem(String source, ActionSource trace) {
    return new TraceFeed(source, null, new ActionStream(trace));
  }

  /** Whether what runs now is the modelled kernel and not the trace. */
  public boolean inModelledKernel() {
    return handlerPending();
  }

  /**
   * Takes the {@code INITIAL_} actions at the beginning of a whole-system trace.
   *
   * @param state receives each
   */
  public void loadInitialState(InitialState state) {
    while (user.fill() && state.take(user.current(), user.index)) {
      user.index++;
    }
  }

  @Override
  public RunOutcome advance(Processor processor, long budget) {
    settleExit(processor);
    long end = processor.instructions() + budget;
    while (processor.instructions() < end) {
      ActionStream stream = nextStream(processor);
      if (stream == null) {
        return RunOutcome.FINISHED;
      }
      StepOutcome outcome = runStream(processor, stream, end);
      if (outcome == StepOutcome.EXIT) {
        exited = stream;
        return RunOutcome.EXIT;
      }
      if (processor.state().activity != ActivityState.ACTIVE) {
        return RunOutcome.HALTED;
      }
    }
    return RunOutcome.BUDGET;
  }

  /** Runs actions of one stream until something else is due. */
  private StepOutcome runStream(Processor processor, ActionStream stream, long end) {
    ActionBatch batch = stream.current();
    int privilege = processor.state().cpl() == 3 ? Access.USER : 0;
    int count = batch.count();
    for (int i = stream.index; i < count; i++) {
      stream.index = i;
      byte kind = batch.kind(i);
      StepOutcome outcome;
      if (kind == LOAD) {
        outcome =
            processor
                .memoryAccess()
                .perform(batch.address(i), batch.size(i), Access.READ | privilege);
      } else if (kind == INSTRUCTION) {
        if (processor.instructions() >= end) {
          return StepOutcome.DONE;
        }
        outcome = instruction(processor, stream, batch.address(i), batch.size(i), privilege);
        if (outcome == StepOutcome.DONE && !isSensitive(batch, i + 1)) {
          processor.retire(SIMPLE);
        }
      } else if (kind == STORE) {
        outcome =
            processor
                .memoryAccess()
                .perform(batch.address(i), batch.size(i), Access.WRITE | privilege);
      } else {
        outcome = other(processor, stream, batch, i, privilege);
        if (outcome == StepOutcome.DONE) {
          stream.index = i + 1;
        }
        return outcome;
      }
      if (outcome != StepOutcome.DONE) {
        return outcome;
      }
    }
    stream.index = count;
    return StepOutcome.DONE;
  }

  private StepOutcome instruction(
      Processor processor, ActionStream stream, long address, int length, int privilege) {
    moveTo(processor, address);
    stream.instructionAddress = address;
    stream.instructionLength = Math.max(1, length);
    StepOutcome outcome = processor.pollEvents();
    if (outcome != StepOutcome.DONE) {
      return outcome;
    }
    return processor
        .memoryAccess()
        .perform(address, stream.instructionLength, Access.FETCH | privilege);
  }

  /** Whether action {@code i} is the sensitive instruction itself, which retires on its own. */
  private static boolean isSensitive(ActionBatch batch, int i) {
    return i < batch.count() && ActionKind.isSensitive(batch.kind(i));
  }

  private StepOutcome other(
      Processor processor, ActionStream stream, ActionBatch batch, int i, int privilege) {
    ActionKind kind = ActionKind.ofCode(batch.kind(i));
    long address = batch.address(i);
    return switch (kind) {
      case STORE_VALUE -> storeValue(processor, address, batch.size(i), batch.value(i), privilege);
      case WORK -> work(processor, stream, address, batch.value(i), privilege);
      case EXCEPTION -> exception(processor, batch.size(i), (int) address, batch.value(i));
      case INTERRUPT ->
          address == 0
              ? interrupt(processor, batch.size(i))
              : delivered(processor, stream, batch.size(i), (int) address & 7);
      case HOST_EVENT -> {
        stream.index = i + 1; // it is not tried again
        yield hostEvent(processor, batch.size(i));
      }
      case IRET -> {
        returnFromEvent(processor);
        yield StepOutcome.DONE;
      }
      case SET_CPL -> {
        processor.state().setCpl(batch.size(i));
        yield StepOutcome.DONE;
      }
      case SET_CODE_SIZE -> {
        processor.state().setCodeSize(batch.size(i));
        yield StepOutcome.DONE;
      }
      case SET_RFLAGS -> {
        processor.state().setRflags(batch.value(i));
        yield StepOutcome.DONE;
      }
      default ->
          sensitive.perform(
              processor, kind, batch.size(i), address, batch.value(i), stream.instructionLength);
    };
  }

  private static StepOutcome storeValue(
      Processor processor, long address, int size, long value, int privilege) {
    StepOutcome outcome = processor.memoryAccess().perform(address, size, Access.WRITE | privilege);
    if (outcome == StepOutcome.DONE) {
      long physical = processor.memoryAccess().physicalAddress();
      if (processor.bus().isRam(physical)) {
        write(processor.memory(), physical, size, value);
      } else {
        processor.bus().write(physical, size, value);
      }
    }
    return outcome;
  }

  private static void write(PhysicalMemory memory, long physical, int size, long value) {
    switch (size) {
      case 1 -> memory.write8(physical, (int) value);
      case 2 -> memory.write16(physical, (int) value);
      case 4 -> memory.write32(physical, (int) value);
      default -> memory.write64(physical, value);
    }
  }

  private StepOutcome work(
      Processor processor, ActionStream stream, long address, long instructions, int privilege) {
    StepOutcome outcome = instruction(processor, stream, address, 1, privilege);
    if (outcome == StepOutcome.DONE) {
      processor.retire(SIMPLE, instructions);
    }
    return outcome;
  }

  /** An exception that the trace says was taken, and that no access of the replay has caused. */
  private StepOutcome exception(Processor processor, int vector, int errorCode, long cr2) {
    return isExpected(vector) ? StepOutcome.DONE : processor.raise(vector, errorCode, cr2);
  }

  /** Whether the replay has come to that exception already, which is accounted for then. */
  private boolean isExpected(int vector) {
    boolean expected = expectedException == vector;
    if (expected) {
      expectedException = -1;
    }
    return expected;
  }

  /** An external interrupt that the trace says was taken here, so interrupts were enabled. */
  private StepOutcome interrupt(Processor processor, int vector) {
    processor.state().setRflags(processor.state().rflags() | CpuState.IF);
    if (!interruptRaised) {
      interruptRaised = true;
      processor.pending().requestInterrupt(vector);
    }
    return processor.pollEvents();
  }

  /** An event of the guest's that its VMM, or an instruction, delivers here. */
  private StepOutcome delivered(Processor processor, ActionStream stream, int vector, int code) {
    EventType type = EventType.ofCode(code);
    if (type == EventType.HARDWARE_EXCEPTION && isExpected(vector)) {
      return StepOutcome.DONE;
    }
    return type.isSoftware()
        ? processor.events().software(vector, type, stream.instructionLength)
        : processor.events().interrupt(vector, type);
  }

  /** The VMM gets control, for a reason that is none of the guest's. */
  private static StepOutcome hostEvent(Processor processor, int number) {
    ExitReason reason = ExitReason.of(number);
    return processor.inNonRoot() && reason != null
        ? processor.vmExit().event(reason)
        : StepOutcome.DONE;
  }

  /**
   * The guest waits, and what comes next in the trace is the interrupt that ended the wait.
   *
   * @return whether that is so; the interrupt is then pending
   */
  public boolean wakeByTrace(Processor processor) {
    if (handlerPending()
        || interruptRaised
        || !user.fill()
        || user.current().kind(user.index) != ActionKind.INTERRUPT.code()
        || user.current().address(user.index) != 0) {
      return false;
    }
    interruptRaised = true;
    processor.pending().requestInterrupt(user.current().size(user.index));
    return true;
  }

  @Override
  public void deliver(Processor processor, int vector, int errorCode, boolean hasErrorCode) {
    settleExit(processor);
    if (expectedException >= 0) {
      throw diverged("exception " + expectedException, "vector " + vector, processor);
    }
    frames.push(processor.state());
    processor.state().setCpl(0);
    processor.state().setRflags(processor.state().rflags() & ~CpuState.IF);
    if (kernel == null) {
      account(processor, vector);
    } else if (handlerPending()) {
      throw new NotModelledException(
          "vector %d (error code %x, CR2 %x) inside the modelled guest kernel"
              .formatted(vector, errorCode, processor.state().cr2),
          processor.state().rip);
    } else {
      newHandler(processor);
      kernel.deliver(vector, errorCode, processor.state().cr2, handler);
      consumeTracedEvent(vector);
    }
  }

  /**
   * Holds a delivered event against the whole-system trace: this action is it, or the next one is.
   */
  private void account(Processor processor, int vector) {
    if (consumeTracedEvent(vector)) {
      return;
    }
    if (vector >= 32) {
      throw diverged("interrupt " + vector, "none in the trace", processor);
    }
    user.index++;
    expectedException = vector;
  }

  private boolean consumeTracedEvent(int vector) {
    if (!user.fill() || user.current().size(user.index) != vector) {
      return false;
    }
    byte kind = user.current().kind(user.index);
    if (kind != ActionKind.INTERRUPT.code() && kind != ActionKind.EXCEPTION.code()) {
      return false;
    }
    interruptRaised = false;
    user.index++;
    return true;
  }

  private void returnFromEvent(Processor processor) {
    frames.pop(processor.state());
    if (kernel != null) {
      user = kernel.current();
      processor.state().rip = user.instructionAddress;
    }
    guestRip = processor.state().rip;
    processor.sensitive().iretBegins();
    processor.sensitive().iret();
  }

  /**
   * {@inheritDoc}
   *
   * <p>In a whole system's trace what follows of the instruction's accesses is carried out too, as
   * by a VMM that emulates an instruction.
   */
  @Override
  public int emulate(Processor processor, GuestPort port) {
    ActionStream stream = handlerPending() ? handlerStream : user;
    if (!stream.fill() || !carryOut(stream.current(), stream.index, port)) {
      return 0;
    }
    while (kernel == null && !port.hasFaulted()) {
      if (isSensitive(stream.current(), stream.index)) {
        processor.countUnpriced();
      }
      stream.index++;
      emulated = true;
      if (!stream.fill() || !carryOut(stream.current(), stream.index, port)) {
        break;
      }
    }
    return stream.instructionLength;
  }

  private static boolean carryOut(ActionBatch batch, int i, GuestPort port) {
    byte kind = batch.kind(i);
    long address = batch.address(i);
    int size = Math.min(8, batch.size(i));
    if (kind == IN) {
      port.in(SensitiveActions.port(address), size);
    } else if (kind == OUT) {
      port.out(SensitiveActions.port(address), size);
    } else if (kind == STORE_VALUE) {
      port.write(address, size, batch.value(i));
    } else if (kind == STORE) {
      port.write(address, size, port.read(address, size));
    } else if (kind == LOAD) {
      port.read(address, size);
    } else {
      return false;
    }
    return true;
  }

  /** After a VM exit: if root software moved RIP, it has done the action for the guest. */
  private void settleExit(Processor processor) {
    ActionStream stream = exited;
    if (stream == null) {
      return;
    }
    exited = null;
    boolean done = emulated; // the position is behind it
    emulated = false;
    if (processor.state().rip != guestRip) {
      if (!done) {
        if (isSensitive(stream.current(), stream.index)) {
          processor.countUnpriced();
        }
        stream.index++;
      }
      moveTo(processor, stream.instructionAddress);
    }
  }

  private void moveTo(Processor processor, long rip) {
    processor.state().rip = rip;
    guestRip = rip;
  }

  private @Nullable ActionStream nextStream(Processor processor) {
    while (true) {
      if (handlerPending()) {
        return handlerStream;
      }
      if (user.fill()) {
        return user;
      }
      if (kernel == null) {
        return null;
      }
      newHandler(processor);
      processor.state().setCpl(0);
      processor.state().setRflags(processor.state().rflags() & ~CpuState.IF);
      if (!kernel.next(handler)) {
        return null;
      }
    }
  }

  private boolean handlerPending() {
    return handlerStream.index < handler.count();
  }

  private void newHandler(Processor processor) {
    handler.clear();
    handlerStream.index = 0;
    handlerStream.instructionAddress = processor.state().rip;
  }

  private InputException diverged(String expected, String found, Processor processor) {
    return new InputException(
        source,
        "RIP 0x" + Long.toHexString(processor.state().rip),
        expected + " next, but the replay came to " + found);
  }
}
