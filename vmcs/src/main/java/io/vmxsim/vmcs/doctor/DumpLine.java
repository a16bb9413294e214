package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The layout of one line of a dump, written as it looks: {@code CR3 = 0x{GUEST_CR3}}.
 *
 * <p>A slot is a field's name in braces, or {@code -} for a number nobody needs, and the fewest
 * digits the dump prints if they are not those of the field's width: {@code {GUEST_RFLAGS:8}}. A
 * number of fewer digits is a truncated one and not read. White space in a layout stands for any
 * amount of it; what stands between two slots may be preceded by other text.
 */
final class DumpLine {

  private static final Pattern SLOT = Pattern.compile("\\{(-|[A-Z0-9_]+)(?::(\\d+))?}");

  /** A number with the text before it. */
  private record Slot(Pattern pattern, @Nullable VmcsField field, int digits) {
    boolean accepts(String number) {
      if (number.length() < digits || number.length() > 16) {
        return false;
      }
      long beyond = field == null ? 0 : ~field.width().mask();
      return (Long.parseUnsignedLong(number, 16) & beyond) == 0;
    }
  }

  /**
   * What a text gave.
   *
   * @param values the fields read
   * @param complete whether nothing is missing
   */
  record Match(Map<VmcsField, Long> values, boolean complete) {}

  private final Pattern label;
  private final List<Slot> slots = new ArrayList<>();
  private final @Nullable Pattern ending;

  private DumpLine(String layout) {
    Matcher slot = SLOT.matcher(layout);
    int end = 0;
    while (slot.find()) {
      slots.add(slot(layout.substring(end, slot.start()), slot.group(1), slot.group(2)));
      end = slot.end();
    }
    int labelEnd = slots.isEmpty() ? layout.length() : layout.indexOf('{');
    label = Pattern.compile("\\s*" + literal(layout.substring(0, labelEnd)));
    String rest = layout.substring(end);
    ending = slots.isEmpty() || rest.isBlank() ? null : Pattern.compile(literal(rest));
  }

  /** The layouts, in their order. */
  static List<DumpLine> of(String... layouts) {
    List<DumpLine> lines = new ArrayList<>();
    for (String layout : layouts) {
      lines.add(new DumpLine(layout));
    }
    return lines;
  }

  /** The fields that a complete line gives. */
  List<VmcsField> fields() {
    List<VmcsField> fields = new ArrayList<>();
    for (Slot slot : slots) {
      if (slot.field != null) {
        fields.add(slot.field);
      }
    }
    return fields;
  }

  /** What {@code text} gives; null if it is another line. */
  @Nullable Match match(String text) {
    if (!label.matcher(text).lookingAt()) {
      return null;
    }
    Map<VmcsField, Long> values = new EnumMap<>(VmcsField.class);
    boolean complete = true;
    int position = 0;
    for (Slot slot : slots) {
      Matcher found = slot.pattern.matcher(text).region(position, text.length());
      if (!found.find() || !slot.accepts(found.group(1))) {
        complete = false;
        continue;
      }
      position = found.end();
      if (slot.field != null) {
        values.put(slot.field, Long.parseUnsignedLong(found.group(1), 16));
      }
    }
    boolean ended = ending == null || ending.matcher(text).region(position, text.length()).find();
    return new Match(values, complete && ended);
  }

  private static Slot slot(String before, String name, @Nullable String digits) {
    VmcsField field = name.equals("-") ? null : VmcsField.valueOf(name);
    int width = field == null ? 1 : field.width().bits() / 4;
    String anchor = before.isBlank() ? "\\G" : "";
    Pattern pattern = Pattern.compile(anchor + literal(before) + "([0-9a-fA-F]+)(?![0-9a-zA-Z])");
    return new Slot(pattern, field, digits == null ? width : Integer.parseInt(digits));
  }

  private static String literal(String text) {
    StringBuilder pattern = new StringBuilder();
    for (String word : text.split("(?<=\\s)(?=\\S)|(?<=\\S)(?=\\s)", -1)) {
      pattern.append(word.isBlank() ? "\\s*" : Pattern.quote(word).replace("0x", "\\E(?:0x)?\\Q"));
    }
    return pattern.toString();
  }
}
