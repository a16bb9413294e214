package io.vmxsim.cli;

import io.vmxsim.vmcs.InputException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What it takes to make a kernel's machine again, but for its state.
 *
 * @param command that ran it
 * @param image named for messages only
 * @param options of that command which bear on the machine, by name
 * @param sent bytes that the guest has sent through its serial port
 */
record BootFacts(
    String command,
    String image,
    String cpu,
    long memory,
    int cpus,
    Map<String, String> options,
    long sent) {
  private static final String COMMAND = "command";
  static final String BOOT = "boot";
  static final String RUN = "run";
  private static final String IMAGE = "image";
  private static final String CPU = "cpu";
  private static final String MEMORY = "memory";
  private static final String CPUS = "cpus";
  private static final String SENT = "sent";

  /** Copies the options. */
  BootFacts {
    options = Map.copyOf(options);
  }

  BootFacts withSent(long bytes) {
    return new BootFacts(command, image, cpu, memory, cpus, options, bytes);
  }

  /** As a snapshot holds them. */
  Map<String, String> asText() {
    Map<String, String> text = new LinkedHashMap<>(new TreeMap<>(options));
    text.put(COMMAND, command);
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
  static BootFacts of(Path file, String command, Map<String, String> text) {
    if (!command.equals(text.get(COMMAND))) {
      throw new InputException(
          file.toString(), "block facts", "expected a snapshot that " + command + " left");
    }
    return new BootFacts(
        command,
        text.getOrDefault(IMAGE, ""),
        text.getOrDefault(CPU, ""),
        Long.parseLong(text.getOrDefault(MEMORY, "")),
        Integer.parseInt(text.getOrDefault(CPUS, "")),
        text,
        Long.parseLong(text.getOrDefault(SENT, "")));
  }
}
