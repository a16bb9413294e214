package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/** Copies any trace into a {@code .vxt} file: the logic of {@code trace convert}. */
public final class TraceConvert {
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();

  private TraceConvert() {}

  /**
   * What was converted.
   *
   * @param actions written
   * @param instructions of them
   * @param skipped records left out because they made no sense and the reading was lenient
   * @param bytes written, before compression
   */
  public record Summary(long actions, long instructions, long skipped, long bytes) {

    /** One line for people. */
    public String toText() {
      return String.format(
          "%,d actions, %,d instructions, %,d bytes%s",
          actions,
          instructions,
          bytes,
          skipped == 0 ? "" : String.format("; %,d bad records skipped", skipped));
    }

    /** One JSON object. */
    public String toJson() {
      return String.format(
          "{\"actions\": %d, \"instructions\": %d, \"skipped\": %d, \"bytes\": %d}%n",
          actions, instructions, skipped, bytes);
    }
  }

  /**
   * Converts. The target appears when all of it is written; a name in .gz, .xz or .zst compresses.
   *
   * @param limit instructions to take at most, 0 for all
   * @param note text about the origin to put at the beginning; empty for none
   * @param progress is told the bytes read, now and then
   * @throws io.vmxsim.vmcs.InputException if the trace is bad or the target cannot be written
   */
  public static Summary convert(
      TraceReader reader, Path target, long limit, String note, LongConsumer progress) {
    try (TraceWriter writer = new TraceWriter(target)) {
      if (!note.isEmpty()) {
        writer.note(note);
      }
      ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
      long instructions = 0;
      long actions = 0;
      boolean more = true;
      while (more && reader.fill(batch)) {
        int count = batch.count();
        if (limit > 0) {
          for (int i = 0; i < count; i++) {
            if (batch.kind(i) == INSTRUCTION && instructions++ == limit) {
              count = i;
              instructions = limit;
              more = false;
            }
          }
        }
        actions += count;
        writer.write(reader.vcpu(), batch, count);
        progress.accept(reader.bytesRead());
      }
      writer.finish();
      return new Summary(
          actions,
          limit > 0 ? instructions : reader.counts().instructions(),
          reader.counts().skipped(),
          writer.bytesWritten());
    }
  }
}
