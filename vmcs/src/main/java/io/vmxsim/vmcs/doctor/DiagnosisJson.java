package io.vmxsim.vmcs.doctor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vmxsim.vmcs.VmcsText;
import io.vmxsim.vmcs.doctor.VmcsDump.UnreadLine;
import io.vmxsim.vmcs.rules.EntryRule;
import java.util.List;

/** Diagnoses for programs. */
public final class DiagnosisJson {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private DiagnosisJson() {}

  /** The diagnoses as one JSON object, its keys always in the same order. */
  public static String of(List<Diagnosis> diagnoses) {
    ObjectNode root = NODES.objectNode();
    root.put("format", "vmxsim-check").put("version", 1);
    ArrayNode dumps = root.putArray("dumps");
    diagnoses.forEach(diagnosis -> dumps.add(dump(diagnosis)));
    DefaultIndenter indent = new DefaultIndenter("  ", "\n");
    try {
      return new ObjectMapper()
              .writer(
                  new DefaultPrettyPrinter().withObjectIndenter(indent).withArrayIndenter(indent))
              .writeValueAsString(root)
          + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("writing to a string does not fail", e);
    }
  }

  private static ObjectNode dump(Diagnosis diagnosis) {
    VmcsDump dump = diagnosis.dump();
    ObjectNode node = NODES.objectNode();
    node.put("source", dump.source()).put("line", dump.line()).put("form", dump.form().name());
    node.put("title", dump.title()).put("cpu", diagnosis.cpu());
    if (dump.reported() != null) {
      node.set("reported", reported(dump.reported()));
    }
    ArrayNode unread = node.putArray("unread");
    for (UnreadLine line : dump.unread()) {
      unread.addObject().put("line", line.number()).put("text", line.text());
    }
    ArrayNode absent = node.putArray("missing");
    dump.absent().forEach(field -> absent.add(field.name()));
    ArrayNode findings = node.putArray("broken");
    diagnosis.findings().forEach(finding -> findings.add(finding(finding)));
    ArrayNode contradicted = node.putArray("brokenButPassed");
    diagnosis.contradicted().forEach(finding -> contradicted.add(finding(finding)));
    node.put("passed", diagnosis.passed());
    node.set("unknown", ids(diagnosis.unknown()));
    return node;
  }

  private static ObjectNode reported(Reported reported) {
    ObjectNode node = NODES.objectNode();
    if (reported.failure() != null) {
      node.put("failure", reported.failure().name());
    }
    if (reported.qualification() != null) {
      node.put("qualification", reported.qualification());
    }
    return node.put("words", reported.words());
  }

  private static ObjectNode finding(Finding finding) {
    ObjectNode node = NODES.objectNode();
    EntryRule rule = finding.rule();
    node.put("rule", rule.id()).put("requirement", rule.requirement());
    node.putObject("source")
        .put("edition", rule.source().edition().toString())
        .put("section", rule.source().number())
        .put("title", rule.source().title());
    ArrayNode fields = node.putArray("fields");
    for (Finding.Reading read : finding.reads()) {
      fields
          .addObject()
          .put("name", read.field().name())
          .put("value", VmcsText.hex(read.field(), read.value()))
          .put("meaning", FieldDecoder.decode(read.field(), read.value()));
    }
    node.set("wouldReport", reported(finding.would()));
    node.put("agreesWithReport", finding.agrees());
    ArrayNode changes = node.putArray("changes");
    for (Remedy remedy : finding.remedies()) {
      ObjectNode change = changes.addObject();
      change.put("field", remedy.field().name());
      change.put("from", VmcsText.hex(remedy.field(), remedy.before()));
      change.put("to", VmcsText.hex(remedy.field(), remedy.after()));
      change.put("words", remedy.words());
      change.set("mends", ids(remedy.mends()));
      change.set("breaks", ids(remedy.breaks()));
    }
    return node;
  }

  private static ArrayNode ids(List<EntryRule> rules) {
    ArrayNode ids = NODES.arrayNode();
    rules.forEach(rule -> ids.add(rule.id()));
    return ids;
  }
}
