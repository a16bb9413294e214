package io.vmxsim.traces;

import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmcs.InputException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a trace that {@code vmxsim run --record} wrote tells of the run: the machine, from the
 * beginning of the trace on, and behind its last action the run's VM exits. In the file these are
 * lines {@code key=value}.
 */
public final class RecordedRun {
  private static final String CPU = "cpu";
  private static final String MEMORY = "memory";
  private static final String PROCESSORS = "processors";
  private static final String PAGING = "paging";
  private static final String POLICY = "policy";
  private static final String HOST_PAGE = "host-page";
  private static final String EXIT = "exit.";

  private final String source;
  private final Map<String, String> facts = new LinkedHashMap<>();

  /** Nothing is known yet of a trace with that name. */
  RecordedRun(String source) {
    this.source = source;
  }

  /** What is known of the run when it begins. */
  static String machine(String cpu, long memory, int processors, RunResult run) {
    String policy = run.policy() == null ? "" : "%s=%s%n".formatted(POLICY, run.policy());
    return "%s=%s\n%s=%d\n%s=%d\n%s=%s\n%s=%s\n%s"
        .formatted(
            CPU,
            cpu,
            MEMORY,
            memory,
            PROCESSORS,
            processors,
            PAGING,
            run.paging().label(),
            HOST_PAGE,
            run.hostPage(),
            policy);
  }

  /** What is known at its end. */
  static String end(RunResult run) {
    StringBuilder text = new StringBuilder();
    for (ExitRow row : run.exits()) {
      text.append("%s%s=%d\n".formatted(EXIT, row.reason(), row.count()));
    }
    return text.toString();
  }

  /** Takes one block of the file. */
  void add(byte[] data, int offset, int length) {
    String text = new String(data, offset, length, StandardCharsets.UTF_8);
    text.lines()
        .map(line -> line.split("=", 2))
        .filter(fact -> fact.length == 2)
        .forEach(fact -> facts.put(fact[0], fact[1]));
  }

  /** The CPU profile, as the command line names it. */
  public String cpu() {
    return fact(CPU);
  }

  /** The guest's RAM in bytes. */
  public long memory() {
    return number(MEMORY);
  }

  /** The guest's processors; the recording has their actions in the order of the run. */
  public int processors() {
    return facts.containsKey(PROCESSORS) ? (int) number(PROCESSORS) : 1;
  }

  /** How the guest got its memory. */
  public Paging paging() {
    for (Paging paging : Paging.values()) {
      if (paging.label().equals(fact(PAGING))) {
        return paging;
      }
    }
    throw bad(PAGING);
  }

  /** The VM exits of the run by reason; empty until the trace has been read to its end. */
  public Map<String, Long> exits() {
    Map<String, Long> exits = new TreeMap<>();
    for (String key : facts.keySet()) {
      if (key.startsWith(EXIT)) {
        exits.put(key.substring(EXIT.length()), number(key));
      }
    }
    return exits;
  }

  /**
   * Whether a replay runs the guest as it ran when it was recorded, so that its exits are those.
   */
  boolean isLike(RunResult run) {
    @Nullable String policy = facts.get(POLICY);
    return run.paging() == paging()
        && (run.paging() == Paging.NATIVE || run.hostPage().equals(fact(HOST_PAGE)))
        && (run.policy() == null || run.policy().equals(policy));
  }

  private String fact(String key) {
    String value = facts.get(key);
    if (value == null) {
      throw bad(key);
    }
    return value;
  }

  private long number(String key) {
    try {
      return Long.parseLong(fact(key));
    } catch (NumberFormatException e) {
      throw bad(key);
    }
  }

  private InputException bad(String key) {
    return new InputException(
        source, "RECORDING block", "expected a " + key.toLowerCase(Locale.ROOT) + " that exists");
  }
}
