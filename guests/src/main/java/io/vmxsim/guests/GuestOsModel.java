package io.vmxsim.guests;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionSource;
import io.vmxsim.cpu.ActionStream;
import io.vmxsim.cpu.GuestKernel;
import io.vmxsim.vmcs.NotModelledException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a guest kernel does around user-level traces: it starts a process per trace, maps pages when
 * they are first touched, answers timer ticks, switches between processes and takes them down at
 * their end. {@code docs/guest-model.md} describes it. It is as thin as it can be while the MMU
 * sees what a real kernel would make it see: page-table stores, CR3 loads, zeroing through the
 * direct map.
 *
 * <p>Not modelled: copy-on-write, file mappings, reclaim, TLB shoot-downs, system calls.
 */
public final class GuestOsModel implements GuestKernel {

  /** Vector of the timer tick, Linux's LOCAL_TIMER_VECTOR. */
  public static final int TICK_VECTOR = 0xec;

  /** Added to a process's PCID for its user tables, as Linux's page-table isolation does. */
  static final int USER_PCID = 0x800;

  private static final int PAGE_FAULT = 14;
  private static final int PRESENT_FAULT = 1;

  /** Present, writable, user, accessed. */
  private static final long TABLE_FLAGS = 0x27;

  /** As a table's, and dirty: what Linux gives a fresh anonymous page. */
  private static final long PAGE_FLAGS = 0x67;

  private static final long LARGE_PAGE = 1L << 7;

  private final GuestOsOptions options;
  private final KernelCode kernel;
  private final FrameAllocator frames;
  private final BootTables boot;
  private final List<ActionSource> notStarted;
  private final List<GuestProcess> running = new ArrayList<>();
  private GuestProcess current;
  private int processesStarted;
  private int ticksSinceSwitch;
  private int tablesUnmapped;
  private boolean atUserLevel;

  /** A process: its stream, its address space, its PCID. */
  private record GuestProcess(ActionStream stream, AddressSpace space, int pcid) {}

  /**
   * @param options what it does
   * @param traces one user-level stream per process, started in this order
   */
  public GuestOsModel(GuestOsOptions options, List<ActionSource> traces) {
    this.options = options;
    this.kernel = new KernelCode(options);
    this.frames = new FrameAllocator(KernelLayout.FIRST_FREE_FRAME, options.memoryBytes());
    this.boot = new BootTables(options, frames);
    this.notStarted = new ArrayList<>(traces);
    this.current =
        new GuestProcess(ActionStream.empty(), new AddressSpace(boot.top(), boot.top()), 0);
  }

  /** The state the kernel is booted into: its page tables and control registers. */
  public ActionBatch initialState() {
    return boot.initialState();
  }

  @Override
  public ActionStream current() {
    return current.stream();
  }

  @Override
  public void deliver(int vector, int errorCode, long cr2, ActionBatch handler) {
    kernel.writeTo(handler);
    enter();
    switch (vector) {
      case PAGE_FAULT -> pageFault(errorCode, cr2);
      case TICK_VECTOR -> tick();
      default -> throw new NotModelledException("vector " + vector + " in the guest model", 0);
    }
    leave();
  }

  @Override
  public boolean next(ActionBatch handler) {
    kernel.writeTo(handler);
    if (atUserLevel) {
      enter();
    }
    if (!notStarted.isEmpty()) {
      start(notStarted.remove(0));
      return true;
    }
    if (running.isEmpty()) {
      return false;
    }
    if (options.processEnd() && tablesUnmapped < current.space().leafTableCount()) {
      unmapTable(tablesUnmapped++);
      return true;
    }
    end();
    return true;
  }

  private void enter() {
    kernel.enter(current.space(), current.pcid());
    atUserLevel = false;
  }

  private void leave() {
    kernel.leave(current.space(), current.pcid());
    atUserLevel = true;
  }

  private void start(ActionSource trace) {
    kernel.run(KernelPath.START_PROCESS);
    long top = topLevelTable(true);
    long userTop = options.isolation() ? topLevelTable(false) : top;
    processesStarted++;
    GuestProcess started =
        new GuestProcess(new ActionStream(trace), new AddressSpace(top, userTop), processesStarted);
    running.add(started);
    if (notStarted.isEmpty()) {
      switchTo(running.get(0));
      leave();
    }
  }

  private long topLevelTable(boolean withDirectMap) {
    long table = frames.allocate(12);
    kernel.run(KernelPath.ALLOCATE_FRAME);
    kernel.zero(table, 12);
    if (withDirectMap) {
      kernel.storeEntry(table + 8L * KernelLayout.DIRECT_MAP_SLOT, boot.directMapEntry());
    }
    kernel.storeEntry(table + 8L * KernelLayout.TEXT_SLOT, boot.textEntry());
    return table;
  }

  private void pageFault(int errorCode, long linear) {
    int leafLevel = (options.pageShift() - 3) / 9;
    AddressSpace space = current.space();
    kernel.run(KernelPath.FIND_REGION);
    if ((errorCode & PRESENT_FAULT) != 0 || space.hasLeaf(leafLevel, linear)) {
      throw new NotModelledException(
          "protection fault at 0x" + Long.toHexString(linear) + " in the guest model", linear);
    }
    for (int level = AddressSpace.TOP_LEVEL; level > leafLevel; level--) {
      kernel.load(space.entry(level, linear));
      if (space.table(level - 1, linear) < 0) {
        addTable(space, level, linear);
      }
    }
    long frame = frames.allocate(options.pageShift());
    kernel.run(KernelPath.ALLOCATE_FRAME);
    kernel.zero(frame, options.pageShift());
    kernel.load(space.entry(leafLevel, linear));
    kernel.storeEntry(
        space.entry(leafLevel, linear), frame | PAGE_FLAGS | (leafLevel > 1 ? LARGE_PAGE : 0));
    space.addLeaf(leafLevel, linear);
  }

  /** Puts a new table below the entry of {@code level}; the user's top-level table gets it too. */
  private void addTable(AddressSpace space, int level, long linear) {
    long table = frames.allocate(12);
    kernel.run(KernelPath.ALLOCATE_FRAME);
    kernel.zero(table, 12);
    space.addTable(level - 1, linear, table);
    long entry = space.entry(level, linear);
    kernel.storeEntry(entry, table | TABLE_FLAGS);
    if (level == AddressSpace.TOP_LEVEL && space.isolated()) {
      kernel.storeEntry(entry - space.top() + space.userTop(), table | TABLE_FLAGS);
    }
  }

  private void tick() {
    kernel.endOfInterrupt();
    if (options.tickWork()) {
      kernel.run(KernelPath.TICK);
    }
    kernel.armTimer();
    ticksSinceSwitch++;
    if (running.size() > 1 && ticksSinceSwitch == options.ticksPerSwitch()) {
      switchTo(running.get((running.indexOf(current) + 1) % running.size()));
    }
  }

  private void switchTo(GuestProcess next) {
    ticksSinceSwitch = 0;
    kernel.run(KernelPath.SWITCH);
    kernel.loadCr3(next.space().top(), next.pcid());
    kernel.loadThreadPointer((long) next.pcid() << 32);
    current = next;
  }

  /** Clears the present entries of one leaf table. */
  private void unmapTable(int table) {
    kernel.run(KernelPath.UNMAP_TABLE);
    long base = current.space().leafTable(table);
    long[] present = current.space().presentLeaves(table);
    for (int i = 0; i < 512; i++) {
      if ((present[i >>> 6] & (1L << i)) != 0) {
        kernel.storeEntry(base + 8L * i, 0);
      }
    }
  }

  /**
   * The rest of a process's end: off its tables, on to the next process or back to the boot tables.
   */
  private void end() {
    kernel.run(KernelPath.END_PROCESS);
    tablesUnmapped = 0;
    int at = running.indexOf(current);
    running.remove(at);
    if (running.isEmpty()) {
      kernel.loadCr3(boot.top(), 0);
    } else {
      switchTo(running.get(at % running.size()));
      leave();
    }
  }
}
