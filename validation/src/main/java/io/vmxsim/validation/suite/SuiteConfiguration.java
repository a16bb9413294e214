package io.vmxsim.validation.suite;

import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads {@code unittests.cfg} of kvm-unit-tests: sections of {@code key = value} lines, whose
 * {@code qemu_params} are options of QEMU's command line. Those that choose the processor or its
 * memory are understood; the others are noted as ignored.
 */
public final class SuiteConfiguration {
  /** The file's name in the folder of the images. */
  public static final String FILE = "unittests.cfg";

  private static final Pattern SECTION = Pattern.compile("\\[([^]]+)]");
  private static final Pattern LINE = Pattern.compile("(\\w+)\\s*=\\s*(.*)");
  private static final Pattern SIZE = Pattern.compile("(\\d+)([mMgG]?)");
  private static final long DEFAULT_MEMORY = 128L << 20;

  private final String source;
  private final List<SuiteTest> tests = new ArrayList<>();
  private final Map<String, String> section = new LinkedHashMap<>();
  private String name = "";
  private int line;

  private SuiteConfiguration(String source) {
    this.source = source;
  }

  /**
   * The tests in the folder's configuration file, in its order.
   *
   * @throws InputException if there is none, or a line of it cannot be understood
   */
  public static List<SuiteTest> read(Path folder) {
    Path file = folder.resolve(FILE);
    try {
      return parse(file.toString(), Files.readAllLines(file));
    } catch (IOException failure) {
      throw InputException.of(file, "expected a test configuration", failure);
    }
  }

  static List<SuiteTest> parse(String source, List<String> lines) {
    SuiteConfiguration configuration = new SuiteConfiguration(source);
    for (String text : lines) {
      configuration.line++;
      configuration.readLine(text.strip());
    }
    configuration.endSection();
    return configuration.tests;
  }

  private void readLine(String text) {
    Matcher header = SECTION.matcher(text);
    Matcher setting = LINE.matcher(text);
    if (text.isEmpty() || text.startsWith("#")) {
      return;
    }
    if (header.matches()) {
      endSection();
      name = header.group(1);
    } else if (setting.matches() && !name.isEmpty()) {
      section.put(setting.group(1), setting.group(2));
    } else {
      throw bad("expected [name] or key = value, not '" + text + "'");
    }
  }

  private void endSection() {
    if (!name.isEmpty()) {
      tests.add(test());
    }
    section.clear();
  }

  private SuiteTest test() {
    String file = section.get("file");
    if (file == null) {
      throw bad("expected a line file = … in [" + name + "]");
    }
    List<String> ignored = new ArrayList<>();
    String cpu = "max";
    long memory = DEFAULT_MEMORY;
    String[] words = value("qemu_params", value("extra_params", "")).split("\\s+", -1);
    for (int i = 0; i < words.length; i++) {
      boolean hasValue = i + 1 < words.length;
      if (words[i].equals("-cpu") && hasValue) {
        cpu = QemuCpu.profile(words[++i], ignored);
      } else if (words[i].equals("-m") && hasValue) {
        memory = bytes(words[++i]);
      } else if (!words[i].isEmpty()) {
        ignored.add(words[i]);
      }
    }
    return new SuiteTest(
        name,
        file,
        processors(),
        memory,
        unquoted(value("test_args", "")),
        cpu,
        value("arch", ""),
        List.of(value("groups", "").split("\\s+")),
        List.copyOf(ignored));
  }

  private String value(String key, String byDefault) {
    return section.getOrDefault(key, byDefault);
  }

  private int processors() {
    String text = value("smp", "1");
    if (!text.matches("[1-9]\\d?")) {
      throw bad("expected smp = 1 to 99 in [" + name + "], not " + text);
    }
    return Integer.parseInt(text);
  }

  private long bytes(String text) {
    Matcher size = SIZE.matcher(text);
    if (!size.matches()) {
      throw bad("expected -m MEGABYTES in [" + name + "], not " + text);
    }
    boolean gigabytes = size.group(2).equalsIgnoreCase("g");
    return Long.parseLong(size.group(1)) << (gigabytes ? 30 : 20);
  }

  private static String unquoted(String text) {
    boolean quoted =
        text.length() > 1
            && (text.startsWith("\"") || text.startsWith("'"))
            && text.charAt(0) == text.charAt(text.length() - 1);
    return quoted ? text.substring(1, text.length() - 1) : text;
  }

  private InputException bad(String expected) {
    return new InputException(source, "line " + line, expected);
  }
}
