package io.vmxsim.traces;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The trace formats that can be read; {@code docs/traces.md} describes each. */
public enum TraceFormat {
  /** Text of valgrind's lackey tool with {@code --trace-mem=yes}. */
  LACKEY("lackey"),
  /** ChampSim's 64-byte records. */
  CHAMPSIM("champsim"),
  /** The 96-byte records of ChampSim's CloudSuite variant. Never recognised by content. */
  CHAMPSIM_CLOUDSUITE("champsim-cloudsuite"),
  /** DynamoRIO's drmemtrace: 12-byte records in a zip or a gzip file. */
  DRMEMTRACE("drmemtrace"),
  /** Our own. */
  VXT("vxt");

  private final String label;

  TraceFormat(String label) {
    this.label = label;
  }

  /** The name on the command line and in reports. */
  public String label() {
    return label;
  }

  /** The format with that name, or null. */
  public static @Nullable TraceFormat named(String label) {
    for (TraceFormat format : values()) {
      if (format.label.equals(label)) {
        return format;
      }
    }
    return null;
  }

  /** All names, for messages. */
  public static String labels() {
    return Arrays.stream(values()).map(TraceFormat::label).collect(Collectors.joining(", "));
  }
}
