package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.GuestPort;
import io.vmxsim.cpu.Processor;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsField;

/**
 * Carries out the memory accesses of one instruction of a trace in the guest's place: a write that
 * the shadow MMU must see, an access where there is no memory but a device, INS or OUTS.
 */
final class MemoryEmulation implements Emulation, GuestPort {
  private static final int PAGE_SIZE = 4096;

  private final Vm vm;
  private final Processor processor;
  private final GuestTables guest;
  private final DeviceModel devices;
  private final Charges charges;
  private final GuestWrites observer;
  private int user;
  private boolean faulted;
  private long faultAddress;
  private boolean reachedDevice;

  MemoryEmulation(
      Vm vm,
      Processor processor,
      GuestTables guest,
      DeviceModel devices,
      Charges charges,
      GuestWrites observer) {
    this.vm = vm;
    this.processor = processor;
    this.guest = guest;
    this.devices = devices;
    this.charges = charges;
    this.observer = observer;
  }

  @Override
  public HandlerOutcome emulate(Vcpu vcpu) {
    vcpu.control().refreshForWalk();
    user = vcpu.registers().cpl() == 3 ? Access.USER : 0;
    faulted = false;
    reachedDevice = false;
    charges.once(Cost.VMM_EMULATE);
    int length = processor.guest().emulate(processor, this);
    if (length == 0) {
      throw new NotModelledException(
          "emulation of this instruction", vcpu.vmcs().read(VmcsField.GUEST_RIP));
    }
    if (faulted) {
      return vcpu.injection().pageFault(faultAddress, guest.errorCode());
    }
    if (reachedDevice) {
      charges.once(Cost.USERSPACE);
    }
    vcpu.registers().skip(length);
    return HandlerOutcome.RESUME;
  }

  @Override
  public long read(long linear, int size) {
    int inPage = (int) Math.min(size, PAGE_SIZE - (linear & (PAGE_SIZE - 1)));
    if (inPage < size) {
      return read(linear, inPage) | read(linear + inPage, size - inPage) << (8 * inPage);
    }
    if (!translate(linear, Access.READ | user)) {
      return 0;
    }
    long at = guest.guestPhysical();
    if (!vm.hasMemory(at)) {
      reachedDevice = true;
      return devices.load(at, size);
    }
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (long) vm.memory().read8(vm.toHost(at) + i) << (8 * i);
    }
    return value;
  }

  @Override
  public void write(long linear, int size, long value) {
    int inPage = (int) Math.min(size, PAGE_SIZE - (linear & (PAGE_SIZE - 1)));
    if (inPage < size) {
      write(linear, inPage, value);
      write(linear + inPage, size - inPage, value >>> (8 * inPage));
      return;
    }
    if (!translate(linear, Access.WRITE | user)) {
      return;
    }
    long at = guest.guestPhysical();
    if (!vm.hasMemory(at)) {
      reachedDevice = true;
      devices.store(at, size, value);
      return;
    }
    store(vm.toHost(at), size, value);
    observer.wrote(at, size);
  }

  @Override
  public void in(int port, int size) {
    devices.in(port, size);
    reachedDevice |= !devices.isInKernel(port);
  }

  @Override
  public void out(int port, int size) {
    devices.out(port, size, 0);
    reachedDevice |= !devices.isInKernel(port);
  }

  @Override
  public boolean hasFaulted() {
    return faulted;
  }

  private void store(long host, int size, long value) {
    PhysicalMemory memory = vm.memory();
    if (size == 8) {
      memory.write64(host, value);
      return;
    }
    for (int i = 0; i < size; i++) {
      memory.write8(host + i, (int) (value >>> (8 * i)));
    }
  }

  /** Whether the access may be made; the first that may not ends the instruction. */
  private boolean translate(long linear, int access) {
    if (faulted) {
      return false;
    }
    WalkResult.Status status = guest.walk(linear, access);
    if (status == WalkResult.Status.PAGE_FAULT) {
      faulted = true;
      faultAddress = linear;
    }
    return !faulted;
  }
}
