package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Text of {@code valgrind --tool=lackey --trace-mem=yes}: one line per instruction, load, store or
 * modification, such as {@code I 0401ab73,5} or {@code S 1fff000778,8}. Lines of valgrind itself
 * ({@code ==pid==}, {@code --pid--}, {@code **pid**}) are comments.
 */
final class LackeyReader extends StreamedTrace {
  private static final byte INSTRUCTION = ActionKind.INSTRUCTION.code();
  private static final byte LOAD = ActionKind.LOAD.code();
  private static final byte STORE = ActionKind.STORE.code();

  /** An XSAVE area with every component is the largest operand there is. */
  private static final int MAX_DATA_SIZE = 16 * 1024;

  private static final int MAX_INSTRUCTION_LENGTH = 15;

  private static final int MAX_ACTIONS_PER_LINE = 2 * MAX_DATA_SIZE / Accesses.MAX_PART;
  private static final int INSTRUCTION_LINE = 256;
  private static final int MAX_LINE = 64 * 1024;

  private static final byte[] HEX = new byte[256];

  static {
    Arrays.fill(HEX, (byte) -1);
    for (int i = 0; i < 16; i++) {
      HEX["0123456789abcdef".charAt(i)] = (byte) i;
    }
  }

  /** Behind the last line end in the buffer. */
  private int linesEnd;

  private long lines;

  LackeyReader(TraceInput input, boolean lenient) {
    super(TraceFormat.LACKEY, input, lenient);
  }

  /** Whether the data begins with a line that lackey or valgrind prints. */
  static boolean recognises(TraceInput input) {
    input.require(MAX_LINE);
    byte[] text = input.buffer;
    int start = input.position;
    int end = start;
    while (end < input.limit && text[end] != '\n') {
      end++;
    }
    return isComment(text, start, end) || isRecord(text, start, end);
  }

  private static boolean isRecord(byte[] text, int start, int end) {
    String line = new String(text, start, Math.min(end - start, 64), StandardCharsets.ISO_8859_1);
    return line.matches("(I | S| L| M) +[0-9a-f]+,[0-9]+");
  }

  private static boolean isComment(byte[] text, int start, int end) {
    if (end - start < 5) {
      return false;
    }
    int mark = text[start];
    int digit = text[start + 2];
    return (mark == '=' || mark == '-' || mark == '*')
        && text[start + 1] == mark
        && digit >= '0'
        && digit <= '9';
  }

  @Override
  public boolean fill(ActionBatch batch) {
    batch.clear();
    int room = batch.capacity() - MAX_ACTIONS_PER_LINE;
    long before = counts.records;
    do {
      if (input.position == linesEnd && !nextLines()) {
        break;
      }
      parse(batch, Math.max(1, room));
    } while (batch.count() < room);
    batch.setRecords(counts.records - before);
    return batch.count() > 0;
  }

  /** Parses lines until the batch holds {@code room} actions or the buffered lines are used up. */
  private void parse(ActionBatch batch, int room) {
    byte[] text = input.buffer;
    int end = linesEnd;
    int p = input.position;
    long line = lines;
    long records = 0;
    long instructions = 0;
    long loads = 0;
    long stores = 0;
    // Every line here has its end in the buffer, and every loop stops there: no bounds to watch.
    while (p < end && batch.count() < room) {
      int start = p;
      line++;
      // 'S', 'L' or 'M', or INSTRUCTION_LINE, which cannot be there after a space.
      int kind = text[p + 1];
      if (text[p] != ' ') {
        kind = text[p] == 'I' && kind == ' ' ? INSTRUCTION_LINE : 0;
      }
      p += 2;
      if (kind <= ' ' || text[p] != ' ') {
        p = other(start, line);
        continue;
      }
      do {
        p++;
      } while (text[p] == ' ');
      int digits = p;
      long address = 0;
      int digit;
      while ((digit = HEX[text[p] & 0xff]) >= 0) {
        address = address << 4 | digit;
        p++;
      }
      digits = p - digits;
      int size = 0;
      if (text[p] == ',') {
        while ((digit = text[++p] - '0') >= 0 && digit <= 9 && size <= MAX_DATA_SIZE) {
          size = size * 10 + digit;
        }
      }
      if (text[p] != '\n'
          || digits == 0
          || digits > 16
          || size == 0
          || size > MAX_DATA_SIZE
          || !LinearAddresses.isCanonical48(address)) {
        p = other(start, line);
        continue;
      }
      p++;
      records++;
      if (kind == INSTRUCTION_LINE) {
        instructions++;
        // Valgrind takes a client request for one instruction of 19 bytes: length unknown.
        batch.add(
            INSTRUCTION, size <= MAX_INSTRUCTION_LENGTH ? size : 0, address, ActionBatch.NO_BYTES);
      } else if (kind == 'L') {
        loads++;
        Accesses.add(batch, LOAD, size, address);
      } else if (kind == 'S') {
        stores++;
        Accesses.add(batch, STORE, size, address);
      } else if (kind == 'M') {
        loads++;
        stores++;
        Accesses.add(batch, LOAD, size, address);
        Accesses.add(batch, STORE, size, address);
      } else {
        records--;
        p = other(start, line);
      }
    }
    input.position = p;
    counts.records += records;
    counts.instructions += instructions;
    counts.loads += loads;
    counts.stores += stores;
    lines = line;
  }

  /**
   * A line that is no record: fine if it is a comment, otherwise an error, or skipped.
   *
   * @return where the next line begins
   */
  private int other(int start, long line) {
    byte[] text = input.buffer;
    int end = start;
    while (text[end] != '\n') {
      end++;
    }
    if (!isComment(text, start, end)) {
      lines = line;
      skipOrThrow(
          "a line such as 'I  0401ab73,5' with a canonical address, found " + quote(start, end));
    }
    return end + 1;
  }

  private String quote(int start, int end) {
    int shown = Math.min(end, start + 40);
    String text = new String(input.buffer, start, shown - start, StandardCharsets.ISO_8859_1);
    StringBuilder out = new StringBuilder("'");
    text.chars().forEach(c -> out.append(c < ' ' || c > '~' ? '?' : (char) c));
    return out.append(shown < end ? "…'" : "'").toString();
  }

  /** Makes sure there is a whole line in the buffer; false at the end of the input. */
  private boolean nextLines() {
    int wanted = 1;
    while (input.require(wanted)) {
      int end = input.limit;
      while (end > input.position && input.buffer[end - 1] != '\n') {
        end--;
      }
      if (end > input.position) {
        linesEnd = end;
        return true;
      }
      wanted = input.available() + 1;
      if (wanted > MAX_LINE) {
        lines++;
        throw input.bad(position(), "a line of text, found " + MAX_LINE + " bytes without an end");
      }
    }
    linesEnd = input.position;
    if (input.available() > 0) {
      lines++;
      cutLine();
    }
    return false;
  }

  /** The input ends inside a line: its last number may have lost digits. */
  private void cutLine() {
    skipOrThrow("a line end, found the end of the input: the trace has been cut");
    input.position = input.limit;
    linesEnd = input.limit;
  }

  @Override
  public String position() {
    return "line " + lines;
  }
}
