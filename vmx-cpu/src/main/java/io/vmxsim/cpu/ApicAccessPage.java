package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.ApicRegister;
import io.vmxsim.ept.Access;
import io.vmxsim.vmcs.ExitQualification.ApicAccess;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.EnumSet;
import java.util.Set;

/**
 * "Virtualizing Memory-Mapped APIC Accesses" (29.4): which linear accesses to the APIC-access page
 * are made to the virtual-APIC page instead, which cause VM exits, and what follows a write.
 */
public final class ApicAccessPage {
  private static final int PAGE_SHIFT = 12;
  private static final int PAGE_OFFSET = (1 << PAGE_SHIFT) - 1;

  /** What no physical address is. */
  private static final long NONE = -1;

  /** Reads that "APIC-register virtualization" virtualizes (29.4.2). */
  private static final Set<ApicRegister> READS =
      EnumSet.complementOf(
          EnumSet.of(
              ApicRegister.ARBITRATION_PRIORITY,
              ApicRegister.PROCESSOR_PRIORITY,
              ApicRegister.REMOTE_READ,
              ApicRegister.LVT_CMCI,
              ApicRegister.CURRENT_COUNT,
              ApicRegister.SELF_IPI));

  /** Writes that "APIC-register virtualization" virtualizes (29.4.3.1). */
  private static final Set<ApicRegister> WRITES =
      EnumSet.of(
          ApicRegister.ID,
          ApicRegister.TASK_PRIORITY,
          ApicRegister.EOI,
          ApicRegister.LOGICAL_DESTINATION,
          ApicRegister.DESTINATION_FORMAT,
          ApicRegister.SPURIOUS_VECTOR,
          ApicRegister.ERROR_STATUS,
          ApicRegister.INTERRUPT_COMMAND,
          ApicRegister.INTERRUPT_COMMAND_HIGH,
          ApicRegister.LVT_TIMER,
          ApicRegister.LVT_THERMAL,
          ApicRegister.LVT_PERFORMANCE,
          ApicRegister.LVT_LINT0,
          ApicRegister.LVT_LINT1,
          ApicRegister.LVT_ERROR,
          ApicRegister.INITIAL_COUNT,
          ApicRegister.DIVIDE_CONFIGURATION);

  /** Writes that "virtual-interrupt delivery" alone virtualizes. */
  private static final Set<ApicRegister> WRITES_OF_DELIVERY =
      EnumSet.of(ApicRegister.TASK_PRIORITY, ApicRegister.EOI, ApicRegister.INTERRUPT_COMMAND);

  private static final Set<ApicRegister> TASK_PRIORITY = EnumSet.of(ApicRegister.TASK_PRIORITY);

  /** Writes that "IPI virtualization" alone virtualizes (June 2026). */
  private static final Set<ApicRegister> WRITES_OF_IPIS =
      EnumSet.of(ApicRegister.TASK_PRIORITY, ApicRegister.INTERRUPT_COMMAND);

  /** VICR_LO of a self-IPI that is virtualized: bits that must be 0, and the shorthand "self". */
  private static final int NOT_SELF_IPI = 0xfff3b700;

  private static final int SHORTHAND = 3 << 18;
  private static final int SELF = 1 << 18;

  /** Where the destination is in VICR_HI. */
  private static final int DESTINATION_SHIFT = 24;

  private final Processor processor;
  private final Intercepts intercepts;
  private long frame = NONE;

  /** The frame of the guest that was entered last. */
  private long lastFrame = NONE;

  private int writtenOffset = -1;
  private int writtenSize;

  ApicAccessPage(Processor processor) {
    this.processor = processor;
    intercepts = processor.intercepts();
  }

  /** VM entry: where the page is, if it is there. */
  void enterNonRoot() {
    frame =
        intercepts.on(SecondaryControl.VIRTUALIZE_APIC_ACCESSES)
            ? processor.controlling().get(VmcsField.APIC_ACCESS_ADDRESS) >>> PAGE_SHIFT
            : NONE;
    if (frame != lastFrame) {
      lastFrame = frame;
      processor.mmu().forgetFiltered(); // pages are open that were plain RAM
    }
    writtenOffset = -1;
  }

  /** VM exit. */
  void leaveNonRoot() {
    frame = NONE;
    writtenOffset = -1;
  }

  /** The number of the physical page on which linear accesses are virtualized or exit; or -1. */
  public long frame() {
    return frame;
  }

  /**
   * Whether a linear access is virtualized; if not, {@link #exit} is what becomes of it.
   *
   * @param address a physical address on the page
   * @param access an {@link Access}
   */
  public boolean virtualizes(long address, int size, int access) {
    int offset = (int) address & PAGE_OFFSET;
    boolean contained = size <= Integer.BYTES && (offset & 0xf) + size <= Integer.BYTES;
    boolean fetches = Access.kind(access) == Access.FETCH;
    ApicRegister register = ApicRegister.atOffset(offset);
    if (!intercepts.on(PrimaryControl.USE_TPR_SHADOW)
        || !contained
        || fetches
        || register == null) {
      return false;
    }
    return Access.kind(access) == Access.WRITE
        ? writable().contains(register) && joinsWrites(offset, size)
        : readable().contains(register) && writtenOffset < 0;
  }

  private Set<ApicRegister> readable() {
    return intercepts.on(SecondaryControl.APIC_REGISTER_VIRTUALIZATION) ? READS : TASK_PRIORITY;
  }

  private Set<ApicRegister> writable() {
    if (intercepts.on(SecondaryControl.APIC_REGISTER_VIRTUALIZATION)) {
      return WRITES;
    }
    if (intercepts.on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY)) {
      return WRITES_OF_DELIVERY;
    }
    return intercepts.on(TertiaryControl.IPI_VIRTUALIZATION) ? WRITES_OF_IPIS : TASK_PRIORITY;
  }

  /** No other write was virtualized in this operation. */
  private boolean joinsWrites(int offset, int size) {
    return writtenOffset < 0 || (writtenOffset == offset && writtenSize == size);
  }

  /** Where a virtualized access goes instead; after a write, emulation follows the operation. */
  public long redirect(long address, int size, int access) {
    int offset = (int) address & PAGE_OFFSET;
    if (Access.kind(access) == Access.WRITE) {
      writtenOffset = offset;
      writtenSize = size;
      processor.pending().pendApicWrite();
    }
    return processor.virtualApic().address(offset);
  }

  /**
   * The APIC-access VM exit of an access that is not virtualized (Table 27-6).
   *
   * @param length of the instruction that makes the access, which the SDM does not say is reported,
   *     and on which VMMs rely
   */
  public StepOutcome exit(long address, int access, int length) {
    boolean delivering = processor.events().delivering() != 0;
    ApicAccess.Type type =
        delivering
            ? ApicAccess.Type.LINEAR_EVENT_DELIVERY
            : switch (Access.kind(access)) {
              case Access.READ -> ApicAccess.Type.LINEAR_READ;
              case Access.WRITE -> ApicAccess.Type.LINEAR_WRITE;
              default -> ApicAccess.Type.LINEAR_FETCH;
            };
    processor.controlling().set(VmcsField.VM_EXIT_INSTRUCTION_LENGTH, length);
    return processor.vmExit().apicAccess(ApicAccess.encode((int) address & PAGE_OFFSET, type));
  }

  /**
   * Whether a write was virtualized, whose emulation follows the operation: an instruction, or an
   * iteration of a string instruction.
   */
  public boolean isWritten() {
    return writtenOffset >= 0;
  }

  /** "APIC-Write Emulation" (29.4.3.2), on the boundary after the operation that wrote. */
  StepOutcome emulateWrite() {
    VirtualApic apic = processor.virtualApic();
    int offset = writtenOffset & ~3;
    writtenOffset = -1;
    switch (offset) {
      case VirtualApic.VTPR -> {
        apic.write(VirtualApic.VTPR, apic.read(VirtualApic.VTPR) & 0xff);
        return apic.virtualizeTaskPriority();
      }
      case VirtualApic.VICR_HIGH -> {
        apic.write(VirtualApic.VICR_HIGH, apic.read(VirtualApic.VICR_HIGH) & 0xff000000);
        return StepOutcome.DONE;
      }
      case VirtualApic.VEOI -> {
        if (deliversInterrupts()) {
          apic.write(VirtualApic.VEOI, 0);
          return apic.virtualizeEndOfInterrupt();
        }
      }
      case VirtualApic.VICR_LOW -> {
        int command = apic.read(VirtualApic.VICR_LOW);
        if (deliversInterrupts() && isSelfIpi(command)) {
          return apic.virtualizeSelfIpi(command & 0xff);
        }
        if (intercepts.on(TertiaryControl.IPI_VIRTUALIZATION)) {
          return processor
              .ipiVirtualization()
              .send(command, apic.read(VirtualApic.VICR_HIGH) >>> DESTINATION_SHIFT);
        }
      }
      default -> {}
    }
    return processor.vmExit().event(ExitReason.APIC_WRITE, offset);
  }

  private boolean deliversInterrupts() {
    return intercepts.on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
  }

  private static boolean isSelfIpi(int command) {
    return (command & NOT_SELF_IPI) == 0 && (command & SHORTHAND) == SELF && (command & 0xf0) != 0;
  }
}
