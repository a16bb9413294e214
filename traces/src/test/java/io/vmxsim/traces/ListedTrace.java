package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;

/** A trace out of memory: the actions that a test appends, handed out a few at a time. */
final class ListedTrace {
  private final ActionBatch actions = new ActionBatch(64);

  ListedTrace add(ActionKind kind, int size, long address, long value) {
    actions.add(kind, size, address, value);
    return this;
  }

  ListedTrace instruction(long address) {
    return add(ActionKind.INSTRUCTION, 4, address, ActionBatch.NO_BYTES);
  }

  ListedTrace load(long address) {
    return instruction(0x40_0000).add(ActionKind.LOAD, 8, address, 0);
  }

  ListedTrace store(long address) {
    return instruction(0x40_0004).add(ActionKind.STORE, 8, address, 0);
  }

  /** A reader of the whole list, from the beginning. */
  TraceReader reader() {
    return new TraceReader() {
      private final TraceCounts counts = new TraceCounts();
      private int next;

      @Override
      public TraceFormat format() {
        return TraceFormat.VXT;
      }

      @Override
      public String source() {
        return "listed";
      }

      @Override
      public boolean fill(ActionBatch batch) {
        batch.clear();
        int end = Math.min(next + 1000, actions.count());
        while (next < actions.count() && (next < end || !begins(next))) {
          batch.add(
              actions.kind(next), actions.size(next), actions.address(next), actions.value(next));
          next++;
        }
        return batch.count() > 0;
      }

      private boolean begins(int i) {
        return actions.kind(i) == ActionKind.INSTRUCTION.code();
      }

      @Override
      public TraceCounts counts() {
        return counts;
      }

      @Override
      public String position() {
        return "action " + next;
      }
    };
  }
}
