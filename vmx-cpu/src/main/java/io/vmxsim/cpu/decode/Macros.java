package io.vmxsim.cpu.decode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replaces macros by what they stand for.
 *
 * <p>{@code macro NAME A, B} begins one and {@code endmacro} ends it. A line {@code NAME x, {y, z}}
 * becomes its body, with {@code x} for the word {@code A} and {@code y, z} for {@code B}; what is
 * not given is empty. Inside a longer word it is <code>{A}</code>. {@code @} is a number of this
 * use, for labels.
 */
final class Macros {
  private static final Pattern BEGIN = Pattern.compile("macro\\s+(\\w+)\\s*(.*)");
  private static final Pattern ARGUMENT =
      Pattern.compile("\\s*((?:\\{[^}]*}|\"[^\"]*\"|\\[[^\\]]*]|[^,\"\\[{])+)(?:,|$)");
  private static final Pattern USE = Pattern.compile("((?:\\.?\\w+:)?)\\s*(\\w+)\\b\\s*(.*)");

  private record Macro(List<String> parameters, List<String> body) {}

  private final Map<String, Macro> known = new HashMap<>();
  private int uses;

  /** The macro whose lines are coming, with them. */
  private List<String> open = new ArrayList<>();

  private boolean isOpen;

  /** Adds what a line stands for: itself, the lines of a macro, or nothing while one is defined. */
  void expand(String line, List<String> out) {
    Matcher begin = BEGIN.matcher(line);
    if (line.equals("endmacro")) {
      isOpen = false;
    } else if (isOpen) {
      open.add(line);
    } else if (begin.matches()) {
      open = new ArrayList<>();
      isOpen = true;
      known.put(begin.group(1), new Macro(arguments(begin.group(2)), open));
    } else {
      use(line, out);
    }
  }

  private void use(String line, List<String> out) {
    Matcher use = USE.matcher(line);
    Macro macro = use.matches() ? known.get(use.group(2)) : null;
    if (macro == null) {
      out.add(line);
      return;
    }
    List<String> arguments = arguments(use.group(3));
    if (arguments.size() > macro.parameters.size()) {
      throw new IllegalArgumentException("too many arguments for a macro: " + line);
    }
    String number = String.valueOf(uses++);
    out.add(use.group(1));
    for (String body : macro.body) {
      String text = body.replace("@", number);
      for (int i = 0; i < macro.parameters.size(); i++) {
        String argument = i < arguments.size() ? arguments.get(i) : "";
        Pattern word = Pattern.compile("\\{%1$s}|\\b%1$s\\b".formatted(macro.parameters.get(i)));
        text = word.matcher(text).replaceAll(Matcher.quoteReplacement(argument));
      }
      expand(text, out);
    }
  }

  private static List<String> arguments(String text) {
    List<String> arguments = new ArrayList<>();
    Matcher argument = ARGUMENT.matcher(text);
    for (int at = 0; at < text.length() && argument.find(at); at = argument.end()) {
      String value = argument.group(1).strip();
      arguments.add(value.startsWith("{") ? value.substring(1, value.length() - 1).strip() : value);
    }
    return arguments;
  }
}
