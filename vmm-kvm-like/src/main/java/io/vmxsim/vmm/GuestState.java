package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.ept.PagingState;
import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Takes the guest's registers out of the VMCS and the processor, for software that carries out an
 * instruction in the guest's place, and puts back what that has changed. General and extended
 * registers both have in common.
 */
final class GuestState {
  private static final long LOW_32 = 0xffff_ffffL;

  /** DR0 to DR3 and DR6, which the VMCS does not hold. */
  private static final int[] LIVE_DEBUG = {0, 1, 2, 3, 6};

  /** Operations on general registers, extended registers and memory, but for those below. */
  private static final Set<Op.Group> PLAIN =
      EnumSet.of(
          Op.Group.ALU,
          Op.Group.BIT,
          Op.Group.MOVE,
          Op.Group.SHIFT,
          Op.Group.STRING,
          Op.Group.SIMD_MOVE);

  /** They load or read segment registers, or ask the I/O permission bitmap of the TSS. */
  private static final Set<Op> NOT_PLAIN =
      EnumSet.of(Op.MOV_RM_S, Op.MOV_S_RM, Op.LES, Op.LDS, Op.LSS, Op.LFS, Op.LGS, Op.INS, Op.OUTS);

  private final CurrentVmcs vmcs;
  private final GuestControlRegisters control;
  private final CpuState live;
  private final CpuState state;

  /** What every instruction may read or change. */
  private final List<Row> rows = new ArrayList<>();

  /** What in 64-bit mode only those do that {@link #needsSystemState} names. */
  private final List<Row> systemRows = new ArrayList<>();

  private boolean systemLoaded;

  /** A field of the VMCS and the register it stands for. */
  private static final class Row {
    final VmcsField field;
    final LongSupplier get;
    final LongConsumer set;
    long inVmcs;

    Row(VmcsField field, LongSupplier get, LongConsumer set) {
      this.field = field;
      this.get = get;
      this.set = set;
    }
  }

  /**
   * @param live the processor's registers, after a VM exit
   * @param state the registers to fill in
   */
  GuestState(CurrentVmcs vmcs, GuestControlRegisters control, CpuState live, CpuState state) {
    this.vmcs = vmcs;
    this.control = control;
    this.live = live;
    this.state = state;
    for (Segment segment : Segment.values()) {
      addSegment(segment);
    }
    add(rows, VmcsField.GUEST_RIP, () -> state.rip, value -> state.rip = value);
    add(
        rows,
        VmcsField.GUEST_RSP,
        () -> state.register(CpuState.RSP),
        value -> state.setRegister(CpuState.RSP, value));
    add(rows, VmcsField.GUEST_RFLAGS, state::rflags, state::setRflags);
    add(rows, VmcsField.GUEST_DR7, () -> state.debug[7], value -> state.debug[7] = value);
    add(
        rows,
        VmcsField.GUEST_INTERRUPTIBILITY_STATE,
        () -> state.interruptibility,
        value -> state.interruptibility = (int) value);
    add(
        rows,
        VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS,
        () -> state.pendingDebugExceptions,
        value -> state.pendingDebugExceptions = value);
    addTables();
  }

  private void addTables() {
    add(
        systemRows,
        VmcsField.GUEST_GDTR_BASE,
        () -> state.gdtrBase,
        value -> state.gdtrBase = value);
    add(
        systemRows,
        VmcsField.GUEST_IDTR_BASE,
        () -> state.idtrBase,
        value -> state.idtrBase = value);
    add(
        systemRows,
        VmcsField.GUEST_GDTR_LIMIT,
        () -> state.gdtrLimit & LOW_32,
        value -> state.gdtrLimit = (int) value);
    add(
        systemRows,
        VmcsField.GUEST_IDTR_LIMIT,
        () -> state.idtrLimit & LOW_32,
        value -> state.idtrLimit = (int) value);
  }

  /** The access rights of CS and SS hold the mode and the privilege level. */
  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  private void addSegment(Segment segment) {
    int i = segment.ordinal();
    boolean always = segment == Segment.CS || segment == Segment.SS;
    add(
        systemRows,
        segment.guestSelector(),
        () -> state.selectors[i],
        value -> state.selectors[i] = (int) value);
    add(systemRows, segment.guestBase(), () -> state.bases[i], value -> state.bases[i] = value);
    add(
        systemRows,
        segment.guestLimit(),
        () -> state.limits[i] & LOW_32,
        value -> state.limits[i] = (int) value);
    add(
        always ? rows : systemRows,
        segment.guestAccessRights(),
        () -> state.accessRights[i],
        value -> state.accessRights[i] = (int) value);
  }

  private static void add(List<Row> rows, VmcsField field, LongSupplier get, LongConsumer set) {
    rows.add(new Row(field, get, set));
  }

  /** Fills in all registers. */
  void load() {
    loadForFetch();
    loadSystemState();
  }

  /**
   * Fills in what it takes to fetch an instruction: in 64-bit mode, where segments other than FS
   * and GS are flat, a part of the registers, else all.
   */
  void loadForFetch() {
    read(rows);
    systemLoaded = false;
    control.refresh();
    PagingState guest = control.state();
    state.paging().setControlRegisters(guest.cr0(), guest.cr3(), guest.cr4(), guest.efer());
    state.paging().setPkru(live.paging().pkru());
    copyLive(live, state);
    if (!state.in64BitMode()) {
      loadSystemState();
    }
  }

  /** Fills in the others, unless they are there. */
  void loadSystemState() {
    if (!systemLoaded) {
      systemLoaded = true;
      read(systemRows);
    }
  }

  /** Whether all registers were filled in. */
  boolean hasSystemState() {
    return systemLoaded;
  }

  /** Whether an instruction, in 64-bit mode, may need what {@link #loadForFetch} left out. */
  static boolean needsSystemState(Instruction instruction) {
    return instruction.segment >= Instruction.FS
        || !PLAIN.contains(instruction.op.group())
        || NOT_PLAIN.contains(instruction.op);
  }

  private void read(List<Row> part) {
    for (Row row : part) {
      row.inVmcs = vmcs.read(row.field);
      row.set.accept(row.inVmcs);
    }
  }

  /** Puts back what has changed since it was filled in. */
  void store() {
    write(rows, false);
    if (systemLoaded) {
      write(systemRows, false);
    }
    control.take(state);
    live.paging().setPkru(state.paging().pkru());
    copyLive(state, live);
  }

  /** Puts all registers into the VMCS, as a reset does. */
  void storeAll() {
    write(rows, true);
    write(systemRows, true);
    systemLoaded = true;
    control.start(state.cr0(), state.cr3(), state.cr4(), state.efer());
    live.paging().setPkru(state.paging().pkru());
    copyLive(state, live);
  }

  private void write(List<Row> part, boolean unchanged) {
    for (Row row : part) {
      long value = row.get.getAsLong();
      if (unchanged || value != row.inVmcs) {
        vmcs.write(row.field, value);
      }
    }
  }

  private static void copyLive(CpuState from, CpuState to) {
    to.cr2 = from.cr2;
    to.xcr0 = from.xcr0;
    for (int register : LIVE_DEBUG) {
      to.debug[register] = from.debug[register];
    }
  }
}
