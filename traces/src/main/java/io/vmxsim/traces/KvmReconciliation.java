package io.vmxsim.traces;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The exits of a KVM trace beside those of a run of ours, reason by reason.
 *
 * @param run what was run: paging mode and policy
 * @param rows every reason that either has, KVM's first, most exits first
 */
public record KvmReconciliation(String run, List<Row> rows) {

  /** The exits of one reason. */
  public record Row(String reason, long kvm, long ours) {
    /** Ours less KVM's. */
    public long difference() {
      return ours - kvm;
    }
  }

  /** Copies the list. */
  public KvmReconciliation {
    rows = List.copyOf(rows);
  }

  /** All exits of KVM's trace. */
  public long kvmTotal() {
    return rows.stream().mapToLong(Row::kvm).sum();
  }

  /** All exits of our run. */
  public long oursTotal() {
    return rows.stream().mapToLong(Row::ours).sum();
  }

  /**
   * Reconciles a trace with every run in a file that {@code --output json} printed.
   *
   * @throws InputException if the file is no such output
   */
  public static List<KvmReconciliation> of(KvmTrace trace, String runFile) {
    JsonNode runs = read(runFile).path("runs");
    if (!runs.isArray() || runs.isEmpty()) {
      throw new InputException(
          runFile, "/runs", "expected the runs of a replay, as --output json prints them");
    }
    List<KvmReconciliation> all = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      all.add(of(trace, runs.get(i), runFile, "/runs/" + i));
    }
    return all;
  }

  private static KvmReconciliation of(KvmTrace trace, JsonNode run, String file, String position) {
    JsonNode byReason = run.at("/exits/byReason");
    if (!byReason.isObject()) {
      throw new InputException(
          file, position + "/exits/byReason", "expected an object of exits by reason");
    }
    Map<String, Long> ours = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : byReason.properties()) {
      if (!field.getValue().isIntegralNumber()) {
        throw new InputException(
            file, position + "/exits/byReason/" + field.getKey(), "expected a count");
      }
      ours.put(field.getKey(), field.getValue().longValue());
    }
    List<Row> rows = new ArrayList<>();
    for (ExitRow row : KvmTraceReport.byCount(trace)) {
      Long count = ours.remove(row.reason());
      rows.add(new Row(row.reason(), row.count(), count == null ? 0 : count));
    }
    ours.forEach((reason, count) -> rows.add(new Row(reason, 0, count)));
    String policy = run.path("policy").isTextual() ? "/" + run.path("policy").asText() : "";
    return new KvmReconciliation(run.path("paging").asText("run") + policy, rows);
  }

  private static JsonNode read(String file) {
    try {
      return new ObjectMapper().readTree(Files.readString(Path.of(file)));
    } catch (JsonProcessingException e) {
      throw new InputException(
          file,
          e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr(),
          "expected JSON, as replay --output json prints it",
          e);
    } catch (InvalidPathException e) {
      throw new InputException(file, "", "expected a readable file", e);
    } catch (IOException e) {
      throw InputException.of(Path.of(file), "cannot be read", e);
    }
  }
}
