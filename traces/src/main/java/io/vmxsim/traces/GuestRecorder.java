package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.EventDelivery;
import io.vmxsim.cpu.ExitObserver;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.cpu.execute.AccessObserver;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.cpu.execute.InstructionObserver;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import java.util.function.Consumer;

/**
 * Records what one processor's guest does, as actions of a trace. What an instruction does is held
 * back until it is known to have been done: one that an exit interrupted is tried again, and counts
 * once.
 */
final class GuestRecorder implements InstructionObserver, AccessObserver, ExitObserver {
  private static final int PAGE = 4096;
  private static final int MOST_BYTES = 128;

  /** What of RFLAGS a replay depends on. */
  private static final long FLAGS = CpuState.IF | CpuState.AC | CpuState.FIXED_1;

  private static final int UNKNOWN = -1;

  private final Processor processor;
  private final PhysicalMemory memory;
  private final Executor executor;
  private final RecordedInstruction sensitive;
  private final RealModeStretch realMode;
  private final Consumer<ActionBatch> target;
  private final ActionBatch prefix = new ActionBatch(16);
  private final ActionBatch pending = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
  private final byte[] bytes = new byte[16];
  private final long[] loaded = new long[2];

  /** Where in {@link #pending} the accesses begin. */
  private int accesses;

  /** Instructions retired when the pending one began; nothing is pending if it is UNKNOWN. */
  private long begun = UNKNOWN;

  /** Some iterations of a string instruction are done: their accesses are. */
  private boolean iterated;

  /** An exit has interrupted what is pending: accesses that follow are made anew. */
  private boolean interrupted;

  private boolean isSensitive;
  private boolean hasExited;
  private boolean delivering;

  /** The exception that exited last, or whose delivery exited, as interruption information. */
  private long exitedException;

  private int updated = UNKNOWN;
  private int loads;
  private boolean returns;
  private int codeSize = UNKNOWN;
  private int cpl;
  private long flags = CpuState.FIXED_1;

  /**
   * @param registers the guest's control registers, as a VMM knew them last
   * @param target takes the actions; it does not keep the batch
   */
  GuestRecorder(Processor processor, PagingState registers, Consumer<ActionBatch> target) {
    this.processor = processor;
    this.target = target;
    memory = processor.memory();
    executor = (Executor) processor.guest();
    sensitive = new RecordedInstruction(processor);
    realMode = new RealModeStretch(registers);
  }

  // ---- Instructions ---------------------------------------------------------------------------

  @Override
  public void executing(Processor on, Instruction in) {
    settle();
    CpuState state = processor.state();
    track(state.codeSize(), state.cpl(), state.rflags() & FLAGS);
    begun = processor.instructions();
    interrupted = false;
    hasExited = false;
    long address = executor.codeAddress();
    addInstruction(address, in.length);
    sensitive.addTo(pending, in);
    returns = in.op == Op.IRET;
    loads = 0;
    accesses = pending.count();
    isSensitive = accesses > 1;
    if (isSensitive) {
      realMode.begins();
    }
  }

  /** Code size, CPL and RFLAGS, where the replay would not have them so. */
  private void track(int newCodeSize, int newCpl, long newFlags) {
    prefix.clear();
    realMode.executing((processor.state().cr0() & CpuState.CR0_PE) != 0, prefix);
    if (newCodeSize != codeSize) {
      prefix.add(ActionKind.SET_CODE_SIZE, newCodeSize, 0, 0);
      codeSize = newCodeSize;
    }
    if (newCpl != cpl) {
      prefix.add(ActionKind.SET_CPL, newCpl, 0, 0);
      cpl = newCpl;
    }
    if (newFlags != flags) {
      prefix.add(ActionKind.SET_RFLAGS, 0, 0, newFlags);
      flags = newFlags;
    }
    if (prefix.count() > 0) {
      target.accept(prefix);
    }
  }

  private void addInstruction(long address, int length) {
    boolean inPage = (address & PAGE - 1) + length <= PAGE;
    if (!inPage) {
      pending.add(ActionKind.INSTRUCTION, length, address, ActionBatch.NO_BYTES);
      return;
    }
    memory.readBytes(processor.mmu().physicalAddress(), bytes, 0, length);
    pending.addInstruction(address, bytes, 0, length);
  }

  /** Ends what is pending: it counts if it has been done, and else begins anew. */
  private void settle() {
    if (begun != UNKNOWN && isDone()) {
      commit();
    }
    drop();
  }

  private boolean isDone() {
    return iterated || processor.instructions() != begun;
  }

  private void drop() {
    pending.clear();
    returns = false;
    iterated = false;
    interrupted = false;
    accesses = 0;
    begun = UNKNOWN;
    delivering = false;
    updated = UNKNOWN;
  }

  private void commit() {
    if (interrupted) {
      pending.truncate(accesses);
    }
    if (isSensitive && isDone()) {
      realMode.done(pending, 1);
    }
    if (returns && isDone()) { // behind its accesses
      pending.add(ActionKind.IRET, 0, 0, 0);
      cpl = UNKNOWN;
      flags = UNKNOWN;
    }
    target.accept(pending);
    drop();
  }

  /** Others go on, or the guest is at its end: what has been done is handed over. */
  void endTurn() {
    if (begun != UNKNOWN && isDone()) {
      commit();
    }
  }

  // ---- Accesses -------------------------------------------------------------------------------

  /** Whether an access belongs to something that is recorded. */
  private boolean accepts() {
    if (begun == UNKNOWN && !delivering) {
      return false;
    }
    if (interrupted) {
      pending.truncate(accesses);
      interrupted = false;
      loads = 0;
    }
    return true;
  }

  private void add(ActionKind kind, long linear, int size) {
    for (int done = 0; done < size; done += MOST_BYTES) {
      pending.add(kind, Math.min(MOST_BYTES, size - done), linear + done, 0);
    }
  }

  @Override
  public void load(long linear, int size) {
    if (accepts()) {
      add(ActionKind.LOAD, linear, size);
    }
  }

  @Override
  public void loaded(long value) {
    if (begun == UNKNOWN) {
      return;
    }
    loaded[loads & 1] = value;
    loads++;
    if (loads == 2 && accesses > 0 && pending.kind(accesses - 1) == ActionKind.INVPCID.code()) {
      int type = pending.size(accesses - 1);
      pending.set(accesses - 1, type, loaded[1], loaded[0] & 0xfff);
    }
  }

  @Override
  public void store(long linear, int size, long value) {
    if (!accepts()) {
      return;
    }
    if ((linear & PAGE - 1) + size <= PAGE) {
      long mask = size == Long.BYTES ? -1 : (1L << (size * Byte.SIZE)) - 1;
      pending.add(ActionKind.STORE_VALUE, size, linear, value & mask);
    } else {
      for (int i = 0; i < size; i++) {
        pending.add(ActionKind.STORE_VALUE, 1, linear + i, value >>> (i * Byte.SIZE) & 0xff);
      }
    }
  }

  @Override
  public void update(long linear, int size) {
    if (accepts()) {
      updated = pending.count();
      add(ActionKind.STORE, linear, size);
    }
  }

  @Override
  public void updated(long value) {
    if (updated != UNKNOWN && updated < pending.count()) {
      long linear = pending.address(updated);
      int size = pending.size(updated);
      pending.truncate(updated);
      updated = UNKNOWN;
      store(linear, size, value);
    }
  }

  @Override
  public void stored(long linear, int size, long physical) {
    if (updated == UNKNOWN) {
      return;
    }
    pending.truncate(updated);
    updated = UNKNOWN;
    int done = 0;
    for (; done + Long.BYTES <= size; done += Long.BYTES) {
      store(linear + done, Long.BYTES, memory.read64(physical + done));
    }
    for (; done < size; done++) {
      store(linear + done, 1, memory.read8(physical + done));
    }
  }

  @Override
  public void iterated() {
    if (begun != UNKNOWN) {
      accesses = pending.count();
      iterated = true;
    }
  }

  // ---- Events and exits -----------------------------------------------------------------------

  @Override
  public void delivering(int vector, int errorCode) {
    long event = processor.events().delivering();
    if (event == 0) {
      return; // by a VMM that emulates a guest in real mode
    }
    EventType type = InterruptionInformation.type(event);
    boolean fault = type == EventType.HARDWARE_EXCEPTION || type.isSoftware();
    if (begun != UNKNOWN && (fault || isDone())) {
      if (isSensitive && !hasExited && !isDone()) {
        pending.truncate(1); // it has come to nothing, and not to an exit either
      }
      commit();
    } else if (delivering && !interrupted && isException(pending, 0)) {
      pending.truncate(1); // its delivery has met another
      target.accept(pending);
    }
    drop();
    if (type == EventType.HARDWARE_EXCEPTION && !isOfVmm(event)) {
      long address = vector == EventDelivery.PAGE_FAULT ? processor.state().cr2 : 0;
      pending.add(ActionKind.EXCEPTION, vector, errorCode & 0xffff_ffffL, address);
    } else {
      pending.add(ActionKind.INTERRUPT, vector, ActionKind.DELIVERED + type.code(), 0);
    }
    accesses = pending.count();
    delivering = true;
    interrupted = false;
  }

  /** Whether the VMM raises an exception, rather than inject what had exited. */
  private boolean isOfVmm(long event) {
    boolean reflected =
        InterruptionInformation.isValid(exitedException)
            && InterruptionInformation.vector(exitedException)
                == InterruptionInformation.vector(event); // INT1 comes back as a #DB
    return processor.events().isInjecting() && !reflected;
  }

  private static boolean isException(ActionBatch batch, int i) {
    return batch.kind(i) == ActionKind.EXCEPTION.code();
  }

  @Override
  public void delivered() {
    if (delivering) {
      target.accept(pending);
      drop();
      cpl = 0;
      flags &= ~CpuState.IF;
    }
  }

  /** Or by an event whose gate is a task gate: its delivery, too, is the VMM's then. */
  private void exitedByInstruction(ExitReason reason) {
    pending.truncate(begun == UNKNOWN ? 0 : accesses);
    pending.add(ActionKind.HOST_EVENT, reason.number(), 0, 0);
    accesses = pending.count();
    hasExited = true;
    if (begun == UNKNOWN) {
      target.accept(pending);
      drop();
    }
  }

  @Override
  public void exited(ExitReason reason, Vmcs vmcs) {
    exitedException =
        vmcs.get(
            reason == ExitReason.EXCEPTION_NMI
                ? VmcsField.VM_EXIT_INTERRUPTION_INFORMATION
                : VmcsField.IDT_VECTORING_INFORMATION);
    if (ActionOperands.HOST_EVENTS.contains(reason)) {
      settle();
      pending.add(ActionKind.HOST_EVENT, reason.number(), 0, 0);
      target.accept(pending);
      drop();
    } else if (ActionOperands.isOfInstruction(reason)) {
      exitedByInstruction(reason);
    } else {
      interrupted = begun == UNKNOWN || processor.instructions() == begun; // no trap behind it
      hasExited = true;
    }
  }
}
