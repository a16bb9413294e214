package io.vmxsim.cpu;

import org.jspecify.annotations.Nullable;

/** Where a trace feed gets its actions from, a batch at a time. */
@FunctionalInterface
public interface ActionSource {

  /**
   * The next batch, never empty, or null at the end. The caller has finished with the previous one
   * when it asks, so an implementation may reuse it.
   */
  @Nullable ActionBatch next();
}
