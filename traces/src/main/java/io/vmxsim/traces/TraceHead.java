package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.util.HexFormat;
import java.util.Locale;

/** The first actions of a trace in readable form: the logic of {@code trace head}. */
public final class TraceHead {
  private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

  private TraceHead() {}

  /** The first {@code limit} actions, one line each. */
  public static String toText(TraceReader reader, long limit) {
    return head(reader, limit, false);
  }

  /** The first {@code limit} actions, one JSON object per line; addresses are in hexadecimal. */
  public static String toJson(TraceReader reader, long limit) {
    return head(reader, limit, true);
  }

  private static String head(TraceReader reader, long limit, boolean json) {
    StringBuilder out = new StringBuilder();
    ActionBatch batch = new ActionBatch(ActionBatch.DEFAULT_CAPACITY);
    long left = limit;
    while (left > 0 && reader.fill(batch)) {
      for (int i = 0; i < batch.count() && left > 0; i++, left--) {
        if (json) {
          appendJson(out, reader.vcpu(), batch, i);
        } else {
          appendText(out, batch, i);
        }
        out.append('\n');
      }
    }
    return out.toString();
  }

  private static void appendText(StringBuilder out, ActionBatch batch, int i) {
    ActionKind kind = ActionKind.ofCode(batch.kind(i));
    String name = kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
    if (kind == ActionKind.INSTRUCTION) {
      String line = String.format("%016x  %2d", batch.address(i), batch.size(i));
      out.append(line).append(bytes(batch, i).isEmpty() ? "" : "  " + bytes(batch, i));
      return;
    }
    out.append(String.format("    %-14s %3d  %16x", name, batch.size(i), batch.address(i)));
    if (batch.value(i) != 0) {
      out.append(String.format("  %x", batch.value(i)));
    }
  }

  private static void appendJson(StringBuilder out, int vcpu, ActionBatch batch, int i) {
    ActionKind kind = ActionKind.ofCode(batch.kind(i));
    out.append(
        String.format(
            "{\"vcpu\": %d, \"kind\": \"%s\", \"size\": %d, \"address\": \"0x%x\"",
            vcpu, kind, batch.size(i), batch.address(i)));
    if (kind != ActionKind.INSTRUCTION) {
      out.append(String.format(", \"value\": \"0x%x\"", batch.value(i)));
    } else if (!bytes(batch, i).isEmpty()) {
      out.append(", \"bytes\": \"").append(bytes(batch, i)).append('"');
    }
    out.append('}');
  }

  private static String bytes(ActionBatch batch, int i) {
    if (batch.value(i) == ActionBatch.NO_BYTES) {
      return "";
    }
    int from = (int) batch.value(i);
    return HEX.formatHex(batch.instructionBytes(), from, from + batch.size(i));
  }
}
