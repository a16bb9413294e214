package io.vmxsim.bench;

import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Disassembler;
import io.vmxsim.cpu.decode.Instruction;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/**
 * Instructions decoded a second in 64-bit mode, one behind the other, and decoded and written as
 * text: of a file as it is, or of random bytes. Both are worse than compiled code, whose
 * instructions repeat.
 */
public final class DecoderThroughput {
  private static final int RUNS = 5;
  private static final int RANDOM_BYTES = 1 << 20;

  private DecoderThroughput() {}

  /** Runs it and prints millions of instructions a second of processor time. */
  public static void main(String[] arguments) throws IOException {
    byte[] code = new byte[RANDOM_BYTES];
    new Random(1).nextBytes(code);
    if (arguments.length > 0) {
      code = Files.readAllBytes(Path.of(arguments[0]));
    }
    System.out.println("Millions of instructions a second, medians of " + RUNS);
    System.out.printf("decoded      %8.1f%n", median(code, false));
    System.out.printf("and written  %8.1f%n", median(code, true));
  }

  private static double median(byte[] code, boolean text) {
    double[] rates = new double[RUNS];
    pass(code, text);
    Arrays.setAll(rates, run -> pass(code, text));
    Arrays.sort(rates);
    return rates[RUNS / 2];
  }

  private static double pass(byte[] code, boolean text) {
    Decoder decoder = Decoder.ofEverything();
    Instruction instruction = new Instruction();
    long count = 0;
    long characters = 0;
    long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    for (int round = 0; round < 8; round++) {
      for (int at = 0; at < code.length - Decoder.LONGEST; at += instruction.length) {
        boolean is =
            decoder.decode(code, at, code.length, CodeMode.BITS64, instruction).isInstruction();
        instruction.length = is ? instruction.length : 1;
        characters += is && text ? Disassembler.text(instruction, at).length() : 0;
        count++;
      }
    }
    long nanos = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start;
    if (text && characters == 0) {
      throw new IllegalStateException("nothing was decoded");
    }
    return count * 1e3 / nanos;
  }
}
