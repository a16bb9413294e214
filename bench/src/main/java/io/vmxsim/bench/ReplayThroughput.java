package io.vmxsim.bench;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.Replay;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.traces.ReplayOptions;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.TraceFormats;
import io.vmxsim.traces.TraceReader;
import io.vmxsim.traces.TraceWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/**
 * Replays the bundled sample from files of every fast format and prints millions of records per
 * second of elapsed time, reading, decoding and simulation together: medians, one JVM, warm files.
 * A record is a lackey line, a ChampSim instruction or a {@code .vxt} action.
 *
 * <p>Arguments: paging modes, default {@code ept}.
 */
public final class ReplayThroughput {
  private static final int ROUNDS = 5;
  private static final int WARM_UP_ROUNDS = 2;

  private ReplayThroughput() {}

  /** Runs the measurement in a temporary directory. */
  public static void main(String[] arguments) throws IOException {
    Path directory = Files.createTempDirectory("vmxsim-replay");
    List<String> modes = arguments.length == 0 ? List.of("ept") : List.of(arguments);
    try {
      System.out.printf("%-14s %-8s %12s %10s%n", "file", "paging", "records", "M/s");
      for (String name :
          List.of("sample.lackey", "sample.champsim", "sample.champsim.gz", "sample.vxt")) {
        Path file = directory.resolve(name);
        try {
          long records = write(file);
          for (String mode : modes) {
            measure(file, records, Paging.valueOf(mode.toUpperCase(Locale.ROOT)));
          }
        } finally {
          Files.deleteIfExists(file);
        }
      }
    } finally {
      Files.deleteIfExists(directory);
    }
  }

  private static void measure(Path file, long records, Paging paging) {
    double[] rates = new double[ROUNDS];
    for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      long start = System.nanoTime();
      replay(file, paging);
      if (round >= 0) {
        rates[round] = records * 1e3 / (System.nanoTime() - start);
      }
    }
    Arrays.sort(rates);
    System.out.printf(
        "%-14s %-8s %12d %10.1f%n", file.getFileName(), paging.label(), records, rates[ROUNDS / 2]);
  }

  private static void replay(Path file, Paging paging) {
    ReplayConfiguration configuration =
        ReplayConfiguration.of(paging, CpuProfile.named("skylake-sp"));
    ReplayOptions options =
        new ReplayOptions(
            List.of(configuration), 0, Long.MAX_VALUE, 250, 0, 1, 0, GuestOsOptions.DEFAULT);
    Replay.of(options, file).run();
  }

  /** Writes the sample in the format that the name says; how many records it has there. */
  private static long write(Path file) throws IOException {
    try (TraceReader sample = TraceFormats.openSample()) {
      if (file.toString().endsWith(".vxt")) {
        return writeVxt(sample, file);
      }
      try (OutputStream plain = Files.newOutputStream(file);
          OutputStream out =
              new BufferedOutputStream(
                  file.toString().endsWith(".gz") ? new GZIPOutputStream(plain) : plain, 1 << 20)) {
        return file.toString().endsWith(".lackey")
            ? writeLackey(sample, out)
            : writeChampSim(sample, out);
      }
    }
  }

  private static long writeVxt(TraceReader sample, Path file) {
    long records = 0;
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    try (TraceWriter writer = new TraceWriter(file)) {
      while (sample.fill(batch)) {
        writer.write(0, batch);
        records += batch.count();
      }
      writer.finish();
    }
    return records;
  }

  private static long writeLackey(TraceReader sample, OutputStream out) throws IOException {
    long records = 0;
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    while (sample.fill(batch)) {
      for (int i = 0; i < batch.count(); i++) {
        String head =
            switch (ActionKind.ofCode(batch.kind(i))) {
              case INSTRUCTION -> "I  ";
              case LOAD -> " L ";
              default -> " S ";
            };
        String line = head + Long.toHexString(batch.address(i)) + "," + batch.size(i) + "\n";
        out.write(line.getBytes(StandardCharsets.US_ASCII));
        records++;
      }
    }
    return records;
  }

  /** One 64-byte record per instruction, its first four loads and two stores. */
  private static long writeChampSim(TraceReader sample, OutputStream out) throws IOException {
    long records = 0;
    ByteBuffer record = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    int loads = 0;
    int stores = 0;
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    while (sample.fill(batch)) {
      for (int i = 0; i < batch.count(); i++) {
        ActionKind kind = ActionKind.ofCode(batch.kind(i));
        if (kind == ActionKind.INSTRUCTION) {
          if (records++ > 0) {
            out.write(record.array());
          }
          Arrays.fill(record.array(), (byte) 0);
          record.putLong(0, batch.address(i));
          loads = 0;
          stores = 0;
        } else if (kind == ActionKind.LOAD && loads < 4) {
          record.putLong(32 + 8 * loads++, batch.address(i));
        } else if (kind == ActionKind.STORE && stores < 2) {
          record.putLong(16 + 8 * stores++, batch.address(i));
        }
      }
    }
    out.write(record.array());
    return records;
  }
}
