package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;

/** Loads and stores of any size. */
final class Accesses {
  /** Size operands of actions are a byte: larger accesses are split into parts of this size. */
  static final int MAX_PART = 128;

  private Accesses() {}

  static void add(ActionBatch batch, byte kind, int size, long address) {
    int done = 0;
    while (size - done > MAX_PART) {
      batch.add(kind, MAX_PART, address + done, 0);
      done += MAX_PART;
    }
    batch.add(kind, size - done, address + done, 0);
  }
}
