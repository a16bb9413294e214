package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsText;
import io.vmxsim.vmcs.doctor.VmcsDump.UnreadLine;
import io.vmxsim.vmcs.rules.EntryFailure;
import io.vmxsim.vmcs.rules.EntryInput;
import io.vmxsim.vmcs.rules.EntryRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A diagnosis for people. */
public final class DiagnosisText {

  private static final String INDENT = "     ";

  private final Diagnosis diagnosis;
  private final StringBuilder text = new StringBuilder();

  private DiagnosisText(Diagnosis diagnosis) {
    this.diagnosis = diagnosis;
  }

  /**
   * The diagnosis as text.
   *
   * @param all with every rule that could not be told, and why
   */
  public static String of(Diagnosis diagnosis, boolean all) {
    DiagnosisText report = new DiagnosisText(diagnosis);
    report.head();
    report.unread();
    report.findings();
    report.contradicted();
    report.unknown(all);
    return report.text.toString();
  }

  private void head() {
    VmcsDump dump = diagnosis.dump();
    if (dump.form() == VmcsDump.Form.PROCESSOR) {
      line("%s: %s", dump.source(), dump.form().description());
    } else {
      line("%s: %s at line %d", dump.source(), dump.form().description(), dump.line());
    }
    if (!dump.title().isEmpty()) {
      line("  %s", dump.title());
    }
    Reported reported = dump.reported();
    line("  hardware reported: %s", reported == null ? "not in the dump" : reported.words());
    line(
        "  checked as %s: %s broken, %d hold or do not apply, %d cannot be told",
        diagnosis.cpu(),
        count(diagnosis.findings().size() + diagnosis.contradicted().size(), "rule"),
        diagnosis.passed(),
        diagnosis.unknown().size());
  }

  private void unread() {
    VmcsDump dump = diagnosis.dump();
    for (UnreadLine unread : dump.unread()) {
      line("  line %d could not be read in full: %s", unread.number(), unread.text());
    }
    if (!dump.absent().isEmpty()) {
      line("  missing: %s", names(dump.absent()));
    }
    if (!dump.entryMsrs().isEmpty() && reportedMsr() != null) {
      line("  refused: %s", reportedMsr());
    }
  }

  /** The entry of the MSR-load area that the exit qualification of exit reason 34 names. */
  private @Nullable String reportedMsr() {
    Reported reported = diagnosis.dump().reported();
    if (reported == null
        || reported.failure() != EntryFailure.MSR_LOADING
        || reported.qualification() == null) {
      return null;
    }
    long number = reported.qualification();
    List<VmcsDump.MsrEntry> msrs = diagnosis.dump().entryMsrs();
    if (number < 1 || number > msrs.size()) {
      return null;
    }
    VmcsDump.MsrEntry entry = msrs.get((int) number - 1);
    return "entry %d, MSR %XH with value 0x%016x".formatted(number, entry.index(), entry.value());
  }

  private void findings() {
    int number = 0;
    for (Finding finding : diagnosis.findings()) {
      number++;
      line("");
      line("%3d. %s", number, finding.rule().requirement());
      line(INDENT + "%s  (rule %s)", finding.rule().source(), finding.rule().id());
      values(finding);
      line(
          INDENT + "hardware would report: %s%s",
          finding.would().words(),
          finding.agrees() ? " (as it did)" : "");
      remedies(finding);
    }
    if (number == 0 && diagnosis.contradicted().isEmpty()) {
      line("");
      line("No rule is known to be broken.");
    }
  }

  private void values(Finding finding) {
    int width = 0;
    for (Finding.Reading read : finding.reads()) {
      width = Math.max(width, read.field().name().length());
    }
    for (Finding.Reading read : finding.reads()) {
      String value = VmcsText.hex(read.field(), read.value());
      String words = words(read);
      String name = read.field() + " ".repeat(width - read.field().name().length());
      line(INDENT + "%s  %s%s", name, value, words.isEmpty() ? "" : "  " + words);
    }
  }

  /**
   * Of a vector of controls, those that decide; of another field, what it says and the deciding
   * bits that are 0.
   */
  private static String words(Finding.Reading read) {
    String all = FieldDecoder.decode(read.field(), read.value());
    BitLayout layout = FieldDecoder.layout(read.field(), read.value());
    if (layout == null || read.deciding() == 0) {
      return all;
    }
    boolean controls = read.field().name().endsWith("_CONTROLS");
    List<String> words = new ArrayList<>();
    for (BitLayout.Part part : layout.parts()) {
      boolean decides = part.width() == 1 && (part.mask() & read.deciding()) != 0;
      if (decides && (controls || part.in(read.value()) == 0)) {
        words.add(part.name() + "=" + part.in(read.value()));
      }
    }
    if (!controls && !all.isEmpty()) {
      words.add(0, all);
    }
    return String.join(", ", words);
  }

  private void remedies(Finding finding) {
    String lead = "smallest change: ";
    for (Remedy remedy : finding.remedies()) {
      line(INDENT + "%s%s%s", lead, remedy.words(), effects(remedy));
      lead = "             or: ";
    }
    if (finding.remedies().isEmpty()) {
      line(INDENT + "no change to one known field mends it");
    }
  }

  private static String effects(Remedy remedy) {
    String mends = remedy.mends().isEmpty() ? "" : "; also mends " + ids(remedy.mends());
    return remedy.breaks().isEmpty() ? mends : mends + "; but breaks " + ids(remedy.breaks());
  }

  private void contradicted() {
    if (diagnosis.contradicted().isEmpty()) {
      return;
    }
    line("");
    line(
        "Hardware checked these before what it reported, and found no fault: it was no %s. --cpu"
            + " names another.",
        diagnosis.cpu());
    for (Finding finding : diagnosis.contradicted()) {
      line("  %s: %s", finding.rule().id(), finding.rule().requirement());
      values(finding);
    }
  }

  private void unknown(boolean all) {
    List<EntryRule> listed = diagnosis.unknown();
    if (!all) {
      boolean explained = diagnosis.findings().stream().anyMatch(Finding::agrees);
      listed = explained ? List.of() : diagnosis.suspects();
    }
    if (listed.isEmpty()) {
      return;
    }
    line("");
    line(
        all
            ? "Cannot be told, for want of:"
            : "Nothing read explains the report. Of that kind, these cannot be told, for want of:");
    for (EntryRule rule : listed) {
      line("  %-36s %s", rule.id(), wanting(rule));
    }
  }

  private String wanting(EntryRule rule) {
    List<String> wanting = new ArrayList<>();
    for (VmcsField field : rule.fields()) {
      if (!diagnosis.dump().known().contains(field)) {
        wanting.add(field.name());
      }
    }
    for (EntryInput input : rule.inputs()) {
      wanting.add(input.description());
    }
    return String.join(", ", wanting);
  }

  private static String ids(List<EntryRule> rules) {
    return String.join(", ", rules.stream().map(EntryRule::id).toList());
  }

  private static String names(Set<VmcsField> fields) {
    return String.join(", ", fields.stream().map(VmcsField::name).toList());
  }

  private static String count(int number, String thing) {
    return number + " " + thing + (number == 1 ? "" : "s");
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  private void line(String format, Object... arguments) {
    text.append(format.formatted(arguments)).append('\n');
  }
}
