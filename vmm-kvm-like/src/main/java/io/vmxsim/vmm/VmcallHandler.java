package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.apic.DeliveryMode;
import io.vmxsim.cpu.apic.LocalApic;

/**
 * Exit reason 18: hypercalls, numbered as KVM's: RAX is the number and takes the result, RBX, RCX,
 * RDX and RSI are the arguments.
 */
final class VmcallHandler implements ExitHandler {
  /** To the processors whose APIC ID is RDX plus the number of a bit that is set in RCX:RBX. */
  private static final int SEND_IPI = 10;

  private static final long NO_SUCH_CALL = -1000;
  private static final long NOT_PERMITTED = -1;
  private static final long INVALID = -22;

  /** A shorthand or a logical destination, which this call has no use for. */
  private static final int DESTINATION_OF_ICR = 3 << 18 | 1 << 11;

  @Override
  public HandlerOutcome handle(Vcpu vcpu) {
    vcpu.state().setRegister(CpuState.RAX, call(vcpu));
    return HandlerOutcome.SKIP_INSTRUCTION;
  }

  private static long call(Vcpu vcpu) {
    LocalApic apic = vcpu.apic();
    if (apic == null
        || vcpu.registers().get(CpuState.RAX) != SEND_IPI
        || !vcpu.registers().is64Bit()) {
      return NO_SUCH_CALL;
    }
    return vcpu.registers().cpl() == 0 ? sendIpi(vcpu, apic) : NOT_PERMITTED;
  }

  /** How many took it. Its mode and vector are where the ICR has them. */
  private static long sendIpi(Vcpu vcpu, LocalApic apic) {
    int command = (int) vcpu.registers().get(CpuState.RSI);
    int first = (int) vcpu.registers().get(CpuState.RDX);
    if ((command & DESTINATION_OF_ICR) != 0) {
      return INVALID;
    }
    if (first < 0) { // beyond every APIC ID
      return 0;
    }
    int count = 0;
    for (int half = 0; half < 2; half++) {
      long destinations = vcpu.registers().get(half == 0 ? CpuState.RBX : CpuState.RCX);
      while (destinations != 0) {
        int destination = first + 64 * half + Long.numberOfTrailingZeros(destinations);
        count += apic.sendTo(destination, DeliveryMode.in(command), command & 0xff) ? 1 : 0;
        destinations &= destinations - 1;
      }
    }
    return count;
  }
}
