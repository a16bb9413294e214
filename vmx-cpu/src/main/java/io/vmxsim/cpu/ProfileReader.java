package io.vmxsim.cpu;

import io.vmxsim.vmcs.InputException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text of one profile; docs/profiles.md describes the format.
 *
 * <p>It checks each line by itself: the form, the key, the value, the unit and the provenance.
 * Whether the whole makes a processor is {@link ProfileRule}'s matter.
 */
final class ProfileReader {
  private static final Pattern HEADER = Pattern.compile("\\[([a-z]+)]");
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]*");
  private static final Pattern REFERENCE = Pattern.compile("@([a-z0-9-]+)(.*)");
  private static final List<String> PREAMBLE = List.of("name", "title", "based-on");

  private final String file;
  private final Map<String, String> preamble = new HashMap<>();
  private final Map<String, String> sources = new HashMap<>();
  private final Map<String, ProfileEntry> entries = new LinkedHashMap<>();
  private boolean inSources;
  private @Nullable ProfileSection section;
  private int line;

  private ProfileReader(String file) {
    this.file = file;
  }

  /**
   * One file's content, before its base is applied.
   *
   * @param name the profile's name
   * @param title what it describes, in a line
   * @param basedOn the profile that supplies every key this one leaves out; null if none
   * @param entries by key, in the order of the file
   */
  record Text(
      String name, String title, @Nullable String basedOn, Map<String, ProfileEntry> entries) {}

  /**
   * Reads a profile's lines.
   *
   * @param file how errors name it
   * @throws InputException naming file, line and what was expected there
   */
  static Text read(String file, List<String> lines) {
    ProfileReader reader = new ProfileReader(file);
    for (String text : lines) {
      reader.line++;
      reader.readLine(text.strip());
    }
    String name = reader.preamble.get("name");
    String title = reader.preamble.get("title");
    if (name == null || title == null) {
      throw new InputException(
          file,
          "",
          "expected a line '"
              + (name == null ? "name" : "title")
              + " = …' before the first section");
    }
    return new Text(name, title, reader.preamble.get("based-on"), reader.entries);
  }

  private void readLine(String text) {
    if (text.isEmpty() || text.startsWith("#")) {
      return;
    }
    Matcher header = HEADER.matcher(text);
    if (header.matches()) {
      enter(header.group(1));
      return;
    }
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw bad("expected '[section]' or 'key = value', not '" + text + "'");
    }
    String key = text.substring(0, equals).strip();
    String rest = text.substring(equals + 1).strip();
    if (inSources) {
      once(sources.put(key, rest), key);
    } else if (section == null) {
      readPreamble(key, rest);
    } else {
      once(entries.put(key, entry(section, key, rest)), key);
    }
  }

  private void enter(String title) {
    inSources = title.equals("sources");
    section = null;
    for (ProfileSection candidate : ProfileSection.values()) {
      if (candidate.title().equals(title)) {
        section = candidate;
      }
    }
    if (section == null && !inSources) {
      throw bad("expected one of [sources] [cpuid] [vmx] [geometry] [costs], not [" + title + "]");
    }
  }

  private void readPreamble(String key, String value) {
    if (!PREAMBLE.contains(key)) {
      throw bad("expected name, title or based-on before the first section, not '" + key + "'");
    }
    if (!key.equals("title") && !NAME.matcher(value).matches()) {
      throw bad(
          "expected " + key + " in lower-case letters, digits and hyphens, not '" + value + "'");
    }
    once(preamble.put(key, value), key);
  }

  private ProfileEntry entry(ProfileSection in, String key, String text) {
    String unit = in.unitOf(key);
    if (unit == null) {
      throw bad(
          "expected a key of ["
              + in.title()
              + "], not '"
              + key
              + "'"
              + NearNames.hint(key, in.keys()));
    }
    String[] columns = text.split("\\|", 3);
    if (columns.length < 3) {
      throw bad("expected '" + key + " = value " + unit + " | status | source'");
    }
    String valueAndUnit = columns[0].strip();
    if (!valueAndUnit.endsWith(" " + unit)) {
      throw bad(
          key + ": expected the unit '" + unit + "' after the value, not '" + valueAndUnit + "'");
    }
    String value =
        valueAndUnit
            .substring(0, valueAndUnit.length() - unit.length())
            .strip()
            .replaceAll(" +", " ");
    ProfileSection.Form form = in.formOf(key);
    if (!form.pattern().matcher(value).matches()) {
      throw bad(key + ": expected " + form.expected() + ", not '" + value + "'");
    }
    return new ProfileEntry(
        in,
        key,
        value,
        unit,
        status(key, columns[1].strip()),
        source(key, columns[2].strip()),
        file + ":" + line);
  }

  private ProfileStatus status(String key, String word) {
    return switch (word) {
      case "measured" -> ProfileStatus.MEASURED;
      case "published" -> ProfileStatus.PUBLISHED;
      case "assumed" -> ProfileStatus.ASSUMED;
      default ->
          throw bad(
              key + ": expected the status measured, published or assumed, not '" + word + "'");
    };
  }

  /** The source in full: {@code @id} stands for its line in [sources]. */
  private String source(String key, String text) {
    if (text.isEmpty()) {
      throw bad(key + ": expected a source after the status");
    }
    Matcher reference = REFERENCE.matcher(text);
    if (!reference.matches()) {
      return text;
    }
    String id = reference.group(1);
    String source = sources.get(id);
    if (source == null) {
      throw bad(key + ": expected a line '" + id + " = …' in [sources], above this one");
    }
    return source + reference.group(2);
  }

  private void once(@Nullable Object before, String key) {
    if (before != null) {
      String where = before instanceof ProfileEntry entry ? "; first at " + entry.origin() : "";
      throw bad("expected each key once, but '" + key + "' is here again" + where);
    }
  }

  private InputException bad(String expected) {
    return new InputException(file, String.format(Locale.ROOT, "line %d", line), expected);
  }
}
