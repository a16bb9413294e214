package io.vmxsim.cpu;

import java.util.Arrays;

/** What event delivery saved of the interrupted code, for the IRETs to come: a stack of frames. */
final class EventFrames {
  private static final int FRAME = 3;
  private long[] saved = new long[FRAME * 4];
  private int top;

  /** Saves RIP, RFLAGS and CPL. */
  void push(CpuState state) {
    if (top == saved.length) {
      saved = Arrays.copyOf(saved, 2 * saved.length);
    }
    saved[top] = state.rip;
    saved[top + 1] = state.rflags();
    saved[top + 2] = state.cpl();
    top += FRAME;
  }

  /** Restores the last frame; without one, goes to user level with interrupts on. */
  void pop(CpuState state) {
    if (top == 0) {
      state.setRflags(state.rflags() | CpuState.IF);
      state.setCpl(3);
      return;
    }
    top -= FRAME;
    state.rip = saved[top];
    state.setRflags(saved[top + 1]);
    state.setCpl((int) saved[top + 2]);
  }
}
