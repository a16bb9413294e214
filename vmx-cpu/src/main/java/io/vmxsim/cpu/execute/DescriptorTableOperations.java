package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.vmcs.SecondaryControl;

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
      case LGDT, LIDT -> loadTable(in);
      case SGDT -> storeTable(in, state.gdtrBase, state.gdtrLimit);
      case SIDT -> storeTable(in, state.idtrBase, state.idtrLimit);
      case LLDT -> {
        requireLoad();
        segmentLoad.loadLdt((int) operands.load(in, 2) & 0xffff);
      }
      case LTR -> {
        requireLoad();
        segmentLoad.loadTask((int) operands.load(in, 2) & 0xffff);
      }
      case SLDT -> storeSelector(in, state.selectors[6]);
      case STR -> storeSelector(in, state.selectors[7]);
      case VERR, VERW, LAR, LSL -> examine(in);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void loadTable(Instruction in) {
    boolean bits64 = segments.bits64();
    int limit = 0;
    long base = 0;
    if (state.cpl() == 0) {
      limit = (int) operands.loadAt(in, 0, 2);
      base = operands.loadAt(in, 2, bits64 ? 8 : 4);
      if (!bits64 && in.operandSize == 2) {
        base &= 0xffffff;
      }
      if (bits64 && !segments.isCanonical(base)) {
        throw faults.generalProtection(0);
      }
    }
    faults.require(
        in.op == Op.LGDT
            ? processor.sensitive().lgdt(base, limit, in.length)
            : processor.sensitive().lidt(base, limit, in.length));
  }

  private void storeTable(Instruction in, long base, int limit) {
    requireStore();
    operands.storeAt(in, 0, 2, limit);
    operands.storeAt(in, 2, segments.bits64() ? 8 : 4, base);
  }

  private void storeSelector(Instruction in, int selector) {
    requireProtectedMode();
    requireStore();
    operands.store(in, in.isMemory ? 2 : in.operandSize, selector & 0xffff);
  }

  private void requireProtectedMode() {
    if (!segments.protectedMode() || segments.virtual8086()) {
      throw faults.invalidOpcode();
    }
  }

  /** UMIP, then the VM exit that the control asks for. */
  private void requireStore() {
    if (state.cpl() > 0 && (state.cr4() & CpuState.CR4_UMIP) != 0) {
      throw faults.generalProtection(0);
    }
    requireNoExit();
  }

  private void requireLoad() {
    requireProtectedMode();
    if (state.cpl() > 0) {
      throw faults.generalProtection(0);
    }
    requireNoExit();
  }

  private void requireNoExit() {
    if (processor.intercepts().on(SecondaryControl.DESCRIPTOR_TABLE_EXITING)) {
      throw faults.notModelled("descriptor-table exiting of SGDT, SIDT, SLDT, STR, LLDT and LTR");
    }
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
