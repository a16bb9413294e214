package io.vmxsim.vmm;

import io.vmxsim.cpu.apic.LocalApic;
import java.util.function.LongConsumer;

/**
 * KVM's paravirtual end of interrupt: a bit in the guest's memory that says that the interrupt in
 * service ends by clearing it, without an exit. The VMM sets it before an entry where nothing else
 * has to follow that end, and looks behind the exit whether it is still set.
 *
 * <p>The guest names the place in an MSR, with bit 0 set; bit 1 is reserved (Linux,
 * Documentation/virt/kvm/x86/msr.rst, MSR_KVM_PV_EOI_EN).
 */
final class ParavirtualEoi {
  /** MSR_KVM_PV_EOI_EN. */
  static final int MSR = 0x4b564d04;

  private static final long ENABLED = 1;
  private static final long RESERVED = 2;
  private static final int PENDING = 1;

  private final Vm vm;
  private final LocalApic apic;
  private final LongConsumer changed;
  private long register;
  private boolean offered;

  /**
   * @param changed is told the host-physical address of what is written in the guest's memory
   */
  ParavirtualEoi(Vm vm, LocalApic apic, LongConsumer changed) {
    this.vm = vm;
    this.apic = apic;
    this.changed = changed;
  }

  /** The MSR. */
  long register() {
    return register;
  }

  /** WRMSR: false where the guest gets #GP(0). */
  boolean write(long value) {
    if ((value & RESERVED) != 0 || ((value & ENABLED) != 0 && !vm.hasMemory(place(value)))) {
      return false;
    }
    register = value;
    return true;
  }

  /** An INIT or a reset: the guest has to name the place again. */
  void reset() {
    register = 0;
    offered = false;
  }

  /** Before an entry: lets the guest end its interrupt without an exit, if that does no harm. */
  void beforeEntry() {
    if ((register & ENABLED) != 0 && apic.mayEndUnseen()) {
      set(PENDING);
      offered = true;
    }
  }

  /** Whether an interrupt that arrives now must make the guest exit, since its end is not seen. */
  boolean mustSee() {
    return offered && apic.hasRequest();
  }

  /** Behind an exit: ends the interrupt if the guest has said so. */
  void afterExit() {
    if (!offered) {
      return;
    }
    offered = false;
    boolean ended = (vm.memory().read8(vm.toHost(place(register))) & PENDING) == 0;
    set(0);
    if (ended) {
      apic.endOfInterrupt();
    }
  }

  private void set(int value) {
    long host = vm.toHost(place(register));
    vm.memory().write8(host, value);
    changed.accept(host);
  }

  private static long place(long value) {
    return value & ~(ENABLED | RESERVED);
  }
}
