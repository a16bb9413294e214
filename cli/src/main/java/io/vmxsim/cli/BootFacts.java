package io.vmxsim.cli;

import io.vmxsim.vmcs.InputException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What it takes to make a booted machine again, but for its state.
 *
 * @param image named for messages only
 * @param sent bytes that the guest has sent through its serial port
 */
record BootFacts(String image, String cpu, long memory, int cpus, long sent) {
  private static final String COMMAND = "command";
  private static final String BOOT = "boot";
  private static final String IMAGE = "image";
  private static final String CPU = "cpu";
  private static final String MEMORY = "memory";
  private static final String CPUS = "cpus";
  private static final String SENT = "sent";

  BootFacts withSent(long bytes) {
    return new BootFacts(image, cpu, memory, cpus, bytes);
  }

  /** As a snapshot holds them. */
  Map<String, String> asText() {
    Map<String, String> text = new LinkedHashMap<>();
    text.put(COMMAND, BOOT);
    text.put(IMAGE, image);
    text.put(CPU, cpu);
    text.put(MEMORY, Long.toString(memory));
    text.put(CPUS, Integer.toString(cpus));
    text.put(SENT, Long.toString(sent));
    return text;
  }

  /**
   * From a snapshot.
   *
   * @throws InputException if another command left it
   */
  static BootFacts of(Path file, Map<String, String> text) {
    if (!BOOT.equals(text.get(COMMAND))) {
      throw new InputException(
          file.toString(), "block facts", "expected a snapshot that " + BOOT + " left");
    }
    return new BootFacts(
        text.getOrDefault(IMAGE, ""),
        text.getOrDefault(CPU, ""),
        Long.parseLong(text.getOrDefault(MEMORY, "")),
        Integer.parseInt(text.getOrDefault(CPUS, "")),
        Long.parseLong(text.getOrDefault(SENT, "")));
  }
}
