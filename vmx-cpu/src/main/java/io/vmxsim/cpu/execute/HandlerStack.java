package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Instruction;

/**
 * The stack that a call gate, an interrupt or an exception pushes its frame on: the present one, or
 * that of an inner privilege level as the TSS has it ("Stack Switching", 5.8.5 and 6.14.5). It
 * becomes SS:RSP at the end, when nothing can fault any more.
 */
final class HandlerStack {
  private static final int TSS_IST1 = 36;
  private static final int TSS_RSP0 = 4;
  private static final int TSS32 = 8;

  private enum Kind {
    PRESENT,
    INNER,
    FLAT64
  }

  private final CpuState state;
  private final Segmentation segments;
  private final SegmentLoad segmentLoad;
  private final Mem mem;
  private final Faults faults;

  private Kind kind = Kind.PRESENT;
  private int cpl;
  private int slot;
  private int width;
  private int selector;
  private long base;
  private long top;

  HandlerStack(Operands operands, SegmentLoad segmentLoad, Faults faults) {
    this.segmentLoad = segmentLoad;
    this.faults = faults;
    state = operands.state;
    segments = operands.segments;
    mem = operands.mem;
  }

  /** Pushes of {@code bytes} each will go to the present stack. */
  void usePresent(int bytes) {
    kind = Kind.PRESENT;
    cpl = state.cpl();
    slot = bytes;
    width = segments.stackWidth();
    top = Val.zeroExtend(state.register(RSP), width);
  }

  /**
   * Up to {@code count} pushes of {@code bytes} each will go to the stack of {@code level}, outside
   * IA-32e mode.
   */
  void useInner(int level, int bytes, int count) {
    kind = Kind.INNER;
    cpl = level;
    slot = bytes;
    boolean big = (state.accessRights(Segment.TR) & TSS32) != 0;
    int at = big ? 4 + 8 * level : 2 + 4 * level;
    int pointerBytes = big ? 4 : 2;
    requireTask(at + pointerBytes + 1);
    long esp = loadTask(at, pointerBytes);
    selector = (int) loadTask(at + pointerBytes, 2);
    Descriptor stack = segmentLoad.requireInnerStack(selector, level);
    width = stack.isBig() ? 4 : 2;
    base = stack.base();
    top = Val.zeroExtend(esp, width);
    if (top - (long) slot * count < 0 || top - 1 > (stack.limit() & 0xffffffffL)) {
      throw faults.stack(selector & 0xfffc);
    }
  }

  /** Pushes of 8 bytes will go to a stack of IA-32e mode: {@code ist} of 1 to 7 wins. */
  void use64(int level, int ist) {
    kind = Kind.FLAT64;
    cpl = level;
    slot = 8;
    if (ist == 0 && level == state.cpl()) {
      top = state.register(RSP);
      return;
    }
    int at = ist != 0 ? TSS_IST1 + 8 * (ist - 1) : TSS_RSP0 + 8 * level;
    requireTask(at + 7);
    top = mem.loadImplicitly(state.base(Segment.TR) + at, 8);
  }

  /** Aligns a stack of 64-bit handlers, before the first push. */
  void align() {
    top &= ~15L;
  }

  private void requireTask(int last) {
    if (last > (state.limits[7] & 0xffffffffL)) {
      throw faults.invalidTss(state.selectors[7] & 0xfffc);
    }
  }

  private long loadTask(int at, int size) {
    return mem.loadImplicitly((state.base(Segment.TR) + at) & 0xffffffffL, size);
  }

  void push(long value) {
    switch (kind) {
      case PRESENT -> {
        top = Val.zeroExtend(top - slot, width);
        mem.storeAs(cpl, segments.forStore(Instruction.SS, top, slot), slot, value);
      }
      case INNER -> {
        top -= slot;
        mem.storeAs(cpl, (base + top) & 0xffffffffL, slot, value);
      }
      default -> {
        top -= slot;
        if (!segments.isCanonical(top)) {
          throw faults.stack(0);
        }
        mem.storeAs(cpl, top, slot, value);
      }
    }
  }

  /** SS and RSP become this stack's; CPL becomes the level of an inner one. */
  void load() {
    switch (kind) {
      case PRESENT -> state.setRegister(RSP, (state.register(RSP) & ~Val.mask(width)) | top);
      case INNER -> {
        segmentLoad.set(Instruction.SS, selector);
        state.setRegister(RSP, top);
      }
      default -> {
        if (cpl != state.cpl()) {
          segmentLoad.setNullStack(cpl, cpl);
        }
        state.setRegister(RSP, top);
      }
    }
  }
}
