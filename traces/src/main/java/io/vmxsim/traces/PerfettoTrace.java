package io.vmxsim.traces;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmcs.ExitReason;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/**
 * The exits of each run on a time line, in the JSON that Perfetto and Chrome's trace viewer read: a
 * process for each run, a slice from each exit to the end of the next entry. Cycles become
 * microseconds by the profile's clock.
 */
public final class PerfettoTrace {
  private PerfettoTrace() {}

  /**
   * Writes the runs that have {@link RunDetails}; the caller closes the stream.
   *
   * @throws IOException if the stream takes no more
   */
  public static void write(ReplayResult result, OutputStream out) throws IOException {
    try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeArrayFieldStart("traceEvents");
      for (int i = 0; i < result.runs().size(); i++) {
        RunResult run = result.runs().get(i);
        if (run.details() != null) {
          write(json, i + 1, run, run.details());
        }
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }

  private static void write(JsonGenerator json, int process, RunResult run, RunDetails details)
      throws IOException {
    String cut =
        details.kept() == details.exits()
            ? ""
            : ", the first " + details.kept() + " of " + details.exits() + " exits";
    name(json, "process_name", process, run.mode() + " on " + run.cpu() + cut);
    name(json, "thread_name", process, "vCPU 0");
    for (int i = 0; i < details.kept(); i++) {
      json.writeRaw('\n');
      json.writeStartObject();
      json.writeStringField(
          "name", Objects.requireNonNull(ExitReason.of(details.reason(i))).traceName());
      json.writeStringField("ph", "X");
      json.writeNumberField("ts", (double) details.start(i) / details.clockMhz());
      json.writeNumberField("dur", (double) details.duration(i) / details.clockMhz());
      json.writeNumberField("pid", process);
      json.writeNumberField("tid", 0);
      json.writeEndObject();
    }
  }

  private static void name(JsonGenerator json, String kind, int process, String name)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", kind);
    json.writeStringField("ph", "M");
    json.writeNumberField("pid", process);
    json.writeNumberField("tid", 0);
    json.writeObjectFieldStart("args");
    json.writeStringField("name", name);
    json.writeEndObject();
    json.writeEndObject();
  }
}
