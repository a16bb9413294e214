package io.vmxsim.vmm;

import io.vmxsim.cpu.Cost;
import io.vmxsim.cpu.GuestPort;
import io.vmxsim.cpu.Processor;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsField;

/**
 * Carries out the memory accesses of one instruction of a trace in the guest's place: a write that
 * the shadow MMU must see, an access where there is no memory but a device, INS or OUTS.
 */
final class MemoryEmulation implements Emulation, GuestPort {
  private static final int PAGE_SIZE = 4096;

  private final Processor processor;
  private final GuestTables guest;
  private final GuestBus bus;
  private final Charges charges;
  private int user;
  private boolean faulted;
  private long faultAddress;

  MemoryEmulation(Processor processor, GuestTables guest, GuestBus bus, Charges charges) {
    this.processor = processor;
    this.guest = guest;
    this.bus = bus;
    this.charges = charges;
  }

  @Override
  public HandlerOutcome emulate(Vcpu vcpu) {
    vcpu.control().refreshForWalk();
    user = vcpu.registers().cpl() == 3 ? Access.USER : 0;
    faulted = false;
    charges.once(Cost.VMM_EMULATE);
    int length = processor.guest().emulate(processor, this);
    if (length == 0) {
      throw new NotModelledException(
          "emulation of this instruction", vcpu.vmcs().read(VmcsField.GUEST_RIP));
    }
    boolean userspace = bus.takeUserspaceLeg();
    if (faulted) {
      return vcpu.injection().pageFault(faultAddress, guest.errorCode());
    }
    if (userspace) {
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
    return translate(linear, Access.READ | user) ? bus.read(guest.guestPhysical(), size) : 0;
  }

  @Override
  public void write(long linear, int size, long value) {
    int inPage = (int) Math.min(size, PAGE_SIZE - (linear & (PAGE_SIZE - 1)));
    if (inPage < size) {
      write(linear, inPage, value);
      write(linear + inPage, size - inPage, value >>> (8 * inPage));
      return;
    }
    if (translate(linear, Access.WRITE | user)) {
      bus.write(guest.guestPhysical(), size, value);
    }
  }

  @Override
  public void in(int port, int size) {
    bus.in(port, size);
  }

  @Override
  public void out(int port, int size) {
    bus.out(port, size, 0);
  }

  @Override
  public boolean hasFaulted() {
    return faulted;
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
