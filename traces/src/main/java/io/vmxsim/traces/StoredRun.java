package io.vmxsim.traces;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
 * A run as {@code --output json} of {@code run}, {@code replay} or {@code compare} left it in a
 * file.
 *
 * @param mode paging mode and policy, as {@link ReplayResult.RunResult#mode} has them
 * @param exits VM exits by the name of their reason, as the file lists them
 */
public record StoredRun(String mode, Map<String, Long> exits) {

  /**
   * Reads every run in a file.
   *
   * @throws InputException if the file is no such output
   */
  public static List<StoredRun> read(String file) {
    JsonNode runs = parse(file).path("runs");
    if (!runs.isArray() || runs.isEmpty()) {
      throw new InputException(
          file, "/runs", "expected the runs of a replay, as --output json prints them");
    }
    List<StoredRun> all = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      all.add(of(runs.get(i), file, "/runs/" + i));
    }
    return all;
  }

  private static StoredRun of(JsonNode run, String file, String position) {
    JsonNode byReason = run.at("/exits/byReason");
    if (!byReason.isObject()) {
      throw new InputException(
          file, position + "/exits/byReason", "expected an object of exits by reason");
    }
    Map<String, Long> exits = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : byReason.properties()) {
      if (!field.getValue().isIntegralNumber()) {
        throw new InputException(
            file, position + "/exits/byReason/" + field.getKey(), "expected a count");
      }
      exits.put(field.getKey(), field.getValue().longValue());
    }
    String policy = run.path("policy").isTextual() ? "/" + run.path("policy").asText() : "";
    return new StoredRun(run.path("paging").asText("run") + policy, exits);
  }

  private static JsonNode parse(String file) {
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
