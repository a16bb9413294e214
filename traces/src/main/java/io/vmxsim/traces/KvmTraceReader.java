package io.vmxsim.traces;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Text of the kernel's trace of KVM, event by event: from ftrace's {@code trace} file, {@code perf
 * script} or {@code trace-cmd report}. {@code docs/traces.md} describes it.
 */
final class KvmTraceReader implements AutoCloseable {
  private static final int MAX_LINE = 64 * 1024;

  /**
   * Task and thread, perhaps the process, CPU, flags but in perf's, and time: {@code CPU 0/KVM-1234
   * [003] d..2. 99.000001: kvm_exit: } and {@code CPU 0/KVM 1234 [003] 99.000001: kvm:kvm_exit: }.
   */
  private static final Pattern LINE =
      Pattern.compile(
          "\\s*\\S.*?[-\\s](?<thread>\\d{1,9})(?:/\\d+)?\\s+(?:\\([-\\s\\d]+\\)\\s+)?\\[\\d+\\]\\s+"
              + "(?:\\S+\\s+)?(?<seconds>\\d{1,9})\\.(?<fraction>\\d{1,9}):\\s+"
              + "(?:\\w+:)?(?<event>\\w+):\\s*(?<body>.*?)\\s*");

  /** Headings of the tools. */
  private static final Pattern HEADING =
      Pattern.compile("\\s*(?:#.*|cpus=\\d+|version = \\S+|CPU \\d+ is empty)?");

  /** The buffer was too small. */
  private static final Pattern LOST =
      Pattern.compile("CPU:?\\s*\\d+ \\[(?:LOST )?\\d* ?EVENTS.*|.*PERF_RECORD_LOST.*");

  private final TraceInput input;
  private final boolean lenient;
  private long lines;
  private long skipped;
  private long lost;

  private KvmTraceReader(TraceInput input, boolean lenient) {
    this.input = input;
    this.lenient = lenient;
  }

  /**
   * Opens a trace.
   *
   * @param name a file, compressed or not, or {@link TraceFormats#STANDARD_INPUT}
   * @param lenient whether lines that make no sense are counted and skipped
   * @throws InputException if it cannot be read or is one of the tools' binary files
   */
  static KvmTraceReader open(String name, boolean lenient) {
    TraceInput input;
    if (name.equals(TraceFormats.STANDARD_INPUT)) {
      input = new TraceInput(name, System.in, -1);
    } else {
      try {
        Path file = Path.of(name);
        if (Files.isDirectory(file)) {
          throw new InputException(name, "", "expected a KVM trace, found a directory");
        }
        input = new TraceInput(name, Files.newInputStream(file), -1);
      } catch (InvalidPathException e) {
        throw new InputException(name, "", "expected a readable file (" + e.getMessage() + ")", e);
      } catch (IOException e) {
        throw InputException.of(Path.of(name), "cannot be read", e);
      }
    }
    return open(input, lenient);
  }

  /** The same of what is open already, which is closed with the reader. */
  static KvmTraceReader open(TraceInput input, boolean lenient) {
    KvmTraceReader reader = new KvmTraceReader(input, lenient);
    try {
      reader.rejectBinary();
    } catch (InputException e) {
      input.close();
      throw e;
    }
    return reader;
  }

  private void rejectBinary() {
    if (!input.require(1)) {
      throw input.bad("line 1", "a KVM trace, found nothing: the file is empty");
    }
    input.require(16);
    String start =
        new String(
            input.buffer,
            input.position,
            Math.min(16, input.available()),
            StandardCharsets.ISO_8859_1);
    if (start.startsWith("PERFILE2")) {
      throw input.bad("line 1", "text; this is perf's own file, print it with: perf script");
    }
    if (start.startsWith("\u0017\bDtracing")) {
      throw input.bad(
          "line 1", "text; this is trace-cmd's own file, print it with: trace-cmd report");
    }
  }

  /** For messages. */
  String source() {
    return input.source();
  }

  /** Lines skipped because the reading is lenient. */
  long skipped() {
    return skipped;
  }

  /** Lines that tell of events the kernel had no room for. */
  long lost() {
    return lost;
  }

  /** The next event; null at the end. */
  @Nullable KvmEvent next() {
    while (true) {
      String line = line();
      if (line == null) {
        return null;
      }
      if (HEADING.matcher(line).matches()) {
        continue;
      }
      if (LOST.matcher(line).matches()) {
        lost++;
        continue;
      }
      try {
        return event(line);
      } catch (InputException e) {
        if (!lenient) {
          throw e;
        }
        skipped++;
      }
    }
  }

  private KvmEvent event(String line) {
    Matcher head = LINE.matcher(line);
    if (!head.matches()) {
      throw bad(
          "TASK-PID [CPU] TIME: EVENT: …, as ftrace, perf script and trace-cmd report print", line);
    }
    String name = head.group("event");
    int thread = Integer.parseInt(head.group("thread"));
    long time = nanoseconds(head.group("seconds"), head.group("fraction"));
    KvmTracepoint point = KvmTracepoint.named(name);
    if (point == null) {
      return new KvmEvent(null, name, thread, time, null, 0, 0);
    }
    String body = head.group("body");
    Matcher parts = point.match(body);
    if (parts == null) {
      throw bad("a line of " + name, body);
    }
    return new KvmEvent(
        point,
        name,
        thread,
        time,
        reason(point.text(parts, "reason")),
        point.number(parts, "address"),
        point.number(parts, "info"));
  }

  /** By KVM's name of today or before 5.10, or by number, which it prints where it has no name. */
  private @Nullable ExitReason reason(@Nullable String name) {
    if (name == null) {
      return null;
    }
    if (name.equals("PENDING_INTERRUPT")) {
      return ExitReason.INTERRUPT_WINDOW;
    }
    ExitReason reason = null;
    if (name.matches("0x[0-9a-f]{1,4}")) {
      reason = ExitReason.of(Integer.parseInt(name.substring(2), 16));
    } else {
      for (ExitReason known : ExitReason.values()) {
        reason = known.traceName().equals(name) ? known : reason;
      }
    }
    if (reason == null) {
      throw bad("an exit reason of VT-x", name);
    }
    return reason;
  }

  private static long nanoseconds(String seconds, String fraction) {
    return Long.parseLong(seconds) * 1_000_000_000L
        + Long.parseLong((fraction + "00000000").substring(0, 9));
  }

  private InputException bad(String expected, String found) {
    String shown = found.strip().replaceAll("[^\\x20-\\x7e]", "?");
    return input.bad(
        "line " + lines,
        expected
            + ", found '"
            + (shown.length() > 60 ? shown.substring(0, 60) + "…" : shown)
            + "'");
  }

  /** The next line without its end; null at the end. */
  private @Nullable String line() {
    int end = 0;
    while (true) {
      while (end < input.available() && input.buffer[input.position + end] != '\n') {
        end++;
      }
      if (end < input.available()) {
        lines++;
        return take(end, 1);
      }
      if (end > MAX_LINE) {
        lines++;
        throw bad("a text line of at most " + MAX_LINE + " bytes", take(80, 0));
      }
      if (!input.require(end + 1)) {
        lines++;
        return end == 0 ? null : take(end, 0);
      }
    }
  }

  private String take(int length, int lineEnd) {
    String text = new String(input.buffer, input.position, length, StandardCharsets.ISO_8859_1);
    input.position += length + lineEnd;
    return text;
  }

  @Override
  public void close() {
    input.close();
  }
}
