package io.vmxsim.cpu;

import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;

/**
 * The virtual APIC of VMX non-root operation: "Virtual APIC State" (29.1), "Evaluation and Delivery
 * of Virtual Interrupts" (29.2), "Virtualizing CR8-Based TPR Accesses" (29.3) and "Virtualizing
 * MSR-Based APIC Accesses" (29.5). Its registers are in the virtual-APIC page; RVI and SVI are the
 * guest interrupt status of the controlling VMCS.
 */
final class VirtualApic {
  /** Offsets of the virtualized registers ("Virtualized APIC Registers", 29.1.1). */
  static final int VTPR = 0x80;

  static final int VEOI = 0xb0;
  static final int VICR_LOW = 0x300;
  static final int VICR_HIGH = 0x310;
  static final int SELF_IPI = 0x3f0;
  private static final int VPPR = 0xa0;
  private static final int VISR = 0x100;
  private static final int VIRR = 0x200;

  /** The MSRs of a local APIC that can be virtualized. */
  private static final int FIRST_MSR = 0x800;

  private static final int LAST_MSR = 0x8ff;

  private static final int CLASS = 0xf0;

  /** Bits 31:20, 17:16 and 13 of the interrupt-command register. */
  private static final long COMMAND_RESERVED = 0xfff32000L;

  private static final VmcsField[] EOI_EXIT_BITMAP = {
    VmcsField.EOI_EXIT_BITMAP_0,
    VmcsField.EOI_EXIT_BITMAP_1,
    VmcsField.EOI_EXIT_BITMAP_2,
    VmcsField.EOI_EXIT_BITMAP_3
  };

  private final Processor processor;
  private final PhysicalMemory memory;
  private final Intercepts intercepts;

  VirtualApic(Processor processor) {
    this.processor = processor;
    memory = processor.memory();
    intercepts = processor.intercepts();
  }

  /** What VM entry does to it: 26.3.2.5, and "VM Exits Induced by the TPR Threshold" (26.6.7). */
  void enterNonRoot(Vmcs vmcs) {
    if (deliversInterrupts()) {
      virtualizeProcessorPriority();
      evaluate();
    } else if (intercepts.on(PrimaryControl.USE_TPR_SHADOW)
        && intercepts.on(SecondaryControl.VIRTUALIZE_APIC_ACCESSES)
        && isBelowThreshold(vmcs)) {
      processor.pending().pendTprBelowThreshold();
    }
  }

  private boolean deliversInterrupts() {
    return intercepts.on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
  }

  // ---- The virtual-APIC page -----------------------------------------------------------------

  /** The physical address of a register. */
  long address(int offset) {
    return processor.controlling().get(VmcsField.VIRTUAL_APIC_ADDRESS) + offset;
  }

  int read(int offset) {
    return memory.read32(address(offset));
  }

  void write(int offset, int value) {
    memory.write32(address(offset), value);
  }

  /** The 32 bits that hold a vector's bit of VISR or VIRR. */
  private static int part(int register, int vector) {
    return register | (vector & 0xe0) >> 1;
  }

  private void set(int register, int vector) {
    int offset = part(register, vector);
    write(offset, read(offset) | 1 << (vector & 0x1f));
  }

  private void clear(int register, int vector) {
    int offset = part(register, vector);
    write(offset, read(offset) & ~(1 << (vector & 0x1f)));
  }

  /** The highest vector whose bit is set; 0 if none is. */
  private int highest(int register) {
    for (int base = 0xe0; base >= 0; base -= 0x20) {
      int bits = read(part(register, base));
      if (bits != 0) {
        return base + Integer.SIZE - 1 - Integer.numberOfLeadingZeros(bits);
      }
    }
    return 0;
  }

  private int requesting() {
    return (int) processor.controlling().get(VmcsField.GUEST_INTERRUPT_STATUS) & 0xff;
  }

  private int serving() {
    return (int) processor.controlling().get(VmcsField.GUEST_INTERRUPT_STATUS) >>> 8 & 0xff;
  }

  private void setStatus(int requesting, int serving) {
    processor.controlling().set(VmcsField.GUEST_INTERRUPT_STATUS, serving << 8 | requesting);
  }

  // ---- Virtualization of registers (29.1.2 to 29.1.5); a VM exit is trap-like -----------------

  /** TPR virtualization, after a write to VTPR. */
  StepOutcome virtualizeTaskPriority() {
    if (!deliversInterrupts()) {
      return isBelowThreshold(processor.controlling())
          ? processor.vmExit().event(ExitReason.TPR_BELOW_THRESHOLD)
          : StepOutcome.DONE;
    }
    virtualizeProcessorPriority();
    evaluate();
    return StepOutcome.DONE;
  }

  private boolean isBelowThreshold(Vmcs vmcs) {
    return (read(VTPR) >>> 4 & 0xf) < (vmcs.get(VmcsField.TPR_THRESHOLD) & 0xf);
  }

  private void virtualizeProcessorPriority() {
    int task = read(VTPR) & 0xff;
    int serving = serving() & CLASS;
    write(VPPR, (task & CLASS) >= serving ? task : serving);
  }

  /** EOI virtualization, after a write to VEOI. */
  StepOutcome virtualizeEndOfInterrupt() {
    int vector = serving();
    clear(VISR, vector);
    setStatus(requesting(), highest(VISR));
    virtualizeProcessorPriority();
    long exits = processor.controlling().get(EOI_EXIT_BITMAP[vector >>> 6]);
    if ((exits >>> vector & 1) != 0) {
      return processor.vmExit().event(ExitReason.EOI_INDUCED, vector);
    }
    evaluate();
    return StepOutcome.DONE;
  }

  /** Self-IPI virtualization. */
  StepOutcome virtualizeSelfIpi(int vector) {
    set(VIRR, vector);
    request(vector);
    evaluate();
    return StepOutcome.DONE;
  }

  /** A vector may be the highest one requested. */
  private void request(int vector) {
    setStatus(Math.max(requesting(), vector), serving());
  }

  /** Posted requests, 64 of them from {@code first} on, join VIRR and RVI (29.6, steps 5 and 6). */
  void post(int first, long requests) {
    for (long left = requests; left != 0; left &= left - 1) {
      int vector = first + Long.numberOfTrailingZeros(left);
      set(VIRR, vector);
      request(vector);
    }
  }

  // ---- Virtual interrupts (29.2) -------------------------------------------------------------

  /** "Evaluation of Pending Virtual Interrupts" (29.2.1). */
  void evaluate() {
    boolean recognized =
        !intercepts.on(PrimaryControl.INTERRUPT_WINDOW_EXITING)
            && (requesting() & CLASS) > (read(VPPR) & CLASS);
    processor.pending().recognizeVirtualInterrupt(recognized);
  }

  /** "Virtual-Interrupt Delivery" (29.2.2). */
  StepOutcome deliver() {
    int vector = requesting();
    set(VISR, vector);
    write(VPPR, vector & CLASS);
    clear(VIRR, vector);
    setStatus(highest(VIRR), vector);
    processor.pending().recognizeVirtualInterrupt(false);
    return processor.events().interrupt(vector, EventType.EXTERNAL_INTERRUPT);
  }

  // ---- MOV to and from CR8 (29.3) ------------------------------------------------------------

  int taskPriorityClass() {
    return read(VTPR) >>> 4 & 0xf;
  }

  /** Stores CR8's value as VTPR; {@link #virtualizeTaskPriority} follows. */
  void setTaskPriorityClass(int priority) {
    write(VTPR, priority << 4);
  }

  // ---- RDMSR and WRMSR (29.5) ----------------------------------------------------------------

  private boolean isVirtualizedMsr(int msr) {
    return msr >= FIRST_MSR
        && msr <= LAST_MSR
        && intercepts.on(SecondaryControl.VIRTUALIZE_X2APIC_MODE);
  }

  private static int offset(int msr) {
    return (msr & 0xff) << 4;
  }

  /** Whether RDMSR of that MSR reads the virtual-APIC page. */
  boolean servesRead(int msr) {
    return isVirtualizedMsr(msr)
        && (offset(msr) == VTPR || intercepts.on(SecondaryControl.APIC_REGISTER_VIRTUALIZATION));
  }

  /** What RDMSR reads there. */
  long readMsr(int msr) {
    return memory.read64(address(offset(msr)));
  }

  /** Whether special processing applies to WRMSR of that MSR. */
  boolean servesWrite(int msr) {
    int offset = offset(msr);
    return isVirtualizedMsr(msr)
        && (offset == VTPR
            || (deliversInterrupts() && (offset == VEOI || offset == SELF_IPI))
            || (offset == VICR_LOW && intercepts.on(TertiaryControl.IPI_VIRTUALIZATION)));
  }

  /** Whether the value of such a WRMSR has no reserved bit set. */
  boolean acceptsWrite(int msr, long value) {
    long reserved =
        switch (offset(msr)) {
          case VEOI -> -1;
          case VICR_LOW -> COMMAND_RESERVED;
          default -> ~0xffL;
        };
    return (value & reserved) == 0;
  }

  /** The rest of such a WRMSR; a VM exit is trap-like. */
  StepOutcome writeMsr(int msr, long value) {
    int offset = offset(msr);
    memory.write64(address(offset), value);
    return switch (offset) {
      case VTPR -> virtualizeTaskPriority();
      case VEOI -> virtualizeEndOfInterrupt();
      case VICR_LOW -> processor.ipiVirtualization().send((int) value, (int) (value >>> 32));
      default ->
          (value & CLASS) != 0
              ? virtualizeSelfIpi((int) value)
              : processor.vmExit().event(ExitReason.APIC_WRITE, SELF_IPI);
    };
  }
}
