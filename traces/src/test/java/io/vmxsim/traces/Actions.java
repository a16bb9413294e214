package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.vmcs.InputException;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.function.Executable;

/** What the tests of readers share: actions as text, traces from bytes. */
final class Actions {
  static final TraceOptions LENIENT = TraceOptions.DEFAULT.withLenient(true);

  private Actions() {}

  static TraceReader reader(byte[] data, TraceOptions options) {
    return TraceFormats.open("test", new ByteArrayInputStream(data), data.length, options);
  }

  static TraceReader reader(String text, TraceOptions options) {
    return reader(text.getBytes(StandardCharsets.ISO_8859_1), options);
  }

  /** All actions, one line each: kind, size, address, value or bytes. */
  static List<String> read(TraceReader reader, int capacity) {
    List<String> actions = new ArrayList<>();
    ActionBatch batch = new ActionBatch(capacity);
    while (reader.fill(batch)) {
      for (int i = 0; i < batch.count(); i++) {
        actions.add(text(batch, i));
      }
    }
    reader.close();
    return actions;
  }

  static List<String> read(TraceReader reader) {
    return read(reader, ActionBatch.DEFAULT_CAPACITY);
  }

  static String text(ActionBatch batch, int i) {
    ActionKind kind = ActionKind.ofCode(batch.kind(i));
    String rest = Long.toString(batch.value(i));
    if (kind == ActionKind.INSTRUCTION && batch.value(i) != ActionBatch.NO_BYTES) {
      int from = (int) batch.value(i);
      rest = HexFormat.of().formatHex(batch.instructionBytes(), from, from + batch.size(i));
    }
    return kind + " " + batch.size(i) + " " + Long.toHexString(batch.address(i)) + " " + rest;
  }

  /** The message of the InputException that reading ends with; any other exception is a failure. */
  static String complaint(byte[] data, TraceOptions options) {
    return message(() -> read(reader(data, options)));
  }

  /** The message of the InputException that an action ends with. */
  static String message(Executable action) {
    return String.valueOf(assertThrows(InputException.class, action).getMessage());
  }

  static String complaint(String text, TraceOptions options) {
    return complaint(text.getBytes(StandardCharsets.ISO_8859_1), options);
  }

  static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
