package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.MmuCosts;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.ExitQualification;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmxAbort;
import org.jspecify.annotations.Nullable;

/**
 * One logical processor: its state, its MMU, VMX operation, events and the account of its cycles.
 *
 * <p>Nobody blocks: {@link #run} drives the guest side until something is for somebody else to
 * decide. Root software is Java code between two calls of it; it uses {@link #vmx} as real root
 * software uses the VMX instructions.
 */
public final class Processor {
  private final CpuProfile profile;
  private final CostModel costs;
  private final PhysicalMemory memory;
  private final Bus bus;
  private final Mmu mmu;
  private final CpuState state;
  private final Cycles cycles = new Cycles();
  private final MsrFile msrs;
  private final XsaveLayout xsaveLayout;
  private final Intercepts intercepts;
  private final DebugRegisters debug;
  private final PendingEvents pending;
  private final EventDelivery events;
  private final VirtualApic virtualApic;
  private final ApicAccessPage apicAccessPage;
  private final PostedInterrupts postedInterrupts;
  private final GuestTimer guestTimer;
  private final IpiVirtualization ipiVirtualization;
  private final VmExit vmExit;
  private final VmTransitions transitions;
  private final MemoryAccess memoryAccess;
  private final EptEvents eptEvents;
  private final VmxInstructions vmx;
  private final SensitiveInstructions sensitive;
  private final BranchHistory branches = new BranchHistory();

  private @Nullable LocalApic localApic;
  private @Nullable GuestSide guest;
  private @Nullable Vmcs controlling;
  private @Nullable VmxAbort vmxAbort;
  private boolean exitUnreported;
  private long instructions;

  /** A processor without a board: all physical addresses are RAM, and no port is connected. */
  public Processor(CpuProfile profile, PhysicalMemory memory) {
    this(profile, memory, Bus.none());
  }

  /**
   * A processor as its reset leaves it, outside VMX operation.
   *
   * @param memory what holds the RAM of {@code bus}; its address width is the processor's
   */
  public Processor(CpuProfile profile, PhysicalMemory memory, Bus bus) {
    this(profile, memory, bus, null);
  }

  /**
   * A processor for software that emulates what runs on {@code like}: outside VMX operation, with
   * the same general and extended registers. The rest of its state is its own.
   */
  public static Processor sharingRegisters(Processor like, CpuProfile profile, Bus bus) {
    return new Processor(profile, like.memory, bus, like.state);
  }

  private Processor(
      CpuProfile profile, PhysicalMemory memory, Bus bus, @Nullable CpuState sharing) {
    this.profile = profile;
    this.memory = memory;
    this.bus = bus;
    costs = profile.costs();
    mmu =
        new Mmu(
            memory,
            profile.mmuGeometry(),
            new MmuCosts(
                (int) costs.of(Cost.TLB_L2_HIT),
                (int) costs.of(Cost.WALK_ENTRY_READ),
                (int) costs.of(Cost.WALK_NESTED_TLB_HIT)));
    mmu.paging().setPage1GSupported(profile.cpuid().has(CpuidFeature.PAGE1GB));
    state = sharing == null ? new CpuState(mmu, profile.cpuid()) : new CpuState(mmu, sharing);
    xsaveLayout = new XsaveLayout(profile.cpuid());
    msrs = new MsrFile(this);
    intercepts = new Intercepts(memory);
    debug = new DebugRegisters(this);
    pending = new PendingEvents(this);
    events = new EventDelivery(this);
    virtualApic = new VirtualApic(this);
    apicAccessPage = new ApicAccessPage(this);
    postedInterrupts = new PostedInterrupts(this);
    guestTimer = new GuestTimer(this);
    ipiVirtualization = new IpiVirtualization(this);
    vmExit = new VmExit(this);
    transitions = new VmTransitions(this);
    memoryAccess = new MemoryAccess(this);
    eptEvents = new EptEvents(this);
    vmx = new VmxInstructions(this);
    sensitive = new SensitiveInstructions(this);
  }

  /** The registers. */
  public CpuState state() {
    return state;
  }

  /** The MMU. */
  public Mmu mmu() {
    return mmu;
  }

  /** The physical memory. */
  public PhysicalMemory memory() {
    return memory;
  }

  /** What is RAM, and which devices there are. */
  public Bus bus() {
    return bus;
  }

  /** Reads a physical address that is not RAM; {@code size} is 1, 2, 4 or 8 bytes. */
  public long readDevice(long address, int size) {
    LocalApic apic = localApic;
    if (apic != null && apic.isMapped(address)) {
      return apic.registers().load(address, size);
    }
    return bus.read(address, size);
  }

  /** Writes a physical address that is not RAM; {@code size} is 1, 2, 4 or 8 bytes. */
  public void writeDevice(long address, int size, long value) {
    LocalApic apic = localApic;
    if (apic != null && apic.isMapped(address)) {
      apic.registers().store(address, size, value);
      return;
    }
    bus.write(address, size, value);
  }

  /**
   * Gives the processor a local APIC, which it takes its interrupts from then on. The first one on
   * the network makes it the bootstrap processor.
   *
   * @param id the x2APIC ID
   */
  public LocalApic attachLocalApic(ApicNetwork network, int id) {
    LocalApic apic = new LocalApic(id, profile.cpuid().apicFeatures(), network, pending);
    localApic = apic;
    pending.attach(apic);
    return apic;
  }

  /** The local APIC, or null where interrupts come from nowhere in particular. */
  public @Nullable LocalApic localApic() {
    return localApic;
  }

  /** CR8, the task priority, 0 to 15: bits 7:4 of the local APIC's. */
  int taskPriority() {
    return localApic == null ? (int) state.cr8 : localApic.taskPriority() >>> 4;
  }

  void setTaskPriority(int priority) {
    if (localApic == null) {
      state.cr8 = priority;
    } else {
      localApic.setTaskPriority(priority << 4);
    }
  }

  /** Which processor this is. */
  public CpuProfile profile() {
    return profile;
  }

  /** What things cost on it. */
  public CostModel costs() {
    return costs;
  }

  /** Where its time went. */
  public Cycles cycles() {
    return cycles;
  }

  /** The model-specific registers. */
  public MsrFile msrs() {
    return msrs;
  }

  /** The VMX instructions, for root software. */
  public VmxInstructions vmx() {
    return vmx;
  }

  /** The sensitive instructions, for guest software. */
  public SensitiveInstructions sensitive() {
    return sensitive;
  }

  /** Where XSAVE keeps what. */
  public XsaveLayout xsaveLayout() {
    return xsaveLayout;
  }

  /** What the controlling VMCS intercepts. */
  public Intercepts intercepts() {
    return intercepts;
  }

  /** Breakpoints and debug exceptions. */
  public DebugRegisters debug() {
    return debug;
  }

  /** Exceptions, interrupts, and how they are delivered. */
  public EventDelivery events() {
    return events;
  }

  /** What waits for a boundary between instructions. */
  public PendingEvents pending() {
    return pending;
  }

  EptEvents eptEvents() {
    return eptEvents;
  }

  VirtualApic virtualApic() {
    return virtualApic;
  }

  /** Where a guest's memory-mapped accesses to its local APIC go. */
  public ApicAccessPage apicAccessPage() {
    return apicAccessPage;
  }

  /** The VM entries and VM exits so far. */
  public VmTransitions transitions() {
    return transitions;
  }

  /** How guest software reaches its memory. */
  public MemoryAccess memoryAccess() {
    return memoryAccess;
  }

  PostedInterrupts postedInterrupts() {
    return postedInterrupts;
  }

  IpiVirtualization ipiVirtualization() {
    return ipiVirtualization;
  }

  GuestTimer guestTimer() {
    return guestTimer;
  }

  VmExit vmExit() {
    return vmExit;
  }

  /** The software that runs on the processor; its absence is the caller's error. */
  public GuestSide guest() {
    if (guest == null) {
      throw new IllegalStateException("nothing runs on this processor: setGuest was not called");
    }
    return guest;
  }

  /** Chooses the software that runs on the processor, or in its guest after the next VM entry. */
  public void setGuest(GuestSide newGuest) {
    guest = newGuest;
  }

  /** The way the processor came. */
  public BranchHistory branches() {
    return branches;
  }

  /** Whether the processor is in VMX non-root operation. */
  public boolean inNonRoot() {
    return controlling != null;
  }

  /** The VMCS that controls VMX non-root operation, which the processor must be in. */
  Vmcs controlling() {
    if (controlling == null) {
      throw new IllegalStateException("not in VMX non-root operation: " + this);
    }
    return controlling;
  }

  /**
   * The processor is in VMX non-root operation.
   *
   * @param begin what the time-stamp counter was when the VM entry began
   */
  void enterNonRoot(Vmcs vmcs, long begin) {
    transitions.entered();
    controlling = vmcs;
    intercepts.enter(vmcs);
    pending.enterNonRoot(vmcs, begin);
    apicAccessPage.enterNonRoot();
    virtualApic.enterNonRoot(vmcs);
    guestTimer.enterNonRoot(vmcs);
    sensitive.waits().clearMonitoring();
  }

  void leaveNonRoot() {
    controlling = null;
    intercepts.leave();
    pending.leaveNonRoot();
    guestTimer.leaveNonRoot();
    sensitive.waits().clearMonitoring();
    apicAccessPage.leaveNonRoot();
  }

  /** A VM exit could not be completed: the processor shuts down. */
  void abort(VmxAbort abort) {
    vmxAbort = abort;
    leaveNonRoot();
    mmu.leaveGuest();
    state.activity = ActivityState.VMX_ABORT;
  }

  /** The VMX abort that has shut the processor down; null if there was none. */
  public @Nullable VmxAbort vmxAbort() {
    return vmxAbort;
  }

  /** The exit happened inside VMLAUNCH or VMRESUME: {@link #run} has it to report. */
  void exitedDuringEntry() {
    exitUnreported = true;
  }

  /** The time in core cycles: work, translation and idling. */
  public long now() {
    return cycles.total() + cycles.idle + mmu.translationCycles();
  }

  /** Instructions retired so far. */
  public long instructions() {
    return instructions;
  }

  /**
   * Drives the guest side until a VM exit, a wait, the end, or {@code budget} instructions. A VMX
   * abort is the end.
   *
   * @param budget instructions to retire at most, positive
   */
  public RunOutcome run(long budget) {
    RunOutcome outcome = runUntilExit(budget);
    return vmxAbort == null ? outcome : RunOutcome.FINISHED;
  }

  private RunOutcome runUntilExit(long budget) {
    if (exitUnreported) {
      exitUnreported = false;
      return RunOutcome.EXIT;
    }
    if (pollEvents() == StepOutcome.EXIT) {
      return RunOutcome.EXIT;
    }
    if (state.activity == ActivityState.MWAIT && pending.waitIsOver()) {
      sensitive.waits().optimizedWait().end();
    }
    if (state.activity == ActivityState.ACTIVE) {
      return guest().advance(this, budget);
    }
    return isShutDown() ? RunOutcome.FINISHED : RunOutcome.HALTED;
  }

  /** Whether the processor has stopped for good. A guest that has may still make VM exits. */
  public boolean isShutDown() {
    return state.activity == ActivityState.VMX_ABORT
        || (state.activity == ActivityState.SHUTDOWN && !inNonRoot());
  }

  /**
   * Lets idle time pass until the next timer event is due.
   *
   * @return whether there is such an event; if not, no time has passed
   */
  public boolean passIdleTime() {
    long wait = pending.cyclesUntilEvent();
    if (wait > 0) {
      idle(wait);
    }
    return wait >= 0;
  }

  /** Lets time pass in which the processor does nothing. */
  public void idle(long time) {
    cycles.idle += time;
  }

  /**
   * Raises a hardware exception at the instruction at RIP: a VM exit if it is intercepted, else
   * delivery to the guest.
   *
   * @param errorCode ignored by exceptions that have none
   * @param cr2 the faulting linear address, for a page fault only
   */
  public StepOutcome raise(int vector, int errorCode, long cr2) {
    return events.raise(vector, errorCode, cr2);
  }

  /** Between two instructions: lets the most urgent event that is due and not blocked happen. */
  public StepOutcome pollEvents() {
    return pending.poll();
  }

  /**
   * Initializes the processor as an INIT outside VMX operation does: all but the bootstrap
   * processor then wait for a start-up IPI.
   */
  public void init() {
    StartUp.init(this);
  }

  /** Whether every instruction, and every iteration of a string one, ends on a boundary of note. */
  public boolean stepsInstructions() {
    return (state.controlFlags() & CpuState.TF) != 0
        || intercepts.on(PrimaryControl.MONITOR_TRAP_FLAG);
  }

  /**
   * Retires one instruction: its base cost, the instruction count, and the end of blocking by STI
   * or MOV SS.
   *
   * @param instructionClass the ordinal of an {@link InstructionClass}
   */
  public void retire(int instructionClass) {
    cycles.guest += costs.instruction(instructionClass);
    instructions++;
    state.interruptibility &= ~Interruptibility.SHADOW;
  }

  /** Retires {@code count} instructions of one class, as {@link #retire(int)} does one. */
  public void retire(int instructionClass, long count) {
    cycles.guest += count * costs.instruction(instructionClass);
    instructions += count;
    state.interruptibility &= ~Interruptibility.SHADOW;
  }

  /**
   * Retires a run of instructions at once.
   *
   * @param count how many, at least one
   * @param price their base costs together, in cycles
   */
  public void retireRun(long count, long price) {
    cycles.guest += price;
    instructions += count;
    state.interruptibility &= ~Interruptibility.SHADOW;
  }

  /**
   * The VM exit of a task switch ("Treatment of Task Switches", 25.4.2).
   *
   * @param tss the selector of the new task
   * @param length of the instruction in bytes, for an event 0
   */
  public StepOutcome taskSwitchExit(
      int tss, ExitQualification.TaskSwitch.Source source, int length) {
    return vmExit.instruction(
        ExitReason.TASK_SWITCH, ExitQualification.TaskSwitch.encode(tss, source), length, 0);
  }

  /**
   * Counts one instruction that has no base cost: one that root software carried out in the guest's
   * place, or a VM entry.
   */
  public void countUnpriced() {
    instructions++;
  }

  /**
   * Whether a linear address is canonical in the widest paging mode that the processor supports:
   * that is asked of what is loaded into MSRs and descriptor-table registers, and of INVPCID and
   * INVVPID, whatever CR4.LA57 is ("5-Level Paging and 5-Level EPT", 335252, 2.5).
   */
  public boolean isCanonical(long address) {
    int unused = Long.SIZE - profile.cpuid().linearAddressBits();
    return address << unused >> unused == address;
  }

  /** The registers that matter when something went wrong, and the operation it is in. */
  @Override
  public String toString() {
    return String.format(
        "%s %s, %d instructions, %d cycles",
        registers(),
        inNonRoot() ? "non-root" : vmx.isOn() ? "root" : "outside VMX operation",
        instructions,
        now());
  }

  /** The registers that matter, in part of a line. */
  public String registers() {
    return String.format(
        "RIP %x RFLAGS %x CPL %d CR0 %x CR3 %x CR4 %x EFER %x",
        state.rip,
        state.rflags(),
        state.cpl(),
        state.cr0(),
        state.cr3(),
        state.cr4(),
        state.efer());
  }
}
