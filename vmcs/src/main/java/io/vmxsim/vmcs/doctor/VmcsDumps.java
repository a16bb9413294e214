package io.vmxsim.vmcs.doctor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsFile;
import io.vmxsim.vmcs.doctor.VmcsDump.Form;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the VMCSs that a file holds, whatever its form. */
public final class VmcsDumps {

  private VmcsDumps() {}

  /**
   * The VMCSs in a log that KVM or Xen wrote to, or in a file that {@link VmcsFile} saved; of the
   * latter, a field that is left out is not known.
   *
   * @return at least one
   * @throws InputException if the file cannot be read or has none
   */
  public static List<VmcsDump> read(Path file) {
    String text;
    try {
      text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8); // logs hold any bytes
    } catch (IOException e) {
      throw InputException.of(file, "cannot be read", e);
    }
    return text.stripLeading().startsWith("{")
        ? List.of(saved(file, text))
        : log(file.toString(), text);
  }

  /**
   * The VMCSs in the text of a log.
   *
   * @param source what to call it
   * @throws InputException if it has none
   */
  public static List<VmcsDump> log(String source, String text) {
    List<VmcsDump> dumps = LogReader.read(source, text);
    if (dumps.isEmpty()) {
      throw new InputException(
          source,
          "",
          "expected a VMCS dump of KVM or Xen (a line “"
              + DumpSection.GUEST.title()
              + "”), or a VMCS file in JSON");
    }
    return dumps;
  }

  private static VmcsDump saved(Path file, String text) {
    Vmcs vmcs = VmcsFile.restore(file);
    Set<VmcsField> known = EnumSet.noneOf(VmcsField.class);
    try {
      new ObjectMapper()
          .readTree(text)
          .path("fields")
          .fieldNames()
          .forEachRemaining(name -> known.add(VmcsField.valueOf(name)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("read a moment ago", e);
    }
    return new VmcsDump(
        file.toString(),
        1,
        Form.JSON,
        "",
        vmcs,
        known,
        reported(vmcs),
        List.of(),
        List.of(),
        Set.of());
  }

  private static @Nullable Reported reported(Vmcs vmcs) {
    long reason = vmcs.get(VmcsField.EXIT_REASON);
    if ((reason & ExitReason.VM_ENTRY_FAILURE) != 0) {
      return Reported.exit(reason, vmcs.get(VmcsField.EXIT_QUALIFICATION));
    }
    long error = vmcs.get(VmcsField.VM_INSTRUCTION_ERROR);
    return error == 0 ? null : Reported.error(error);
  }
}
