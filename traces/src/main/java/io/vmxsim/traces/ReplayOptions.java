package io.vmxsim.traces;

import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.vmcs.InputException;
import java.util.List;

/**
 * What to replay and how.
 *
 * @param configurations the runs, in the order of the result; at least one
 * @param warmup instructions of the (first) trace that run but are not counted
 * @param limit instructions counted at most in each trace; {@code Long.MAX_VALUE} for all
 * @param timerHz timer ticks per second of simulated time; 0 for none. A slower configuration takes
 *     more ticks over the same trace
 * @param timerInstructions retired instructions from tick to tick, which gives every configuration
 *     the same ticks; 0 to go by {@code timerHz}
 * @param seed of everything random: what RDRAND returns
 * @param top how many hot spots of each kind to report
 * @param guest what the modelled kernel around user-level traces does; its page size is the
 *     configuration's
 * @param dataCaches whether walks and data accesses go through modelled data caches
 * @param detailed whether to keep a {@link RunDetails} of each run, which takes memory and time
 */
public record ReplayOptions(
    List<ReplayConfiguration> configurations,
    long warmup,
    long limit,
    long timerHz,
    long timerInstructions,
    long seed,
    int top,
    GuestOsOptions guest,
    boolean dataCaches,
    boolean detailed) {

  /** Below this a guest would do nothing but answer its timer. */
  public static final long LEAST_TIMER_INSTRUCTIONS = 10_000;

  /** Above this, likewise. */
  public static final long MOST_TIMER_HZ = 20_000;

  /**
   * Checks the numbers.
   *
   * @throws InputException naming the option
   */
  public ReplayOptions {
    configurations = List.copyOf(configurations);
    require(warmup >= 0, "--warmup", "instructions, 0 or more");
    require(limit > 0, "--limit", "instructions, 1 or more");
    require(
        timerHz >= 0 && timerHz <= MOST_TIMER_HZ,
        "--timer-hz",
        "0 (no timer) to " + MOST_TIMER_HZ + " ticks per second");
    require(
        timerInstructions == 0 || timerInstructions >= LEAST_TIMER_INSTRUCTIONS,
        "--timer-instructions",
        "0 (no such timer) or at least " + LEAST_TIMER_INSTRUCTIONS + " instructions");
    require(top >= 0, "--top", "a count, 0 or more");
  }

  /** Without data caches and details. */
  public ReplayOptions(
      List<ReplayConfiguration> configurations,
      long warmup,
      long limit,
      long timerHz,
      long timerInstructions,
      long seed,
      int top,
      GuestOsOptions guest) {
    this(configurations, warmup, limit, timerHz, timerInstructions, seed, top, guest, false, false);
  }

  /** All of a trace in one configuration, without a timer of its own, and no hot spots. */
  public static ReplayOptions of(ReplayConfiguration configuration) {
    return new ReplayOptions(
        List.of(configuration), 0, Long.MAX_VALUE, 0, 0, 0, 0, GuestOsOptions.DEFAULT);
  }

  /** The same, keeping details of each run or not. */
  public ReplayOptions withDetails(boolean keep) {
    return with(dataCaches, keep);
  }

  /** The same, with modelled data caches or without. */
  public ReplayOptions withDataCaches(boolean model) {
    return with(model, detailed);
  }

  private ReplayOptions with(boolean model, boolean keep) {
    return new ReplayOptions(
        configurations, warmup, limit, timerHz, timerInstructions, seed, top, guest, model, keep);
  }

  private static void require(boolean holds, String option, String expected) {
    if (!holds) {
      throw new InputException(option, "", "expected " + expected);
    }
  }
}
