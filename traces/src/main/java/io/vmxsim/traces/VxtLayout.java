package io.vmxsim.traces;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Where things are in a {@code .vxt} file; {@code docs/traces.md} describes it to the byte. A file
 * header is followed by blocks, each with a header and a payload; the last one is an END block.
 * Numbers are little-endian.
 */
final class VxtLayout {
  static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Not text, and spoilt by every line-end conversion. */
  private static final byte[] MAGIC = {(byte) 0x8a, 'V', 'X', 'T', '\r', '\n', 0x1a, '\n'};

  static final int MAJOR_VERSION = 1;

  /** File header: magic, u16 major, u16 minor, 16 bytes of zero, u32 CRC. */
  static final int FILE_HEADER = 32;

  static final int VERSION_AT = 8;

  /** Block header. The CRC covers the header before it and the payload. */
  static final int BLOCK_HEADER = 32;

  static final int TYPE_AT = 0;
  static final int LENGTH_AT = 4;
  static final int VCPU_AT = 8;
  static final int ACTIONS_AT = 12;
  static final int INSTRUCTIONS_AT = 16;
  static final int CRC_AT = 28;

  /** Actions of one virtual CPU, see {@link VxtEncoder}. */
  static final int ACTIONS = 1;

  /** Counts of everything before; nothing follows. */
  static final int END = 2;

  /** UTF-8 text about the trace's origin. */
  static final int NOTE = 3;

  /** UTF-8 lines KEY=VALUE about the run that was recorded, see {@link RecordedRun}. */
  static final int RECORDING = 4;

  static final int MAX_PAYLOAD = 16 << 20;

  /** END: u64 virtual CPU, blocks, actions, instructions, loads, stores for each virtual CPU. */
  static final int END_ROW = 6 * 8;

  static final int MAX_VCPUS = 4096;

  /**
   * An instruction's actions stay in one block and one batch unless there are more than this: what
   * replays them looks from the instruction to what it is.
   */
  static final int KEPT_TOGETHER = 256;

  private VxtLayout() {}

  static byte[] fileHeader() {
    byte[] header = Arrays.copyOf(MAGIC, FILE_HEADER);
    INT.set(header, VERSION_AT, MAJOR_VERSION);
    CRC32C crc = new CRC32C();
    crc.update(header, 0, CRC_AT);
    INT.set(header, CRC_AT, (int) crc.getValue());
    return header;
  }

  /** Whether the data begins like a {@code .vxt} file. */
  static boolean isVxt(TraceInput input) {
    return input.require(MAGIC.length)
        && Arrays.equals(
            input.buffer, input.position, input.position + MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  /** Whether the file begins like a {@code .vxt} file. */
  static boolean isVxt(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
    }
  }
}
