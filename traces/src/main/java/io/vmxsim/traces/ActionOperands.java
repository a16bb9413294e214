package io.vmxsim.traces;

import io.vmxsim.cpu.ActionKind;
import io.vmxsim.vmcs.ExitReason;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which operands an action from outside may have. Only what no guest could do is refused; what the
 * processor answers with a fault is for the processor.
 */
final class ActionOperands {
  private static final long MAX_PHYSICAL_ADDRESS = 1L << 52;

  /** Exits that come between two instructions, whatever these are. */
  static final Set<ExitReason> HOST_EVENTS =
      EnumSet.of(
          ExitReason.EXTERNAL_INTERRUPT,
          ExitReason.INTERRUPT_WINDOW,
          ExitReason.NMI_WINDOW,
          ExitReason.PREEMPTION_TIMER,
          ExitReason.TPR_BELOW_THRESHOLD);

  private ActionOperands() {}

  /**
   * @param addressBits that a linear address has
   */
  static boolean makeSense(ActionKind kind, int size, long address, long value, int addressBits) {
    return switch (kind) {
      case INSTRUCTION -> false; // has a form of its own
      case LOAD, STORE -> size > 0 && LinearAddresses.isCanonical(address, addressBits);
      case STORE_VALUE -> isPower(size, 8) && LinearAddresses.isCanonical(address, addressBits);
      case WORK ->
          value > 0 && value <= 1L << 32 && LinearAddresses.isCanonical(address, addressBits);
      case IN, OUT -> isPower(size, 4) && (address & ~ActionKind.STRING) >>> 16 == 0;
      case CPUID, RDMSR, WRMSR, XSETBV, RDPMC, INITIAL_MSR -> address >>> 32 == 0;
      case MOV_TO_CR, MOV_FROM_CR, INITIAL_CR -> size == 0 || size == 3 || size == 4 || size == 8;
      case MOV_TO_DR, MOV_FROM_DR -> size < 8;
      case SET_CPL -> size < 4;
      case EXCEPTION -> size < 32;
      case INTERRUPT -> address == 0 || isEvent(address);
      case SET_CODE_SIZE -> size > 1 && isPower(size, 8);
      case HOST_EVENT -> isHostEvent(ExitReason.of(size));
      case INITIAL_MEMORY -> address >= 0 && address < MAX_PHYSICAL_ADDRESS && (address & 7) == 0;
      default -> true;
    };
  }

  private static boolean isHostEvent(@Nullable ExitReason reason) {
    return reason != null && (HOST_EVENTS.contains(reason) || isOfInstruction(reason));
  }

  /** Whether a VM exit is of an instruction that no other action stands for. */
  static boolean isOfInstruction(ExitReason reason) {
    return reason == ExitReason.TASK_SWITCH || ExitReason.ROOT_INSTRUCTIONS.contains(reason);
  }

  private static boolean isEvent(long address) {
    long type = address - ActionKind.DELIVERED;
    return type >= 0 && type < 7 && type != 1;
  }

  private static boolean isPower(int size, int largest) {
    return size > 0 && size <= largest && (size & (size - 1)) == 0;
  }
}
