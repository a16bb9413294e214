package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.TraceSummary;
import io.vmxsim.vmm.ShadowPolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** A trace and its {@code .vxt} conversion replay alike, in every mode and cut anywhere. */
class ConvertedReplayTest {
  private static final CpuProfile CPU = CpuProfile.named("skylake-sp");
  private static final List<ShadowPolicy> POLICIES = List.of(ShadowPolicy.values());

  @Property(tries = 25)
  void lackeyTextReplaysAsItsConversionDoes(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] text = lackey(random, 500 + random.nextInt(20_000)).getBytes(StandardCharsets.US_ASCII);
    assertReplaysAlike(text, TraceFormat.LACKEY, random);
  }

  @Property(tries = 25)
  void champSimRecordsReplayAsTheirConversionDoes(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] records = champSim(random, 500 + random.nextInt(10_000));
    assertReplaysAlike(records, TraceFormat.CHAMPSIM, random);
  }

  private static void assertReplaysAlike(byte[] trace, TraceFormat format, Random random)
      throws IOException {
    Path file = Files.createTempFile("vmxsim", ".vxt");
    TraceOptions options = TraceOptions.DEFAULT.withFormat(format);
    try (TraceReader reader = Actions.reader(trace, options)) {
      TraceConvert.convert(reader, file, 0, "", bytes -> {});
    }
    ReplayOptions replay = options(random);
    ReplayResult original = replay(replay, () -> Actions.reader(trace, options));
    ReplayResult converted =
        replay(replay, () -> TraceFormats.open(file.toString(), TraceOptions.DEFAULT));
    Files.delete(file);

    assertEquals(unnamed(original.trace()), unnamed(converted.trace()));
    assertEquals(original.runs(), converted.runs());
    assertEquals(original.assumed(), converted.assumed());
  }

  private static ReplayResult replay(ReplayOptions options, Supplier<TraceReader> trace) {
    return new Replay(options, List.of(trace)).run();
  }

  /** Without what must differ: where the trace came from. */
  private static TraceSummary unnamed(TraceSummary t) {
    return new TraceSummary(
        "",
        "",
        t.instructions(),
        t.loads(),
        t.stores(),
        t.distinctPages(),
        t.skipped(),
        t.limitReached());
  }

  private static ReplayOptions options(Random random) {
    List<ReplayConfiguration> modes = new ArrayList<>();
    for (Paging paging : Paging.values()) {
      ShadowPolicy policy = POLICIES.get(random.nextInt(POLICIES.size()));
      modes.add(
          new ReplayConfiguration(paging, policy, false, PageSize.SIZE_4K, PageSize.SIZE_4K, CPU));
    }
    long warmup = random.nextBoolean() ? 0 : random.nextInt(3_000);
    long limit = random.nextBoolean() ? Long.MAX_VALUE : 1 + random.nextInt(6_000);
    return new ReplayOptions(
        modes, warmup, limit, random.nextInt(3) * 1_000L, 0, 1, 3, GuestOsOptions.DEFAULT);
  }

  private static String lackey(Random random, int lines) {
    StringBuilder text = new StringBuilder("==1== Lackey\n");
    long ip = 0x40_0000;
    for (int i = 0; i < lines; i++) {
      int length = 1 + random.nextInt(15);
      text.append("I  ").append(Long.toHexString(ip)).append(',').append(length).append('\n');
      ip = random.nextInt(8) == 0 ? 0x40_0000 + random.nextInt(1 << 20) : ip + length;
      for (int access = random.nextInt(3); access > 0; access--) {
        text.append(' ').append("LSM".charAt(random.nextInt(3))).append(' ');
        text.append(Long.toHexString(data(random))).append(',');
        text.append(random.nextInt(50) == 0 ? 300 : 1 << random.nextInt(6)).append('\n');
      }
    }
    return text.toString();
  }

  private static byte[] champSim(Random random, int records) {
    ByteArrayOutputStream trace = new ByteArrayOutputStream();
    long ip = 0x40_0000;
    for (int i = 0; i < records; i++) {
      boolean branch = random.nextInt(6) == 0;
      boolean taken = branch && random.nextBoolean();
      long[] stores = random.nextInt(3) == 0 ? new long[] {data(random)} : new long[0];
      long[] loads = random.nextInt(2) == 0 ? new long[] {data(random), data(random)} : new long[0];
      trace.writeBytes(ChampSimReaderTest.record(ip, branch ? 1 : 0, taken ? 1 : 0, stores, loads));
      ip = taken ? 0x40_0000 + random.nextInt(1 << 20) : ip + 1 + random.nextInt(20);
    }
    return trace.toByteArray();
  }

  private static long data(Random random) {
    return 0x7f00_0000_0000L + ((long) random.nextInt(300) << 12) + random.nextInt(4096);
  }
}
