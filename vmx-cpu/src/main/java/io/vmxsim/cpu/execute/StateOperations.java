package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.XsaveLayout;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;

/**
 * FXSAVE, XSAVE and their kin, LDMXCSR and STMXCSR ("Managing State Using the XSAVE Feature Set",
 * volume 1, chapter 13).
 */
final class StateOperations {
  private static final int LEGACY_BYTES = 512;
  private static final int HEADER = 512;
  private static final int HEADER_BYTES = 64;
  private static final int MXCSR = 24;
  private static final long X87 = 1 << ExtendedState.X87;
  private static final long SSE = 1 << ExtendedState.SSE;
  private static final long AVX = 1 << ExtendedState.AVX;
  private static final long COMPACTED = 1L << 63;

  private final Processor processor;
  private final CpuState state;
  private final ExtendedState extended;
  private final XsaveLayout layout;
  private final Operands operands;
  private final Mem mem;
  private final VectorOperands vectors;
  private final LegacyStateArea legacy;
  private final Faults faults;

  /** The linear address of the area. */
  private long area;

  StateOperations(Processor processor, Operands operands, VectorOperands vectors, Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.vectors = vectors;
    this.faults = faults;
    state = operands.state;
    extended = state.extended;
    layout = processor.xsaveLayout();
    mem = operands.mem;
    legacy = new LegacyStateArea(operands);
  }

  void execute(Instruction in) {
    switch (in.op) {
      case FXSAVE -> saveLegacy(in);
      case FXRSTOR -> restoreLegacy(in);
      case LDMXCSR -> {
        vectors.require(in);
        setMxcsr((int) operands.load(in, 4));
      }
      case STMXCSR -> {
        vectors.require(in);
        operands.store(in, 4, extended.mxcsr);
      }
      default -> xsave(in);
    }
  }

  private void setMxcsr(int value) {
    if ((value & ~ExtendedState.MXCSR_MASK) != 0) {
      throw faults.generalProtection(0);
    }
    extended.mxcsr = value;
  }

  /**
   * Forms the linear address of an area, which must be aligned. Where alignment is checked, one
   * that is not even aligned to 4 bytes is #AC in place of #GP, as it may be (volume 2, "FXSAVE")
   * and is on processors.
   */
  private void locate(Instruction in, int bytes, int alignment, boolean stores) {
    area = operands.linear(in, bytes, stores);
    if ((area & alignment - 1) != 0) {
      boolean checked = mem.checksAlignment() && (area & 3) != 0;
      throw checked ? faults.alignmentCheck() : faults.generalProtection(0);
    }
  }

  // ---- FXSAVE and FXRSTOR ("FXSAVE", volume 2) -----------------------------------------------

  private void saveLegacy(Instruction in) {
    requireLegacy();
    locate(in, LEGACY_BYTES, 16, true);
    mem.probeArea(area, LEGACY_BYTES, true);
    legacy.saveX87(area, in.operandSize == 8);
    mem.store(area + MXCSR, 4, extended.mxcsr);
    mem.store(area + MXCSR + 4, 4, ExtendedState.MXCSR_MASK);
    legacy.saveSse(area);
  }

  private void restoreLegacy(Instruction in) {
    requireLegacy();
    locate(in, LEGACY_BYTES, 16, false);
    mem.probeArea(area, LEGACY_BYTES, false);
    setMxcsr((int) mem.load(area + MXCSR, 4));
    legacy.restoreX87(area, in.operandSize == 8);
    legacy.restoreSse(area);
  }

  private void requireLegacy() {
    if ((state.cr0() & (CpuState.CR0_EM | CpuState.CR0_TS)) != 0) {
      throw faults.deviceNotAvailable();
    }
  }

  // ---- XSAVE and its kin (13.7 to 13.12) -----------------------------------------------------

  private void xsave(Instruction in) {
    boolean system = in.op == Op.XSAVES || in.op == Op.XRSTORS;
    if ((state.cr4() & CpuState.CR4_OSXSAVE) == 0) {
      throw faults.invalidOpcode();
    }
    long asked = state.edxEax();
    if (system) {
      boolean saves = in.op == Op.XSAVES;
      faults.settle();
      processor
          .sensitive()
          .operands(
              ExitOperands.information(in), ExitOperands.displacement(in, operands.nextRip()));
      faults.require(processor.sensitive().admitXsaves(saves, asked, in.length));
    }
    if ((state.cr0() & CpuState.CR0_TS) != 0) {
      throw faults.deviceNotAvailable();
    }
    long enabled = system ? state.xcr0 | processor.msrs().get(Msr.IA32_XSS) : state.xcr0;
    long wanted = asked & enabled;
    switch (in.op) {
      case XSAVE -> save(in, wanted, wanted, false);
      case XSAVEOPT -> save(in, wanted, wanted & state.xinuse(), false);
      case XSAVEC, XSAVES -> save(in, wanted, wanted & state.xinuse(), true);
      default -> restore(in, wanted, enabled);
    }
  }

  /**
   * Writes the area.
   *
   * @param wanted the requested-feature bitmap RFBM
   * @param written those of it whose data are written
   */
  private void save(Instruction in, long wanted, long written, boolean compacted) {
    int bytes = compacted ? layout.compactedSize(wanted) : layout.standardSize(wanted);
    locate(in, bytes, 64, true);
    long present = wanted & state.xinuse();
    if (compacted && (wanted & SSE) != 0 && extended.mxcsr != ExtendedState.MXCSR_INIT) {
      present |= SSE;
    }
    long data = compacted ? present : written;
    boolean withMxcsr = (compacted ? data & SSE : wanted & (SSE | AVX)) != 0;
    int from = (data & X87) != 0 ? 0 : withMxcsr ? MXCSR : HEADER;
    mem.probeArea(area, from, bytes, true);
    if ((data & X87) != 0) {
      legacy.saveX87(area, in.operandSize == 8);
    }
    if (withMxcsr) {
      mem.store(area + MXCSR, 4, extended.mxcsr);
      mem.store(area + MXCSR + 4, 4, ExtendedState.MXCSR_MASK);
    }
    if ((data & SSE) != 0) {
      legacy.saveSse(area);
    }
    for (long left = data & ~(X87 | SSE); left != 0; left &= left - 1) {
      int component = Long.numberOfTrailingZeros(left);
      saveExtended(component, area + offset(component, compacted, wanted));
    }
    if (compacted) {
      mem.store(area + HEADER, 8, present);
      mem.store(area + HEADER + 8, 8, wanted | COMPACTED);
    } else {
      long old = mem.load(area + HEADER, 8);
      mem.store(area + HEADER, 8, (old & ~wanted) | present);
    }
  }

  private int offset(int component, boolean compacted, long components) {
    return compacted ? layout.compactedOffset(component, components) : layout.offset(component);
  }

  private void saveExtended(int component, long at) {
    if (component == ExtendedState.AVX) {
      for (int i = 0; i < legacy.vectorRegisters(); i++) {
        int upper = i * ExtendedState.VECTOR + 2;
        mem.store(at + 16L * i, 8, extended.vectors[upper]);
        mem.store(at + 16L * i + 8, 8, extended.vectors[upper + 1]);
      }
    } else if (component == ExtendedState.PKRU) {
      mem.store(at, 8, state.paging().pkru() & 0xffffffffL);
    } else {
      byte[] bytes = extended.other(component);
      for (int i = 0; i < layout.size(component); i++) {
        mem.store(at + i, 1, bytes == null ? 0 : bytes[i]);
      }
    }
  }

  /**
   * Reads the header, checks it, and loads or initializes every component of {@code wanted}. Page
   * faults of the area come before most of the checks, as on processors.
   */
  private void restore(Instruction in, long wanted, long enabled) {
    locate(in, LEGACY_BYTES + HEADER_BYTES, 64, false);
    long format = mem.load(area + HEADER + 8, 8);
    long present = mem.load(area + HEADER, 8);
    boolean compacted = format < 0;
    boolean mustCompact = in.op == Op.XRSTORS;
    long components = compacted ? format & ~COMPACTED : wanted & present;
    boolean unknown = compacted && (!hasCompaction() || (components & ~enabled) != 0);
    if ((mustCompact && !compacted) || unknown) {
      throw faults.generalProtection(0);
    }
    mem.probeArea(
        area,
        firstLoaded(compacted ? wanted & components & ~AVX : wanted),
        compacted ? bytesUpTo(wanted & components, components) : layout.standardSize(wanted),
        false);
    requireHeader(present, format, enabled, compacted);
    restoreMxcsr(wanted, present, compacted); // the last that may fault
    long loaded = wanted & present;
    if ((loaded & X87) != 0) {
      legacy.restoreX87(area, in.operandSize == 8);
    }
    if ((loaded & SSE) != 0) {
      legacy.restoreSse(area);
    }
    initializeLegacy(wanted & ~present);
    for (long left = wanted & ~(X87 | SSE); left != 0; left &= left - 1) {
      int component = Long.numberOfTrailingZeros(left);
      boolean loads = (present >>> component & 1) != 0;
      int at = loads ? offset(component, compacted, components) : 0;
      restoreExtended(component, loads, area + at);
    }
  }

  /** Where the first byte is that XRSTOR looks for, even if it is not to be loaded. */
  private static int firstLoaded(long components) {
    return (components & X87) != 0 ? 0 : (components & (SSE | AVX)) != 0 ? MXCSR : HEADER;
  }

  /** Bytes of an area in the compacted format up to the last of the components that are wanted. */
  private int bytesUpTo(long wanted, long components) {
    long upToLast = wanted == 0 ? 0 : 2 * Long.highestOneBit(wanted) - 1;
    return layout.compactedSize(components & upToLast);
  }

  private boolean hasCompaction() {
    return processor.profile().cpuid().has(CpuidFeature.XSAVEC);
  }

  private void requireHeader(long present, long format, long enabled, boolean compacted) {
    boolean good = compacted ? (present & ~format) == 0 : format == 0 && (present & ~enabled) == 0;
    int firstZero = compacted ? 16 : 8;
    int lastZero = compacted ? HEADER_BYTES : 24;
    for (int i = firstZero; i < lastZero && good; i += 8) {
      good = mem.load(area + HEADER + i, 8) == 0;
    }
    if (!good) {
      throw faults.generalProtection(0);
    }
  }

  /** The standard format has MXCSR for SSE and AVX, whatever the header says of them. */
  private void restoreMxcsr(long wanted, long present, boolean compacted) {
    if (compacted) {
      if ((wanted & SSE) != 0) {
        setMxcsr((present & SSE) != 0 ? (int) mem.load(area + MXCSR, 4) : ExtendedState.MXCSR_INIT);
      }
    } else if ((wanted & (SSE | AVX)) != 0) {
      setMxcsr((int) mem.load(area + MXCSR, 4));
    }
  }

  private void initializeLegacy(long components) {
    if ((components & X87) != 0) {
      extended.initX87();
      for (int i = 0; i < 8; i++) {
        extended.significands[i] = 0;
        extended.exponents[i] = 0;
      }
    }
    for (int i = 0; (components & SSE) != 0 && i < legacy.vectorRegisters(); i++) {
      extended.vectors[i * ExtendedState.VECTOR] = 0;
      extended.vectors[i * ExtendedState.VECTOR + 1] = 0;
    }
  }

  private void restoreExtended(int component, boolean loads, long at) {
    if (component == ExtendedState.AVX) {
      for (int i = 0; i < legacy.vectorRegisters(); i++) {
        int upper = i * ExtendedState.VECTOR + 2;
        extended.vectors[upper] = loads ? mem.load(at + 16L * i, 8) : 0;
        extended.vectors[upper + 1] = loads ? mem.load(at + 16L * i + 8, 8) : 0;
      }
    } else if (component == ExtendedState.PKRU) {
      state.paging().setPkru(loads ? (int) mem.load(at, 4) : 0);
      processor.mmu().rightsChanged();
    } else {
      byte[] bytes = new byte[layout.size(component)];
      for (int i = 0; loads && i < bytes.length; i++) {
        bytes[i] = (byte) mem.load(at + i, 1);
      }
      extended.setOther(component, bytes);
    }
  }
}
