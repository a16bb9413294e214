package io.vmxsim.vmcs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A whole VMCS in a JSON file that people can read and edit.
 *
 * <pre>
 * { "format": "vmxsim-vmcs", "version": 1,
 *   "revisionIdentifier": "0x12", "shadow": false, "launchState": "clear",
 *   "fields": { "GUEST_CR3": "0x0000000000001000", … },
 *   "decoded": { "EXIT_REASON": "EPT_VIOLATION", … } }
 * </pre>
 *
 * <p>A saved file has every field, by its constant's name; one that is missing is 0 when restored.
 * “decoded” is for the reader of the file and is not read back. Saving what was restored gives the
 * same bytes.
 */
public final class VmcsFile {

  static final String FORMAT = "vmxsim-vmcs";
  static final int VERSION = 1;
  static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private VmcsFile() {}

  /**
   * Saves {@code vmcs} to {@code file}, which never holds half of it.
   *
   * @throws InputException if the file cannot be written; an older file of that name is then intact
   */
  public static void save(Vmcs vmcs, Path file) {
    boolean device = Files.exists(file) && !Files.isRegularFile(file);
    Path unfinished = device ? file : file.resolveSibling(file.getFileName() + ".part");
    try {
      try {
        Files.writeString(unfinished, toJson(vmcs));
        if (!device) {
          Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING);
        }
      } catch (IOException e) {
        if (!device) {
          Files.deleteIfExists(unfinished);
        }
        throw e;
      }
    } catch (IOException e) {
      throw InputException.of(file, "cannot be written", e);
    }
  }

  /**
   * The VMCS {@link #save saved} in {@code file}.
   *
   * @throws InputException if the file cannot be read or is not such a file, naming line and column
   */
  public static Vmcs restore(Path file) {
    try (Reader reader = Files.newBufferedReader(file)) {
      return VmcsFileReader.read(file.toString(), reader);
    } catch (MalformedInputException e) {
      throw new InputException(file.toString(), "", "expected a JSON file in UTF-8", e);
    } catch (IOException e) {
      throw InputException.of(file, "cannot be read", e);
    }
  }

  /** The text of a saved file. */
  public static String toJson(Vmcs vmcs) {
    StringWriter text = new StringWriter();
    DefaultIndenter indent = new DefaultIndenter("  ", "\n");
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.setPrettyPrinter(
          new DefaultPrettyPrinter().withObjectIndenter(indent).withArrayIndenter(indent));
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeNumberField("version", VERSION);
      json.writeStringField("revisionIdentifier", "0x" + Integer.toHexString(vmcs.revisionId()));
      json.writeBooleanField("shadow", vmcs.isShadow());
      json.writeStringField("launchState", vmcs.launched() ? "launched" : "clear");
      json.writeObjectFieldStart("fields");
      for (VmcsField field : VmcsField.values()) {
        json.writeStringField(field.name(), VmcsText.hex(field, vmcs.get(field)));
      }
      json.writeEndObject();
      json.writeObjectFieldStart("decoded");
      for (VmcsField field : VmcsField.values()) {
        String meaning = VmcsText.decoded(vmcs, field);
        if (meaning != null) {
          json.writeStringField(field.name(), meaning);
        }
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("writing to a string does not fail", e);
    }
    return text + "\n";
  }
}
