package io.vmxsim.traces;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.LongConsumer;

/** What is in a trace, found by reading all of it: the logic of {@code trace info}. */
public final class TraceInfo {
  private static final int PAGE_SHIFT = 12;

  private final String source;
  private final TraceFormat format;
  private final List<String> notes;
  private final TraceCounts counts = new TraceCounts();
  private final Map<ActionKind, Long> actions = new EnumMap<>(ActionKind.class);
  private final SortedSet<Integer> vcpus = new TreeSet<>();
  private final LongOpenHashSet codePages = new LongOpenHashSet();
  private final LongOpenHashSet dataPages = new LongOpenHashSet();
  private long bytes;

  private TraceInfo(TraceReader reader) {
    source = reader.source();
    format = reader.format();
    notes = reader instanceof VxtReader vxt ? vxt.notes() : List.of();
  }

  /**
   * Reads the trace to its end.
   *
   * @param progress is told the bytes read, now and then
   */
  public static TraceInfo of(TraceReader reader, LongConsumer progress) {
    TraceInfo info = new TraceInfo(reader);
    long[] byKind = new long[128];
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    while (reader.fill(batch)) {
      info.vcpus.add(reader.vcpu());
      info.look(batch, byKind);
      progress.accept(reader.bytesRead());
    }
    for (ActionKind kind : ActionKind.values()) {
      if (byKind[kind.code()] > 0) {
        info.actions.put(kind, byKind[kind.code()]);
      }
    }
    info.counts.copyFrom(reader.counts());
    info.bytes = reader.bytesRead();
    return info;
  }

  private void look(ActionBatch batch, long[] byKind) {
    long lastCode = -1;
    long lastData = -1;
    for (int i = 0; i < batch.count(); i++) {
      byte kind = batch.kind(i);
      byKind[kind]++;
      long page = batch.address(i) >>> PAGE_SHIFT;
      if (kind == ActionKind.INSTRUCTION.code()) {
        if (page != lastCode) {
          codePages.add(page);
          lastCode = page;
        }
      } else if (kind <= ActionKind.STORE_VALUE.code() && page != lastData) {
        dataPages.add(page);
        lastData = page;
      }
    }
  }

  /** Distinct 4-KByte pages that an instruction or access begins in. */
  public long distinctPages() {
    LongOpenHashSet all = new LongOpenHashSet(codePages);
    all.addAll(dataPages);
    return all.size();
  }

  /** Distinct 4-KByte pages that a load or store begins in. */
  public long dataPages() {
    return dataPages.size();
  }

  /** Distinct 4-KByte pages that an instruction begins in. */
  public long codePages() {
    return codePages.size();
  }

  /** What the reader counted. */
  public TraceCounts counts() {
    return counts;
  }

  /** Actions by kind; a kind that does not occur is absent. */
  public Map<ActionKind, Long> actions() {
    return Collections.unmodifiableMap(actions);
  }

  /** For people. */
  public String toText() {
    StringBuilder out = new StringBuilder();
    line(out, "trace", source);
    line(out, "format", format.label());
    notes.forEach(note -> line(out, "note", note));
    number(out, "bytes", bytes);
    number(out, "records", counts.records());
    number(out, "instructions", counts.instructions());
    number(out, "loads", counts.loads());
    number(out, "stores", counts.stores());
    number(out, "code pages", codePages());
    number(out, "data pages", dataPages());
    number(out, "distinct pages", distinctPages());
    number(out, "virtual CPUs", vcpus.size());
    if (counts.skipped() > 0) {
      number(out, "skipped", counts.skipped());
    }
    if (counts.withoutOperands() > 0) {
      number(out, "no operands", counts.withoutOperands());
    }
    out.append("actions\n");
    actions.forEach((kind, n) -> out.append(String.format("  %-18s %,15d%n", kind, n)));
    return out.toString();
  }

  private static void line(StringBuilder out, String name, String text) {
    out.append(String.format("%-16s %s%n", name, text.replaceAll("\\p{Cntrl}", " ")));
  }

  private static void number(StringBuilder out, String name, long n) {
    out.append(String.format("%-20s %,15d%n", name, n));
  }

  /** One JSON object. */
  public String toJson() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeStringField("trace", source);
      json.writeStringField("format", format.label());
      json.writeArrayFieldStart("notes");
      for (String note : notes) {
        json.writeString(note);
      }
      json.writeEndArray();
      json.writeNumberField("bytes", bytes);
      json.writeNumberField("records", counts.records());
      json.writeNumberField("instructions", counts.instructions());
      json.writeNumberField("loads", counts.loads());
      json.writeNumberField("stores", counts.stores());
      json.writeNumberField("codePages", codePages());
      json.writeNumberField("dataPages", dataPages());
      json.writeNumberField("distinctPages", distinctPages());
      json.writeNumberField("vcpus", vcpus.size());
      json.writeNumberField("skipped", counts.skipped());
      json.writeNumberField("withoutOperands", counts.withoutOperands());
      json.writeObjectFieldStart("actions");
      for (Map.Entry<ActionKind, Long> entry : actions.entrySet()) {
        json.writeNumberField(entry.getKey().name(), entry.getValue());
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a StringWriter cannot fail", e);
    }
    return text + "\n";
  }
}
