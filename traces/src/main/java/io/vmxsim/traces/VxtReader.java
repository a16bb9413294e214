package io.vmxsim.traces;

import static io.vmxsim.traces.VxtLayout.INT;
import static io.vmxsim.traces.VxtLayout.LONG;

import io.vmxsim.cpu.ActionBatch;
import it.unimi.dsi.fastutil.ints.Int2ObjectRBTreeMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Our own format. Every block's checksum is verified before any of it is used, and the END block's
 * counts before the trace counts as read, so a file that lost or changed a byte is not mistaken for
 * a whole one.
 */
final class VxtReader extends StreamedTrace {
  private final VxtDecoder decoder = new VxtDecoder();
  private final CRC32C crc = new CRC32C();
  private final List<String> notes = new ArrayList<>();
  private @Nullable RecordedRun recordedRun;

  /** What was read of each virtual CPU. */
  private final Int2ObjectRBTreeMap<VcpuCounts> vcpus = new Int2ObjectRBTreeMap<>();

  private VcpuCounts current = new VcpuCounts();
  private int vcpu;
  private long block;
  private boolean inBlock;
  private boolean ended;
  private int blockEnd;
  private int blockActions;

  /** As in a row of the END block. */
  static final class VcpuCounts {
    long blocks;
    long actions;
    long instructions;
    long loads;
    long stores;
  }

  VxtReader(TraceInput input, boolean lenient) {
    super(TraceFormat.VXT, input, lenient);
    if (!VxtLayout.isVxt(input) || !input.require(VxtLayout.FILE_HEADER)) {
      throw input.bad("byte 0", "the header of a .vxt file");
    }
    byte[] data = input.buffer;
    int at = input.position;
    crc.update(data, at, VxtLayout.CRC_AT);
    if ((int) crc.getValue() != (int) INT.get(data, at + VxtLayout.CRC_AT)) {
      throw input.bad("byte 0", "an intact file header: its checksum does not match");
    }
    int version = (int) INT.get(data, at + VxtLayout.VERSION_AT) & 0xffff;
    if (version != VxtLayout.MAJOR_VERSION) {
      throw input.bad(
          "byte " + VxtLayout.VERSION_AT,
          "version " + VxtLayout.MAJOR_VERSION + " of the format, found version " + version);
    }
    input.position += VxtLayout.FILE_HEADER;
  }

  /** Texts about the trace's origin that were met so far. */
  List<String> notes() {
    return Collections.unmodifiableList(notes);
  }

  @Override
  public @Nullable RecordedRun recordedRun() {
    return recordedRun;
  }

  @Override
  public int vcpu() {
    return vcpu;
  }

  @Override
  public boolean fill(ActionBatch batch) {
    batch.clear();
    int room = Math.max(1, batch.capacity() - VxtLayout.KEPT_TOGETHER);
    while (batch.count() == 0) {
      if (!inBlock && !nextBlock()) {
        break;
      }
      decode(batch, room);
    }
    batch.setRecords(batch.count());
    return batch.count() > 0;
  }

  private void decode(ActionBatch batch, int room) {
    VxtDecoder d = decoder;
    long instructions = d.instructions;
    long loads = d.loads;
    long stores = d.stores;
    long actions = d.actions;
    long skipped = d.skipped;
    String fault = d.decode(batch, room, lenient);
    counts.instructions += d.instructions - instructions;
    counts.loads += d.loads - loads;
    counts.stores += d.stores - stores;
    counts.records += d.actions - actions;
    counts.skipped += d.skipped - skipped;
    current.instructions += d.instructions - instructions;
    current.loads += d.loads - loads;
    current.stores += d.stores - stores;
    current.actions += d.actions - actions;
    blockActions -= (int) (d.actions - actions + d.skipped - skipped);
    if (fault != null) {
      skipOrThrow(fault);
    }
    if (fault != null || d.done()) {
      if (fault == null && blockActions != 0) {
        skipOrThrow("as many actions as the block's header says");
      }
      inBlock = false;
      input.position = blockEnd;
    }
  }

  /** Goes to the payload of the next ACTIONS block; false at the end of the trace. */
  private boolean nextBlock() {
    while (!ended) {
      int length = blockLength();
      if (length < 0) {
        ended = true;
        input.position = input.limit;
        return false;
      }
      block++;
      byte[] data = input.buffer;
      int header = input.position;
      int payload = header + VxtLayout.BLOCK_HEADER;
      blockEnd = payload + length;
      if (!isIntact(header, length)) {
        skipOrThrow("an intact block: its checksum does not match");
        input.position = blockEnd;
        continue;
      }
      int type = (int) INT.get(data, header + VxtLayout.TYPE_AT);
      if (type == VxtLayout.ACTIONS && beginActions(header, payload)) {
        return true;
      }
      if (type == VxtLayout.NOTE) {
        notes.add(new String(data, payload, length, StandardCharsets.UTF_8));
      } else if (type == VxtLayout.RECORDING) {
        recordedRun = recordedRun == null ? new RecordedRun(source()) : recordedRun;
        recordedRun.add(data, payload, length);
      } else if (type == VxtLayout.END) {
        checkEnd(payload, length);
        ended = true;
      }
      input.position = blockEnd;
    }
    if (input.require(1)) {
      input.position = input.limit;
      skipOrThrow("the end of the file after the END block");
    }
    return false;
  }

  /** Buffers the next block whole; -1 if the data ends, which it must not. */
  private int blockLength() {
    if (!input.require(VxtLayout.BLOCK_HEADER)) {
      skipOrThrow("an END block, found the end of the file: truncated");
      return -1;
    }
    int length = (int) INT.get(input.buffer, input.position + VxtLayout.LENGTH_AT);
    if (length < 0 || length > VxtLayout.MAX_PAYLOAD) {
      skipOrThrow("a block of at most " + VxtLayout.MAX_PAYLOAD + " bytes");
      return -1;
    }
    if (!input.require(VxtLayout.BLOCK_HEADER + length)) {
      skipOrThrow("a block of " + length + " bytes, found the end of the file: truncated");
      return -1;
    }
    return length;
  }

  private boolean isIntact(int header, int length) {
    crc.reset();
    crc.update(input.buffer, header, VxtLayout.CRC_AT);
    crc.update(input.buffer, header + VxtLayout.BLOCK_HEADER, length);
    return (int) crc.getValue() == (int) INT.get(input.buffer, header + VxtLayout.CRC_AT);
  }

  private boolean beginActions(int header, int payload) {
    byte[] data = input.buffer;
    int number = (int) INT.get(data, header + VxtLayout.VCPU_AT);
    if (number < 0 || number >= VxtLayout.MAX_VCPUS) {
      skipOrThrow("a virtual CPU below " + VxtLayout.MAX_VCPUS);
      return false;
    }
    VcpuCounts of = vcpus.get(number);
    if (of == null) {
      of = new VcpuCounts();
      vcpus.put(number, of);
    }
    long before = (long) LONG.get(data, header + VxtLayout.INSTRUCTIONS_AT);
    if (before != of.instructions && !lenient) {
      throw input.bad(
          position(),
          "virtual CPU "
              + number
              + " at instruction "
              + of.instructions
              + ", found "
              + before
              + ": blocks are missing");
    }
    of.instructions = before;
    of.blocks++;
    current = of;
    vcpu = number;
    blockActions = (int) INT.get(data, header + VxtLayout.ACTIONS_AT);
    decoder.reset(data, payload, blockEnd);
    inBlock = true;
    return true;
  }

  private void checkEnd(int payload, int length) {
    if (lenient) {
      return;
    }
    byte[] data = input.buffer;
    boolean same = length == vcpus.size() * VxtLayout.END_ROW;
    int row = payload;
    for (int vcpuNumber : vcpus.keySet()) {
      VcpuCounts c = vcpus.get(vcpuNumber);
      same =
          same
              && (long) LONG.get(data, row) == vcpuNumber
              && (long) LONG.get(data, row + 8) == c.blocks
              && (long) LONG.get(data, row + 16) == c.actions
              && (long) LONG.get(data, row + 24) == c.instructions
              && (long) LONG.get(data, row + 32) == c.loads
              && (long) LONG.get(data, row + 40) == c.stores;
      row += VxtLayout.END_ROW;
    }
    if (!same) {
      throw input.bad(position(), "the counts of the END block: blocks are missing");
    }
  }

  @Override
  public String position() {
    return "block " + block + " (byte " + input.offset() + ")";
  }
}
