package io.vmxsim.vmm;

import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.apic.ApicNetwork;
import io.vmxsim.cpu.apic.ApicSignals;
import io.vmxsim.cpu.apic.LocalApic;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.LogicalProcessor;
import io.vmxsim.ept.PagingState;

/**
 * A processor of a machine that is virtual: a {@link Vcpu} with a local APIC of its own, and what
 * reaches that from others: INIT, start-up IPIs, NMIs.
 */
final class VirtualProcessor implements LogicalProcessor {
  private static final int NONE = -1;

  /**
   * Of a periodic timer, at least: KVM's min_timer_period_us. A guest whose timer strikes faster
   * than the VMM can carry out its handler does nothing else.
   */
  private static final long MICROSECONDS_BETWEEN_TICKS = 200;

  private static final int PAGE_SHIFT = 12;

  private final Processor processor;
  private final LocalApic apic;
  private final Vcpu vcpu;
  private boolean started;
  private boolean waitsForStartUp;
  private boolean stopped;
  private boolean initPending;
  private int startUpVector = NONE;

  /**
   * @param board what the guest reaches
   * @param number the x2APIC ID
   */
  VirtualProcessor(
      Vm vm, Processor processor, VmOptions options, Bus board, ApicNetwork apics, int number) {
    this.processor = processor;
    apic = new LocalApic(number, processor.profile().cpuid().apicFeatures(), apics, new Signals());
    apic.setShortestTimerPeriod(MICROSECONDS_BETWEEN_TICKS * processor.profile().clockMhz());
    vcpu = new Vcpu(vm, processor, options, new BoardDevices(board, apic), apic);
    waitsForStartUp = !apic.isBootstrap();
    if (!waitsForStartUp) {
      vcpu.lendProcessor();
    }
  }

  @Override
  public RunOutcome run(long budget) {
    if (!started && !waitsForStartUp) {
      started = true;
      vcpu.startAsProcessor();
    }
    if (initPending) {
      init();
    }
    if (waitsForStartUp) {
      return RunOutcome.HALTED;
    }
    return vcpu.run(budget);
  }

  @Override
  public Processor registers() {
    return vcpu.machineCode().registers();
  }

  @Override
  public PagingState paging() {
    return vcpu.control().state();
  }

  @Override
  public boolean isActive() {
    return !waitsForStartUp && !stopped && !vcpu.guestWait().isHalted();
  }

  @Override
  public boolean waitsForStartUp() {
    return waitsForStartUp;
  }

  @Override
  public long cyclesUntilEvent() {
    if (initPending) {
      return 0;
    }
    if (waitsForStartUp) {
      return startUpVector == NONE ? -1 : 0;
    }
    return vcpu.guestWait().cyclesLeft();
  }

  @Override
  public void startUp() {
    waitsForStartUp = false;
    started = true;
    vcpu.startAt(startUpVector << PAGE_SHIFT);
    startUpVector = NONE;
  }

  @Override
  public void stop() {
    stopped = true;
    vcpu.stop();
  }

  @Override
  public void init() {
    initPending = false;
    started = true;
    apic.init();
    vcpu.init();
    waitsForStartUp = !apic.isBootstrap();
  }

  @Override
  public void wakeAt(int address) {
    stopped = false;
    vcpu.startAt(address);
  }

  /** What the local APIC asks of its processor. */
  private final class Signals implements ApicSignals {
    @Override
    public long cycles() {
      return processor.now();
    }

    @Override
    public long timeStampCounter() {
      return processor.msrs().get(Msr.IA32_TIME_STAMP_COUNTER);
    }

    @Override
    public void nmi() {
      vcpu.injection().nmi();
    }

    @Override
    public void init() {
      if (!waitsForStartUp) {
        initPending = true;
        vcpu.pause();
      }
    }

    @Override
    public void startUp(int vector) {
      if (waitsForStartUp || initPending) {
        startUpVector = vector;
      }
    }
  }
}
