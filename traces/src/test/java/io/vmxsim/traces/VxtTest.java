package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VxtTest {

  /** A file typed by hand from docs/traces.md: the format is this, whatever the writer does. */
  private static byte[] typedByHand() {
    return hex(
        // magic; version 1.0; reserved; CRC
        "8a 56 58 54 0d 0a 1a 0a 01 00 00 00 00 00 00 00"
            + "00 00 00 00 00 00 00 00 00 00 00 00 CRC"
            // ACTIONS, 20 bytes, virtual CPU 0, 6 actions, after 0 instructions
            + "01 00 00 00 14 00 00 00 00 00 00 00 06 00 00 00"
            + "00 00 00 00 00 00 00 00 00 00 00 00 CRC"
            // bytes 0f a2 are defined; INSTRUCTION length 2 with them, jump by 0x1000 (zigzag 8192)
            + "00 00 02 0f a2 c9 80 40"
            // CPUID, address operand +7 (zigzag 14)
            + "08 10 0e"
            // INSTRUCTION length 3, where the previous one ended
            + "0d"
            // LOAD 8 bytes by recent address 0 +64 (zigzag 128)
            + "0e 80 01"
            // STORE 24 bytes (explicit), recent address 0 -1 (zigzag 1)
            + "1f 18 01"
            // HLT: no operands
            + "00 15"
            // END: virtual CPU 0, 1 block, 6 actions, 2 instructions, 1 load, 1 store
            + "02 00 00 00 30 00 00 00 00 00 00 00 00 00 00 00"
            + "00 00 00 00 00 00 00 00 00 00 00 00 CRC"
            + "00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 06 00 00 00 00 00 00 00"
            + "02 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00");
  }

  /** Bytes of hexadecimal text in which "CRC" stands for four bytes that {@link #seal} fills. */
  private static byte[] hex(String text) {
    String digits = text.replace("CRC", "00000000").replace(" ", "");
    byte[] data = HexFormat.of().parseHex(digits);
    return seal(data);
  }

  /** Fills in the checksums: of the file header, and of each block without its own CRC field. */
  private static byte[] seal(byte[] data) {
    ByteBuffer b = Actions.littleEndian(data);
    CRC32C crc = new CRC32C();
    crc.update(data, 0, 28);
    b.putInt(28, (int) crc.getValue());
    for (int at = 32; at < data.length; at += 32 + b.getInt(at + 4)) {
      crc.reset();
      crc.update(data, at, 28);
      crc.update(data, at + 32, b.getInt(at + 4));
      b.putInt(at + 28, (int) crc.getValue());
    }
    return data;
  }

  @Test
  void readsAFileTypedByHand() {
    TraceReader reader = Actions.reader(typedByHand(), TraceOptions.DEFAULT);
    assertEquals(
        List.of(
            "INSTRUCTION 2 1000 0fa2",
            "CPUID 0 7 0",
            "INSTRUCTION 3 1002 -1",
            "LOAD 8 40 0",
            "STORE 24 3f 0",
            "HLT 0 0 0"),
        Actions.read(reader));
    assertEquals(
        "6 records, 2 instructions, 1 loads, 1 stores, 0 skipped", reader.counts().toString());
  }

  @Test
  void noticesTruncationAtEveryByte() {
    byte[] data = typedByHand();
    for (int length = 0; length < data.length; length++) {
      byte[] cut = Arrays.copyOf(data, length);
      Actions.complaint(cut, TraceOptions.DEFAULT);
      Actions.complaint(cut, TraceOptions.DEFAULT.withFormat(TraceFormat.VXT));
    }
  }

  @Test
  void noticesAnyChangedByte() {
    byte[] data = typedByHand();
    for (int at = 0; at < data.length; at++) {
      for (int bit : new int[] {1, 0x10, 0x80, 0xff}) {
        byte[] changed = data.clone();
        changed[at] ^= (byte) bit;
        String message =
            Actions.complaint(changed, TraceOptions.DEFAULT.withFormat(TraceFormat.VXT));
        assertTrue(message.startsWith("test: "), message);
      }
    }
  }

  @Test
  void noticesAMissingBlockAndTrailingBytes() {
    byte[] data = typedByHand();
    byte[] withoutActions = new byte[data.length - 32 - 20];
    System.arraycopy(data, 0, withoutActions, 0, 32);
    System.arraycopy(data, 32 + 32 + 20, withoutActions, 32, withoutActions.length - 32);
    assertTrue(
        Actions.complaint(withoutActions, TraceOptions.DEFAULT).contains("blocks are missing"));
    String message = Actions.complaint(Arrays.copyOf(data, data.length + 1), TraceOptions.DEFAULT);
    assertTrue(message.contains("end of the file after the END block"), message);
  }

  @Test
  void skipsADamagedBlockWhenLenient() {
    byte[] data = typedByHand();
    data[70] ^= 1;
    TraceReader reader = Actions.reader(data, Actions.LENIENT);
    assertEquals(List.of(), Actions.read(reader));
    assertEquals(1, reader.counts().skipped());
  }

  @Test
  void skipsBlocksOfUnknownTypes() {
    byte[] data = typedByHand();
    byte[] more = new byte[data.length + 32 + 5];
    System.arraycopy(data, 0, more, 0, 32);
    more[32] = (byte) 200;
    more[36] = 5;
    System.arraycopy(data, 32, more, 32 + 37, data.length - 32);
    assertEquals(6, Actions.read(Actions.reader(seal(more), TraceOptions.DEFAULT)).size());
  }

  @Test
  void refusesALaterVersionByName() {
    byte[] data = typedByHand();
    data[8] = 2;
    String message = Actions.complaint(seal(data), TraceOptions.DEFAULT);
    assertEquals("test: byte 8: expected version 1 of the format, found version 2", message);
  }

  @Test
  void refusesSenselessOperandsUnlessLenient() {
    byte[] data = typedByHand();
    data[32 + 32 + 8] = 0x0c; // CPUID with a size operand: takes the 0e for it
    data[32 + 32 + 9] = 0x11; // … as IN of 14 bytes
    String message = Actions.complaint(seal(data), TraceOptions.DEFAULT);
    assertTrue(message.startsWith("test: block 1 (byte 32): expected an action"), message);
  }

  /** Whatever a block holds under a right checksum, the answer is actions or an InputException. */
  @Property(tries = 2000)
  void survivesAnyPayload(@ForAll byte[] payload, @ForAll boolean lenient) {
    byte[] data = Arrays.copyOf(typedByHand(), 32 + 32 + payload.length);
    Actions.littleEndian(data).putInt(32 + 4, payload.length);
    System.arraycopy(payload, 0, data, 64, payload.length);
    TraceOptions options = TraceOptions.DEFAULT.withLenient(lenient);
    if (lenient) {
      Actions.read(Actions.reader(seal(data), options));
    } else {
      Actions.complaint(seal(data), options);
    }
  }

  @Property(tries = 60)
  void readsBackWhatWasWritten(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int vcpus)
      throws IOException {
    Path file = Files.createTempFile("vmxsim", ".vxt");
    Random random = new Random(seed);
    SortedMap<Integer, List<String>> written = new TreeMap<>();
    try (TraceWriter writer = new TraceWriter(file)) {
      ActionBatch batch = new ActionBatch(64);
      for (int i = random.nextInt(8); i >= 0; i--) {
        RandomActions.fill(batch, random, random.nextInt(6000));
        int vcpu = random.nextInt(vcpus);
        List<String> actions = written.computeIfAbsent(vcpu, v -> new ArrayList<>());
        for (int a = 0; a < batch.count(); a++) {
          actions.add(Actions.text(batch, a));
        }
        writer.write(vcpu, batch);
      }
      writer.finish();
    }
    SortedMap<Integer, List<String>> read = new TreeMap<>();
    try (TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT)) {
      ActionBatch batch = new ActionBatch(1 + random.nextInt(10_000));
      while (reader.fill(batch)) {
        for (int a = 0; a < batch.count(); a++) {
          read.computeIfAbsent(reader.vcpu(), v -> new ArrayList<>()).add(Actions.text(batch, a));
        }
      }
    }
    assertEquals(written, read);
    Files.delete(file);
  }

  @Test
  void readsAFileLargerThanOneMap(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("large.vxt");
    Random random = new Random(1);
    ActionBatch batch = new ActionBatch(8192);
    int batches = 1100;
    try (TraceWriter writer = new TraceWriter(file)) {
      for (int i = 0; i < batches; i++) {
        batch.clear();
        for (int a = 0; a < 8192; a++) {
          batch.add(ActionKind.LOAD, 8, random.nextLong() >> 16, 0);
        }
        writer.write(0, batch);
      }
      writer.finish();
    }
    assertTrue(Files.size(file) > 64 << 20);
    long sum = 0;
    try (TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT)) {
      while (reader.fill(batch)) {
        for (int a = 0; a < batch.count(); a++) {
          sum += batch.address(a);
        }
      }
      assertEquals(8192L * batches, reader.counts().loads());
      assertEquals(Files.size(file), reader.bytesRead());
    }
    random = new Random(1);
    for (int i = 0; i < 8192 * batches; i++) {
      sum -= random.nextLong() >> 16;
    }
    assertEquals(0, sum);
  }

  @Test
  void leavesTheTargetAloneUntilItIsFinished(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("x.vxt");
    byte[] before = "before".getBytes(StandardCharsets.UTF_8);
    Files.write(file, before);
    ActionBatch batch = new ActionBatch(16);
    batch.add(ActionKind.HLT, 0, 0, 0);
    try (TraceWriter writer = new TraceWriter(file)) {
      writer.write(0, batch);
    }
    assertArrayEquals(before, Files.readAllBytes(file));
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(file), left.toList());
    }
    try (TraceWriter writer = new TraceWriter(file)) {
      writer.write(0, batch);
      assertArrayEquals(before, Files.readAllBytes(file));
      writer.finish();
    }
    try (TraceReader reader = TraceFormats.open(file.toString(), TraceOptions.DEFAULT)) {
      assertEquals(List.of("HLT 0 0 0"), Actions.read(reader));
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(file), left.toList());
    }
  }

  @Test
  void reportsAFullDiskInOneLine() {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full));
    String message = Actions.message(() -> new TraceWriter(full).close());
    assertTrue(message.startsWith("/dev/full: byte 0: expected to be able to write ("), message);
    assertFalse(message.contains("\n"), message);
  }
}
