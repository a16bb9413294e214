package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.GuestSide;
import io.vmxsim.cpu.Interruptibility;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.vmcs.ExitReason;
import org.jspecify.annotations.Nullable;

/**
 * Carries out instructions of a guest in software, for a VMM: the same decoder and the same
 * operations as {@link Executor}'s, on registers that the VMM fills in and memory that it reaches
 * through an {@link EmulationPort}. There is no cost and no time here; both are the VMM's.
 */
public final class Emulator {
  private static final int ALL_PORTS = 1 << 16;
  private static final int NO_EVENT = -1;

  private final Processor model;
  private final Executor executor;
  private int vector = NO_EVENT;
  private int errorCode;

  /** What became of an instruction. */
  public enum Outcome {
    /** It has completed, or got as far as it gets without a look at events. */
    DONE,
    /** It raises {@link #vector()}, which was not delivered. RIP is at the instruction. */
    FAULT,
    /** It is one that exits, for the VMM to carry out: {@link #exit()}. RIP is at it. */
    EXIT
  }

  private @Nullable Instruction next;
  private @Nullable ExitReason exit;
  private int exitLength;

  /**
   * @param like the processor that runs the guest; it lends its decoded code and its registers
   * @param profile the guest's processor
   */
  public Emulator(Processor like, CpuProfile profile, EmulationPort port) {
    Bus bus = Bus.withRam(0);
    bus.attachMemory(0, Long.MAX_VALUE, port);
    bus.attachPorts(0, ALL_PORTS, port);
    model = Processor.sharingRegisters(like, profile, bus);
    executor = new Executor(model, ((Executor) like.guest()).code(), port);
    model.setGuest(new Deliveries());
  }

  /**
   * The guest's registers, to be filled in before a step and taken out behind it; the general and
   * extended ones are the processor's.
   */
  public CpuState state() {
    return model.state();
  }

  /** The processor that {@link #state} is of. */
  public Processor model() {
    return model;
  }

  /** Sets who is told of the accesses that it makes in the guest's place; null for nobody. */
  public void observe(@Nullable AccessObserver observer) {
    executor.setAccessObserver(observer);
  }

  /**
   * The instruction at RIP, for a look before {@link #carryOut}; null if its fetch faults, which
   * that tells then.
   */
  public @Nullable Instruction fetch() {
    vector = NO_EVENT;
    next = executor.instructionAtRip();
    return next;
  }

  /** Carries out the instruction at RIP. */
  public Outcome step() {
    fetch();
    return carryOut();
  }

  /** Carries out the instruction that was fetched last. */
  public Outcome carryOut() {
    exit = next == null ? null : exitOf(next.op);
    exitLength = next == null ? 0 : next.length;
    if (vector == NO_EVENT && exit == null) {
      executor.stepOnce();
    }
    return vector != NO_EVENT ? Outcome.FAULT : exit != null ? Outcome.EXIT : Outcome.DONE;
  }

  /** What a VMM carries out by its handler of the exit, as it does where the guest itself runs. */
  private static @Nullable ExitReason exitOf(Op operation) {
    return switch (operation) {
      case CPUID -> ExitReason.CPUID;
      case HLT -> ExitReason.HLT;
      case RDMSR -> ExitReason.MSR_READ;
      case WRMSR -> ExitReason.MSR_WRITE;
      case RDTSC -> ExitReason.RDTSC;
      case RDPMC -> ExitReason.RDPMC;
      case INVD -> ExitReason.INVD;
      case WBINVD -> ExitReason.WBINVD;
      default -> null;
    };
  }

  /** FAULT: the exception's vector. CR2 and DR6 have been set for it. */
  public int vector() {
    return vector;
  }

  /** FAULT: its error code, if it has one. */
  public int errorCode() {
    return errorCode;
  }

  /** EXIT: the reason for which the instruction exits. */
  public ExitReason exit() {
    if (exit == null) {
      throw new IllegalStateException("no instruction that exits was met");
    }
    return exit;
  }

  /** EXIT: the length of the instruction. */
  public int exitLength() {
    return exitLength;
  }

  /** Delivers an event through the guest's interrupt table, as far as that raises no exception. */
  public Outcome deliver(int newVector, int code, boolean hasErrorCode) {
    vector = NO_EVENT;
    state().interruptibility &= ~Interruptibility.SHADOW;
    executor.deliver(model, newVector, code, hasErrorCode);
    return vector != NO_EVENT ? Outcome.FAULT : Outcome.DONE;
  }

  /**
   * Lets the traps on the previous instruction happen: real mode has them delivered, else they are
   * a FAULT.
   */
  public Outcome trap() {
    vector = NO_EVENT;
    model.pollEvents();
    return vector != NO_EVENT ? Outcome.FAULT : Outcome.DONE;
  }

  /** Whether an exception met the delivery of a double fault in real mode. */
  public boolean isShutDown() {
    return model.isShutDown();
  }

  /** The registers become what an INIT makes of them. */
  public void init() {
    model.init();
    model.state().activity = ActivityState.ACTIVE; // to wait for a start-up IPI is the VMM's
  }

  /** Real mode delivers its events itself, for VM entry could not; else the VMM injects them. */
  private final class Deliveries implements GuestSide {
    @Override
    public RunOutcome advance(Processor processor, long budget) {
      throw new IllegalStateException("the emulator runs single instructions");
    }

    @Override
    public void deliver(Processor processor, int newVector, int code, boolean hasErrorCode) {
      if ((model.state().cr0() & CpuState.CR0_PE) == 0) {
        executor.deliver(processor, newVector, code, hasErrorCode);
        return;
      }
      vector = newVector;
      errorCode = hasErrorCode ? code : 0;
    }
  }
}
