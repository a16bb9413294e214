package io.vmxsim.traces;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.CacheRow;
import io.vmxsim.traces.ReplayResult.Cycles;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.HotSpot;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.traces.ReplayResult.TlbRow;
import io.vmxsim.traces.ReplayResult.TraceSummary;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ReplayResult} for programs, as {@code docs/replay.schema.json} describes it.
 *
 * <p>Keys have a fixed order and lines end in {@code \n} everywhere, so equal results are equal
 * bytes. {@code skipped}, {@code limitReached}, {@code top} and {@code caches} appear only when
 * {@code --lenient}, {@code --limit}, {@code --top} or {@code --data-caches} had something to tell.
 */
public final class ReplayJsonReport {
  private ReplayJsonReport() {}

  /** The whole result as one indented JSON document ending in a line feed. */
  public static String of(ReplayResult result) {
    return of(result, List.of());
  }

  /** The same with what its runs were put beside. */
  public static String of(ReplayResult result, List<ExitComparison> against) {
    return document(
        json -> {
          writeTrace(json, result.trace());
          writeRecorded(json, result.recorded());
          writeRuns(json, result.runs(), result.assumed());
          if (!against.isEmpty()) {
            json.writeArrayFieldStart("against");
            for (ExitComparison comparison : against) {
              comparison.writeTo(json);
            }
            json.writeEndArray();
          }
        });
  }

  private static void writeRecorded(JsonGenerator json, @Nullable RecordedRun recorded)
      throws IOException {
    if (recorded == null) {
      return;
    }
    json.writeObjectFieldStart("recorded");
    json.writeStringField("cpu", recorded.cpu());
    json.writeNumberField("memory", recorded.memory());
    json.writeStringField("paging", recorded.paging().label());
    json.writeObjectFieldStart("exits");
    for (Map.Entry<String, Long> exits : recorded.exits().entrySet()) {
      json.writeNumberField(exits.getKey(), exits.getValue());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  /** Writes the members of a JSON object. */
  interface Members {
    void writeTo(JsonGenerator json) throws IOException;
  }

  /** One indented JSON object ending in a line feed. */
  static String document(Members members) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(indenter);
    printer.indentArraysWith(indenter);
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.setPrettyPrinter(printer);
      json.writeStartObject();
      members.writeTo(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a StringWriter cannot fail", e);
    }
    return text + "\n";
  }

  /** Writes {@code runs} and {@code assumed}. */
  static void writeRuns(JsonGenerator json, List<RunResult> runs, List<AssumedNumber> assumed)
      throws IOException {
    json.writeArrayFieldStart("runs");
    for (RunResult run : runs) {
      writeRun(json, run);
    }
    json.writeEndArray();
    writeAssumed(json, assumed);
  }

  private static void writeTrace(JsonGenerator json, TraceSummary trace) throws IOException {
    json.writeObjectFieldStart("trace");
    json.writeStringField("format", trace.format());
    json.writeNumberField("instructions", trace.instructions());
    json.writeNumberField("loads", trace.loads());
    json.writeNumberField("stores", trace.stores());
    json.writeNumberField("distinctPages", trace.distinctPages());
    if (trace.skipped() > 0) {
      json.writeNumberField("skipped", trace.skipped());
    }
    if (trace.limitReached()) {
      json.writeBooleanField("limitReached", true);
    }
    json.writeEndObject();
  }

  private static void writeRun(JsonGenerator json, RunResult run) throws IOException {
    json.writeStartObject();
    json.writeStringField("paging", run.paging().label());
    json.writeStringField("policy", run.policy());
    json.writeStringField("guestPage", run.guestPage());
    json.writeStringField("hostPage", run.hostPage());
    json.writeStringField("cpu", run.cpu());
    json.writeNumberField("instructions", run.instructions());
    writeExits(json, run);
    json.writeObjectFieldStart("tlb");
    for (TlbRow row : run.tlb()) {
      json.writeObjectFieldStart(row.structure());
      json.writeNumberField("hits", row.hits());
      json.writeNumberField("misses", row.misses());
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeObjectFieldStart("walks");
    json.writeNumberField("count", run.walks().count());
    json.writeNumberField("entryReads", run.walks().entryReads());
    json.writeNumberField("cycles", run.walks().cycles());
    json.writeEndObject();
    writeCaches(json, run);
    writeCycles(json, run.cycles());
    writeHotSpots(json, run);
    json.writeEndObject();
  }

  private static void writeCaches(JsonGenerator json, RunResult run) throws IOException {
    if (run.caches().isEmpty()) {
      return;
    }
    json.writeObjectFieldStart("caches");
    for (CacheRow row : run.caches()) {
      json.writeObjectFieldStart(row.level());
      json.writeNumberField("walkHits", row.walkHits());
      json.writeNumberField("walkMisses", row.walkMisses());
      json.writeNumberField("dataHits", row.dataHits());
      json.writeNumberField("dataMisses", row.dataMisses());
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void writeExits(JsonGenerator json, RunResult run) throws IOException {
    json.writeObjectFieldStart("exits");
    json.writeNumberField("total", run.totalExits());
    json.writeNumberField("fromGuestModel", run.guestModelExits());
    json.writeObjectFieldStart("byReason");
    for (ExitRow row : run.exits()) {
      json.writeNumberField(row.reason(), row.count());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void writeCycles(JsonGenerator json, Cycles cycles) throws IOException {
    json.writeObjectFieldStart("cycles");
    json.writeNumberField("total", cycles.total());
    json.writeNumberField("guest", cycles.guest());
    json.writeNumberField("translation", cycles.translation());
    json.writeNumberField("exit", cycles.exit());
    json.writeNumberField("vmm", cycles.vmm());
    json.writeEndObject();
  }

  private static void writeHotSpots(JsonGenerator json, RunResult run) throws IOException {
    if (run.hotSpots().isEmpty()) {
      return;
    }
    json.writeArrayFieldStart("top");
    for (HotSpot spot : run.hotSpots()) {
      json.writeStartObject();
      json.writeStringField("kind", spot.kind().label());
      json.writeStringField("value", spot.where());
      json.writeStringField("reason", spot.reason());
      json.writeNumberField("count", spot.count());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeAssumed(JsonGenerator json, List<AssumedNumber> assumed)
      throws IOException {
    json.writeArrayFieldStart("assumed");
    for (AssumedNumber number : assumed) {
      json.writeStartObject();
      json.writeStringField("cpu", number.cpu());
      json.writeStringField("key", number.key());
      json.writeStringField("value", number.value());
      json.writeStringField("unit", number.unit());
      json.writeStringField("source", number.source());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
