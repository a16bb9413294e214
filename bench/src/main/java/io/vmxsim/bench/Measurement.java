package io.vmxsim.bench;

import java.util.Arrays;
import java.util.List;

/** What {@code bench/run} measures. */
record Measurement(String name, String meaning, Program program) {
  /** What a class's {@code main} is. */
  private interface Program {
    void run(String[] arguments) throws Exception;
  }

  private static final List<Measurement> ALL =
      List.of(
          new Measurement(
              "translation",
              "TLBs and walks beside the C reference loop (needs gcc)",
              SideBySideTranslation::main),
          new Measurement(
              "replay",
              "records per second of whole replays, by trace format",
              ReplayThroughput::main),
          new Measurement("large", "100 million records over a 64-GiB guest", LargeGuest::main),
          new Measurement(
              "execution",
              "instructions per second beside Bochs and QEMU",
              SideBySideExecution::main),
          new Measurement(
              "fill", "REP STOSB of 1 GiB, in seconds of processor time", StringFill::main),
          new Measurement(
              "decode",
              "instructions decoded a second; argument: a file of 64-bit code",
              DecoderThroughput::main),
          new Measurement(
              "exits",
              "VM exits per second of our smallest hypervisor beside Bochs",
              SideBySideExits::main),
          new Measurement(
              "recordings",
              "exits of own guests, live and from recordings: the table of docs/record.md",
              RecordedGuests::main),
          new Measurement(
              "jmh",
              "the JMH benchmarks; arguments as JMH takes them",
              org.openjdk.jmh.Main::main));

  /**
   * Runs the measurement that the first argument names, with the others.
   *
   * @throws Exception what the measurement ends with
   */
  public static void main(String[] arguments) throws Exception {
    for (Measurement measurement : ALL) {
      if (arguments.length > 0 && measurement.name.equals(arguments[0])) {
        measurement.program.run(Arrays.copyOfRange(arguments, 1, arguments.length));
        return;
      }
    }
    System.err.println("usage: bench/run MEASUREMENT [ARGUMENT...]; there are");
    for (Measurement measurement : ALL) {
      System.err.printf("  %-12s %s%n", measurement.name, measurement.meaning);
    }
    System.exit(2);
  }
}
