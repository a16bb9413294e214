package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.doctor.VmcsDump.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds the VMCS dumps in a kernel log, among whatever else it holds. Time stamps, syslog heads,
 * quotation marks of mail and the names of kernel and module before a line do not matter, nor does
 * a line that a mailer broke in two.
 */
final class LogReader {

  private static final Pattern PREFIX =
      Pattern.compile(
          "^(?:[>|] ?)*(?:.*? kernel: *)?(?:<\\d+>)?(?:\\[ *[0-9.]+] *)?"
              + "(?:\\(XEN\\) ?)?(?:\\[[^]]*] )?(?:kvm(?:_intel)?: )?");
  private static final Pattern KVM_TITLE = Pattern.compile("VMCS \\S+, last attempted VM-entry.*");
  private static final Pattern XEN_TITLE = Pattern.compile("\\*+ VMCS Area \\*+");
  private static final Pattern END = Pattern.compile("\\*{10,}");

  /** KVM's and Xen's words for a VM entry that failed, and the number. */
  private static final Pattern FAILURE =
      Pattern.compile(
          "(?:entry failed, hardware error|vm ?entry failure \\(reason"
              + "|vm entry \\(exit reason|VM(?:LAUNCH|RESUME) error:)"
              + " *(?:0x)?([0-9a-fA-F]{1,8})\\b",
          Pattern.CASE_INSENSITIVE);

  private final String source;
  private final List<DumpBuilder> dumps = new ArrayList<>();
  private final TreeMap<Integer, Reported> failures = new TreeMap<>();
  private @Nullable DumpBuilder open;
  private Form form = Form.KVM;
  private String title = "";

  private LogReader(String source) {
    this.source = source;
  }

  /** The dumps in {@code text}, in their order; none if there are none. */
  static List<VmcsDump> read(String source, String text) {
    LogReader reader = new LogReader(source);
    int number = 0;
    for (String line : (Iterable<String>) text.lines()::iterator) {
      number++;
      reader.line(number, line);
    }
    return reader.finished();
  }

  private void line(int number, String raw) {
    String line = PREFIX.matcher(raw).replaceFirst("").stripTrailing();
    Matcher failure = FAILURE.matcher(line);
    if (failure.find()) {
      failures.put(number, Reported.hardwareError(Long.parseLong(failure.group(1), 16)));
      title = raw.contains("(XEN)") ? line : title;
    } else if (KVM_TITLE.matcher(line).matches()) {
      begins(Form.KVM, line);
    } else if (XEN_TITLE.matcher(line).matches()) {
      begins(Form.XEN, title);
    } else if (END.matcher(line).matches()) {
      open = null;
    } else {
      content(number, line, raw);
    }
  }

  private void begins(Form next, String nextTitle) {
    open = null;
    form = next;
    title = nextTitle;
  }

  private void content(int number, String line, String raw) {
    for (DumpSection section : DumpSection.values()) {
      if (line.contains(section.title())) {
        if (open == null || !open.enter(section)) {
          open = new DumpBuilder(source, number, raw.contains("(XEN)") ? Form.XEN : form, title);
          open.enter(section);
          dumps.add(open);
          title = "";
        }
        return;
      }
    }
    if (open != null) {
      open.line(number, line);
    }
  }

  private List<VmcsDump> finished() {
    List<VmcsDump> finished = new ArrayList<>();
    for (DumpBuilder builder : dumps) {
      VmcsDump dump = builder.build();
      Reported nearest = dump.reported() == null ? nearestFailure(dump.line()) : null;
      finished.add(nearest == null ? dump : dump.reported(nearest));
    }
    return finished;
  }

  /** The failure written down last before the line, else the first after it. */
  private @Nullable Reported nearestFailure(int line) {
    Map.Entry<Integer, Reported> entry = failures.floorEntry(line);
    entry = entry == null ? failures.higherEntry(line) : entry;
    return entry == null ? null : entry.getValue();
  }
}
