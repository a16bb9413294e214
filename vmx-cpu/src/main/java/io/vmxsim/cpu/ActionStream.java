package io.vmxsim.cpu;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A position in a stream of actions. It stays where it is when an action must be tried again. */
public final class ActionStream {
  private final ActionSource source;
  @Nullable ActionBatch batch;
  int index;

  /** The instruction that the action at {@link #index} belongs to. */
  long instructionAddress;

  int instructionLength = 1;

  /** A stream at the beginning of {@code source}. */
  public ActionStream(ActionSource source) {
    this.source = source;
  }

  /** A stream that has ended. */
  public static ActionStream empty() {
    return new ActionStream(() -> null);
  }

  /** The batch at the position; only after {@link #fill} has answered true. */
  ActionBatch current() {
    return Objects.requireNonNull(batch);
  }

  /** Makes sure there is an action at the position; false at the end. */
  boolean fill() {
    ActionBatch current = batch;
    if (current != null && index < current.count()) {
      return true;
    }
    batch = source.next();
    index = 0;
    return batch != null;
  }
}
