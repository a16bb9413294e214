package io.vmxsim.bench;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.Replay;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.traces.ReplayOptions;
import io.vmxsim.traces.ReplayResult;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayTextReport;
import io.vmxsim.traces.TraceWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Replays 100 million records that touch a 64-GiB guest at random, 4-KByte pages throughout, in the
 * heap the JVM was given; {@code -Xmx1g} is enough. The trace is written first, as {@code .vxt},
 * and deleted afterwards. Argument: the paging mode, default {@code ept}.
 */
public final class LargeGuest {
  private static final long RECORDS = 100_000_000;
  private static final long BASE = 0x10_0000_0000L;
  private static final int INSTRUCTION_EVERY = 2;

  private LargeGuest() {}

  /** Runs it and prints the report, the time taken and the heap in use. */
  public static void main(String[] arguments) throws IOException {
    String mode = arguments.length == 0 ? "EPT" : arguments[0].toUpperCase(Locale.ROOT);
    Path file = Files.createTempFile("vmxsim-large", ".vxt");
    try {
      write(file);
      long start = System.nanoTime();
      ReplayResult result = replay(file, Paging.valueOf(mode));
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.println(ReplayTextReport.exits(result));
      Runtime runtime = Runtime.getRuntime();
      System.out.printf(
          "%d records in %.0f s: %.1f M records/s; heap %d MiB of at most %d MiB%n",
          RECORDS,
          seconds,
          RECORDS / seconds / 1e6,
          (runtime.totalMemory() - runtime.freeMemory()) >> 20,
          runtime.maxMemory() >> 20);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static ReplayResult replay(Path file, Paging paging) {
    ReplayConfiguration configuration =
        ReplayConfiguration.of(paging, CpuProfile.named("skylake-sp"));
    GuestOsOptions guest =
        new GuestOsOptions(80L << 30, 12, 30, false, false, true, true, 1, false);
    ReplayOptions options =
        new ReplayOptions(List.of(configuration), 0, Long.MAX_VALUE, 250, 0, 1, 0, guest);
    return Replay.of(options, file).run();
  }

  /** Alternates instructions of a small loop and loads anywhere in 64 GiB. */
  private static void write(Path file) {
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    long random = 1;
    try (TraceWriter writer = new TraceWriter(file)) {
      for (long i = 0; i < RECORDS; i++) {
        if (i % INSTRUCTION_EVERY == 0) {
          batch.add(ActionKind.INSTRUCTION, 4, 0x40_0000 + (i & 0xffe) * 2, ActionBatch.NO_BYTES);
        } else {
          random = random * 6364136223846793005L + 1442695040888963407L;
          batch.add(ActionKind.LOAD, 8, BASE + ((random >>> 28) & 0xf_ffff_fff8L), 0);
        }
        if (batch.count() == ActionBatch.DEFAULT_CAPACITY) {
          writer.write(0, batch);
          batch.clear();
        }
      }
      writer.write(0, batch);
      writer.finish();
    }
  }
}
