package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Intercept;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InstructionInformation;
import io.vmxsim.vmcs.InstructionInformation.DescriptorTableInstruction;

/** The instructions that load, store and examine descriptor tables and selectors (5.10). */
final class DescriptorTableOperations {
  private static final int SELECTOR = 0xfffc;

  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Segmentation segments;
  private final SegmentLoad segmentLoad;
  private final Descriptor descriptor;
  private final Faults faults;

  private long base;
  private int limit;

  DescriptorTableOperations(
      Processor processor,
      Operands operands,
      SegmentLoad segmentLoad,
      Descriptor descriptor,
      Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.segmentLoad = segmentLoad;
    this.descriptor = descriptor;
    this.faults = faults;
    state = processor.state();
    segments = operands.segments;
  }

  /** Executes one of them; false if it is another instruction. */
  boolean execute(Instruction in) {
    switch (in.op) {
      case LGDT -> {
        loadTable(in, DescriptorTableInstruction.LGDT);
        state.gdtrBase = base;
        state.gdtrLimit = limit;
      }
      case LIDT -> {
        loadTable(in, DescriptorTableInstruction.LIDT);
        state.idtrBase = base;
        state.idtrLimit = limit;
      }
      case SGDT -> storeTable(in, DescriptorTableInstruction.SGDT, state.gdtrBase, state.gdtrLimit);
      case SIDT -> storeTable(in, DescriptorTableInstruction.SIDT, state.idtrBase, state.idtrLimit);
      case LLDT -> segmentLoad.loadLdt(loadSelector(in, DescriptorTableInstruction.LLDT));
      case LTR -> segmentLoad.loadTask(loadSelector(in, DescriptorTableInstruction.LTR));
      case SLDT -> storeSelector(in, DescriptorTableInstruction.SLDT, state.selectors[6]);
      case STR -> storeSelector(in, DescriptorTableInstruction.STR, state.selectors[7]);
      case LKGS -> loadKernelGs(in);
      case VERR, VERW, LAR, LSL -> examine(in);
      case ARPL -> adjustPrivilege(in);
      default -> {
        return false;
      }
    }
    return true;
  }

  /** GS as MOV loads it, but for its base, which becomes that of the next SWAPGS or ERETU. */
  private void loadKernelGs(Instruction in) {
    if (state.cpl() > 0) {
      throw faults.invalidOpcode();
    }
    long gsBase = state.base(Segment.GS);
    segmentLoad.load(Instruction.GS, (int) operands.load(in, 2) & 0xffff);
    processor.msrs().set(Msr.IA32_KERNEL_GS_BASE, state.base(Segment.GS) & 0xffffffffL);
    state.setBase(Segment.GS, gsBase);
  }

  /** Privilege, UMIP and "descriptor-table exiting" come before the operand in memory. */
  private void admit(Instruction in, Intercept row, DescriptorTableInstruction which) {
    int information = ExitOperands.information(in);
    boolean tables = which.exitReason() == ExitReason.GDTR_IDTR;
    if (tables && !segments.bits64()) {
      information = InstructionInformation.withOperandSize(information, in.operandSize);
    }
    processor
        .sensitive()
        .operands(
            InstructionInformation.withIdentity(information, which),
            ExitOperands.displacement(in, operands.nextRip()));
    faults.require(processor.sensitive().admit(row, in.length));
  }

  /** Leaves the pseudo-descriptor in {@link #base} and {@link #limit}. */
  private void loadTable(Instruction in, DescriptorTableInstruction which) {
    admit(in, Intercept.LOAD_GDTR_IDTR, which);
    boolean bits64 = segments.bits64();
    limit = (int) operands.loadAt(in, 0, 2);
    base = operands.loadAt(in, 2, bits64 ? 8 : 4);
    if (!bits64 && in.operandSize == 2) {
      base &= 0xffffff;
    }
    if (bits64 && !processor.isCanonical(base)) {
      throw faults.generalProtection(0);
    }
  }

  private void storeTable(
      Instruction in, DescriptorTableInstruction which, long tableBase, int tableLimit) {
    admit(in, Intercept.STORE_GDTR_IDTR, which);
    int size = segments.bits64() ? 8 : 4;
    operands.storeAt(in, 0, 2, tableLimit);
    operands.storeAt(in, 2, size, tableBase);
  }

  private int loadSelector(Instruction in, DescriptorTableInstruction which) {
    requireProtectedMode();
    admit(in, Intercept.LOAD_LDTR_TR, which);
    return (int) operands.load(in, 2) & 0xffff;
  }

  private void storeSelector(Instruction in, DescriptorTableInstruction which, int selector) {
    requireProtectedMode();
    admit(in, Intercept.STORE_LDTR_TR, which);
    operands.store(in, in.isMemory ? 2 : in.operandSize, selector & 0xffff);
  }

  private void requireProtectedMode() {
    if (!segments.protectedMode() || segments.virtual8086()) {
      throw faults.invalidOpcode();
    }
  }

  /** ARPL: the RPL of the destination becomes at least that of the source. */
  private void adjustPrivilege(Instruction in) {
    requireProtectedMode();
    long selector = operands.loadForUpdate(in);
    long wanted = state.register(in.reg) & 3;
    boolean raises = (selector & 3) < wanted;
    operands.update(in, raises ? (selector & ~3L) | wanted : selector);
    state.status.setZf(raises);
  }

  /** VERR, VERW, LAR and LSL: ZF says whether the selector is one the program may use so. */
  private void examine(Instruction in) {
    requireProtectedMode();
    int selector = (int) operands.load(in, 2) & 0xffff;
    boolean found = (selector & SELECTOR) != 0 && descriptor.read(selector) && isVisible(selector);
    boolean segment = (descriptor.typeAndS() & 0x10) != 0;
    boolean valid =
        found
            && switch (in.op) {
              case VERR -> descriptor.isReadable();
              case VERW -> descriptor.isWritableData();
              case LAR -> segment || hasRights(descriptor.typeAndS());
              default -> segment || hasLimit(descriptor.typeAndS());
            };
    if (valid) {
      switch (in.op) {
        case LAR -> operands.setRegister(in.reg, in.operandSize, descriptor.accessBits());
        case LSL -> operands.setRegister(in.reg, in.operandSize, descriptor.limit() & 0xffffffffL);
        default -> {}
      }
    }
    state.status.setZf(valid);
  }

  private boolean isVisible(int selector) {
    return descriptor.isConforming() || Math.max(state.cpl(), selector & 3) <= descriptor.dpl();
  }

  /** System descriptors that LAR knows; gates of 16 bits and task gates not in IA-32e mode. */
  private boolean hasRights(int type) {
    return switch (type) {
      case 2, 9, 11, 12 -> true;
      case 1, 3, 4, 5 -> !state.inIa32eMode();
      default -> false;
    };
  }

  private boolean hasLimit(int type) {
    return switch (type) {
      case 2, 9, 11 -> true;
      case 1, 3 -> !state.inIa32eMode();
      default -> false;
    };
  }
}
