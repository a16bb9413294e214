package io.vmxsim.vmcs;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.Reader;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the file {@link VmcsFile} describes, and says where one is wrong. */
final class VmcsFileReader {

  private static final Pattern HEX = Pattern.compile("0x[0-9a-fA-F]{1,16}");
  private static final List<String> REQUIRED =
      List.of("format", "version", "revisionIdentifier", "shadow", "launchState", "fields");

  private final String source;
  private final JsonParser json;
  private final Vmcs vmcs = new Vmcs(0);

  private VmcsFileReader(String source, JsonParser json) {
    this.source = source;
    this.json = json;
  }

  /**
   * The VMCS in {@code text}.
   *
   * @param source what to call the text in a complaint
   * @throws InputException if it is not the text of a saved VMCS
   * @throws IOException if {@code text} cannot be read
   */
  static Vmcs read(String source, Reader text) throws IOException {
    try (JsonParser json = VmcsFile.JSON.createParser(text)) {
      return new VmcsFileReader(source, json).file();
    } catch (JsonProcessingException e) {
      throw new InputException(
          source, position(e.getLocation()), "expected JSON: " + e.getOriginalMessage(), e);
    }
  }

  private Vmcs file() throws IOException {
    Set<String> seen = new HashSet<>();
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw expected("an object, the VMCS");
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      seen.add(name);
      member(name);
    }
    for (String required : REQUIRED) {
      if (!seen.contains(required)) {
        throw expected("“" + required + "” before the end of the object");
      }
    }
    if (json.nextToken() != null) {
      throw expected("nothing after the object");
    }
    return vmcs;
  }

  private void member(String name) throws IOException {
    switch (name) {
      case "format" -> oneOf(VmcsFile.FORMAT);
      case "version" -> version();
      case "revisionIdentifier" -> vmcs.setRevisionIdentifier((int) hex(0x7FFF_FFFFL));
      case "shadow" -> vmcs.setShadow(bool());
      case "launchState" -> vmcs.setLaunched(oneOf("clear", "launched").equals("launched"));
      case "fields" -> fields();
      case "decoded" -> {
        json.nextToken();
        json.skipChildren();
      }
      default -> throw expected("a member of a saved VMCS, not “" + name + "”");
    }
  }

  private void fields() throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw expected("an object, field name to value");
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      VmcsField field = fieldNamed(json.currentName());
      if (field == null) {
        throw expected("the name of a VMCS field, not “" + json.currentName() + "”");
      }
      vmcs.set(field, hex(field.width().mask()));
    }
  }

  private static @Nullable VmcsField fieldNamed(String name) {
    try {
      return VmcsField.valueOf(name);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private void version() throws IOException {
    if (json.nextToken() != JsonToken.VALUE_NUMBER_INT
        || !json.getText().equals(String.valueOf(VmcsFile.VERSION))) {
      throw expected("version " + VmcsFile.VERSION);
    }
  }

  private boolean bool() throws IOException {
    JsonToken token = json.nextToken();
    if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
      throw expected("true or false");
    }
    return token == JsonToken.VALUE_TRUE;
  }

  private String oneOf(String... allowed) throws IOException {
    if (json.nextToken() == JsonToken.VALUE_STRING) {
      for (String text : allowed) {
        if (text.equals(json.getText())) {
          return text;
        }
      }
    }
    throw expected("“" + String.join("” or “", allowed) + "”");
  }

  /** A hexadecimal string with no bit outside {@code mask}. */
  private long hex(long mask) throws IOException {
    if (json.nextToken() == JsonToken.VALUE_STRING && HEX.matcher(json.getText()).matches()) {
      long value = Long.parseUnsignedLong(json.getText().substring(2), 16);
      if ((value & ~mask) == 0) {
        return value;
      }
    }
    throw expected("a string of “0x” and a hexadecimal number up to " + Long.toHexString(mask));
  }

  private InputException expected(String what) {
    return new InputException(source, position(json.currentTokenLocation()), "expected " + what);
  }

  private static String position(@Nullable JsonLocation at) {
    return at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
  }
}
