package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChampSimReaderTest {
  private static final TraceOptions CHAMPSIM =
      TraceOptions.DEFAULT.withFormat(TraceFormat.CHAMPSIM);

  /** ip, is_branch, taken, dst_mem[2], src_mem[4] at their documented offsets. */
  static byte[] record(long ip, int branch, int taken, long[] stores, long[] loads) {
    byte[] bytes = new byte[64];
    ByteBuffer b = Actions.littleEndian(bytes);
    b.putLong(0, ip).put(8, (byte) branch).put(9, (byte) taken);
    for (int i = 0; i < stores.length; i++) {
      b.putLong(16 + 8 * i, stores[i]);
    }
    for (int i = 0; i < loads.length; i++) {
      b.putLong(32 + 8 * i, loads[i]);
    }
    return bytes;
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    List.of(parts).forEach(all::writeBytes);
    return all.toByteArray();
  }

  private static final long[] NONE = {};

  @Test
  void readsAddressesAndInfersLengthsFromTheNextRecord() {
    byte[] data =
        join(
            record(
                0x401000, 0, 0, new long[] {0x7ffe0010, 0}, new long[] {0, 0x601000, 0, 0x602000}),
            record(0x401004, 1, 1, NONE, NONE),
            record(0x401008, 1, 0, NONE, NONE),
            record(0x40100f, 0, 0, NONE, NONE),
            record(0x40101f, 0, 0, NONE, NONE));
    TraceReader reader = Actions.reader(data, TraceOptions.DEFAULT);
    assertEquals(
        List.of(
            "INSTRUCTION 4 401000 -1",
            "LOAD 1 601000 0",
            "LOAD 1 602000 0",
            "STORE 1 7ffe0010 0",
            "INSTRUCTION 0 401004 -1", // a taken branch: the next record is its target
            "INSTRUCTION 7 401008 -1",
            "INSTRUCTION 0 40100f -1", // 16 bytes on: longer than an instruction
            "INSTRUCTION 0 40101f -1"),
        Actions.read(reader));
    assertEquals(
        "5 records, 5 instructions, 2 loads, 1 stores, 0 skipped", reader.counts().toString());
  }

  @Test
  void readsTheCloudSuiteVariantWhenTold() {
    byte[] bytes = new byte[96];
    ByteBuffer b = Actions.littleEndian(bytes);
    b.putLong(0, 0x401000).putLong(24, 0x10).putLong(48, 0x20).putLong(56, 0x30).putLong(80, 0x40);
    b.put(88, (byte) 7);
    assertEquals(
        List.of(
            "INSTRUCTION 0 401000 -1",
            "LOAD 1 30 0",
            "LOAD 1 40 0",
            "STORE 1 10 0",
            "STORE 1 20 0"),
        Actions.read(
            Actions.reader(
                bytes, TraceOptions.DEFAULT.withFormat(TraceFormat.CHAMPSIM_CLOUDSUITE))));
  }

  @Test
  void isTheSameInBatchesOfAnySize() {
    byte[] data = new byte[64 * 40_000];
    ByteBuffer all = ByteBuffer.wrap(data);
    for (int i = 0; i < 40_000; i++) {
      all.put(record(0x400000 + 3L * i, 0, 0, new long[] {i + 1}, new long[] {i + 2}));
    }
    List<String> whole = Actions.read(Actions.reader(data, TraceOptions.DEFAULT));
    assertEquals(120_000, whole.size());
    assertEquals(whole, Actions.read(Actions.reader(data, TraceOptions.DEFAULT), 10));
  }

  @Test
  void namesTheRecordThatMakesNoSense() {
    byte[] good = record(0x401000, 0, 0, NONE, NONE);
    for (byte[] bad :
        List.of(
            record(0x401000, 2, 0, NONE, NONE),
            record(0x401000, 0, 9, NONE, NONE),
            record(0, 0, 0, NONE, NONE),
            record(1L << 60, 0, 0, NONE, NONE),
            record(0x401000, 0, 0, new long[] {1L << 50}, NONE),
            record(0x401000, 0, 0, NONE, new long[] {0, 0, 0, 1L << 50}))) {
      byte[] data = join(good, bad, good);
      String message = Actions.complaint(data, CHAMPSIM);
      assertTrue(message.startsWith("test: record 1 (byte 64): expected branch flags"), message);
      TraceReader lenient = Actions.reader(data, CHAMPSIM.withLenient(true));
      assertEquals(2, Actions.read(lenient).size());
      assertEquals(1, lenient.counts().skipped());
    }
  }

  @Test
  void saysThatTheLastRecordIsCut() {
    byte[] data = new byte[100];
    System.arraycopy(record(0x401000, 0, 0, NONE, NONE), 0, data, 0, 64);
    String message = Actions.complaint(data, CHAMPSIM);
    assertEquals(
        "test: record 1 (byte 64): expected a record of 64 bytes, found the last 36", message);
  }
}
