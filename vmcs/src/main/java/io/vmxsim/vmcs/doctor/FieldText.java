package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsText;
import io.vmxsim.vmcs.rules.EntryRule;
import io.vmxsim.vmcs.rules.EntryRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The fields of a VMCS for people. */
public final class FieldText {

  private static final int NEAR = 8;

  private FieldText() {}

  /** A table of all fields. */
  public static String list() {
    StringBuilder text = new StringBuilder();
    for (VmcsField field : VmcsField.values()) {
      text.append(row(field)).append('\n');
    }
    return text.toString();
  }

  /**
   * One field: its encoding, its named bits, the rules of VM entry that read it.
   *
   * @param query a field's name or its encoding in hexadecimal, and {@code =value} in hexadecimal
   *     if a value is to be decoded
   * @throws InputException if it is none, naming some like it
   */
  public static String of(String query) {
    int equals = query.indexOf('=');
    String name = (equals < 0 ? query : query.substring(0, equals)).strip();
    VmcsField field = named(name);
    if (field == null) {
      throw new InputException(
          name, "", "expected the name or the encoding of a VMCS field" + near(name));
    }
    return equals < 0 ? described(field) : decoded(field, query.substring(equals + 1).strip());
  }

  private static String decoded(VmcsField field, String digits) {
    String hex = digits.toLowerCase(Locale.ROOT).replaceFirst("^0x", "");
    boolean number = hex.matches("[0-9a-f]{1,16}");
    if (!number || (Long.parseUnsignedLong(hex, 16) & ~field.width().mask()) != 0) {
      throw new InputException(
          field + "=" + digits,
          "",
          "expected a hexadecimal number of up to " + field.width().bits() + " bits");
    }
    long value = Long.parseUnsignedLong(hex, 16);
    String words = FieldDecoder.decode(field, value);
    return "%s = %s%s%n"
        .formatted(field, VmcsText.hex(field, value), words.isEmpty() ? "" : "  " + words);
  }

  private static String described(VmcsField field) {
    StringBuilder text = new StringBuilder(row(field)).append('\n');
    BitLayout layout = FieldDecoder.layout(field, 0);
    if (layout != null) {
      for (BitLayout.Part part : layout.parts()) {
        String meanings =
            part.meanings().isEmpty() ? "" : "  (" + String.join(", ", part.meanings()) + ")";
        text.append("  %-11s %s%s%n".formatted(part.position(), part.name(), meanings));
      }
    }
    List<EntryRule> readers =
        EntryRules.list().stream().filter(rule -> rule.fields().contains(field)).toList();
    text.append("  %d rules of VM entry read it%s%n".formatted(readers.size(), colon(readers)));
    for (EntryRule rule : readers) {
      text.append("    %-36s %s%n".formatted(rule.id(), rule.requirement()));
    }
    return text.toString();
  }

  private static String colon(List<EntryRule> rules) {
    return rules.isEmpty() ? "" : ":";
  }

  private static String row(VmcsField field) {
    List<String> controls = new ArrayList<>();
    for (Control control : field.requiresAnyOf()) {
      controls.add(control.name());
    }
    String needs = controls.isEmpty() ? "" : "  with " + String.join(" or ", controls);
    return "%04xH  %-52s %-8s %-14s%s"
        .formatted(
            field.encoding(), field, words(field.width().name()), words(field.type().name()), needs)
        .stripTrailing();
  }

  private static String words(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', ' ').replaceFirst("^bits (\\d+)", "$1 bits");
  }

  private static @Nullable VmcsField named(String name) {
    for (VmcsField field : VmcsField.values()) {
      if (field.name().equalsIgnoreCase(name)) {
        return field;
      }
    }
    String hex = name.toLowerCase(Locale.ROOT).replaceFirst("^0x", "").replaceFirst("h$", "");
    return hex.matches("[0-9a-f]{1,8}")
        ? VmcsField.ofEncoding(Integer.parseUnsignedInt(hex, 16))
        : null;
  }

  private static String near(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    List<String> near = new ArrayList<>();
    for (VmcsField field : VmcsField.values()) {
      if (field.name().contains(upper) && near.size() < NEAR) {
        near.add(field.name());
      }
    }
    return near.isEmpty() ? "; “fields” lists them all" : ", such as " + String.join(", ", near);
  }
}
