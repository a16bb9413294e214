package io.vmxsim.traces;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmcs.ExitReason;
import java.io.IOException;
import java.io.OutputStream;
import java.util.BitSet;
import java.util.List;
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
  public static void write(List<RunResult> runs, OutputStream out) throws IOException {
    try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeArrayFieldStart("traceEvents");
      for (int i = 0; i < runs.size(); i++) {
        RunResult run = runs.get(i);
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
    name(json, "process_name", process, 0, run.mode() + " on " + run.cpu() + cut);
    BitSet processors = new BitSet();
    for (int i = 0; i < details.kept(); i++) {
      processors.set(details.processor(i));
    }
    for (int cpu = processors.nextSetBit(0); cpu >= 0; cpu = processors.nextSetBit(cpu + 1)) {
      name(json, "thread_name", process, cpu, "vCPU " + cpu);
    }
    for (int i = 0; i < details.kept(); i++) {
      json.writeRaw('\n');
      json.writeStartObject();
      json.writeStringField(
          "name", Objects.requireNonNull(ExitReason.of(details.reason(i))).traceName());
      json.writeStringField("ph", "X");
      json.writeNumberField("ts", (double) details.start(i) / details.clockMhz());
      json.writeNumberField("dur", (double) details.duration(i) / details.clockMhz());
      json.writeNumberField("pid", process);
      json.writeNumberField("tid", details.processor(i));
      json.writeEndObject();
    }
  }

  private static void name(JsonGenerator json, String kind, int process, int thread, String name)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", kind);
    json.writeStringField("ph", "M");
    json.writeNumberField("pid", process);
    json.writeNumberField("tid", thread);
    json.writeObjectFieldStart("args");
    json.writeStringField("name", name);
    json.writeEndObject();
    json.writeEndObject();
  }
}
