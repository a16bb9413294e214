package io.vmxsim.cpu.decode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What binutils' disassembler says about instruction bytes: an oracle that shares no code. */
final class Objdump {
  /** One instruction and then NOPs enough to be in step again. */
  static final int SLOT = 32;

  private static final Pattern LINE =
      Pattern.compile("\\s*([0-9a-f]+):\\t((?:[0-9a-f]{2} )+)\\s*\\t?(.*)");
  private static final Pattern NOISE =
      Pattern.compile(
          "^(?:(?:rex[.wrxb]*|data16|data32|addr16|addr32|[c-g]s|es|ss|repz?|repnz|bnd|xacquire"
              + "|xrelease|notrack|lock|\\{[a-z0-9]+\\}) )+");

  /**
   * How objdump reads the first instruction of a slot.
   *
   * @param length its bytes
   * @param text in lower case, without prefixes; null if it is no instruction
   */
  record Reading(int length, @Nullable String text) {}

  private Objdump() {}

  static boolean isPresent() {
    try {
      return new ProcessBuilder("objdump", "--version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException absent) {
      return false;
    } catch (InterruptedException stop) {
      throw new IllegalStateException(stop);
    }
  }

  /** Reads slot after slot of {@code image}, at address 0. */
  static List<Reading> read(byte[] image, CodeMode mode) throws IOException {
    Path file = Files.createTempFile("vmxsim-objdump", ".bin");
    try {
      Files.write(file, image);
      String machine =
          switch (mode) {
            case BITS16 -> "i8086";
            case BITS32 -> "i386";
            case BITS64 -> "i386:x86-64";
          };
      Process process =
          new ProcessBuilder(
                  "objdump",
                  "-D",
                  "-w",
                  "-z",
                  "--insn-width=16",
                  "-b",
                  "binary",
                  "-m",
                  machine,
                  "-M",
                  "intel,intel64",
                  file.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return readings(process, image.length / SLOT);
    } finally {
      Files.delete(file);
    }
  }

  private static List<Reading> readings(Process process, int slots) throws IOException {
    List<Reading> readings = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Matcher matcher = LINE.matcher(line);
        if (matcher.matches()
            && Long.parseLong(matcher.group(1), 16) == (long) readings.size() * SLOT) {
          readings.add(new Reading(matcher.group(2).length() / 3, text(matcher.group(3))));
        }
      }
    }
    if (readings.size() != slots) {
      throw new IllegalStateException("objdump read " + readings.size() + " slots of " + slots);
    }
    return readings;
  }

  private static @Nullable String text(String shown) {
    String text = shown.replaceAll("#.*|<.*", "").toLowerCase(Locale.ROOT).strip();
    if (text.contains("(bad)") || text.isEmpty()) {
      return null;
    }
    return NOISE.matcher(text.replaceAll("\\s+", " ")).replaceFirst("");
  }
}
