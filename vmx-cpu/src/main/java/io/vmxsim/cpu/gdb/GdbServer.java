package io.vmxsim.cpu.gdb;

import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.gdb.GdbRun.Watch;
import io.vmxsim.vmcs.NotModelledException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Answers a debugger that is connected to a machine, and runs the machine as it says. Processors
 * are its threads, numbered from 1.
 */
public final class GdbServer {
  private static final String OK = "OK";
  private static final String ERROR = "E01";
  private static final String NO_MEMORY = "E14";
  private static final String UNKNOWN = "";
  private static final HexFormat HEX = HexFormat.of();
  private static final int MOST_BYTES = 1 << 16;
  private static final int SIGINT = 2;
  private static final int SIGTRAP = 5;
  private static final int SIGILL = 4;

  private final Machine machine;
  private final GdbConnection connection;
  private final GdbRun run;
  private int selected;
  private String lastStop = "T05thread:1;";
  private @Nullable MachineEnd end;
  private @Nullable NotModelledException notModelled;
  private boolean detached;

  /**
   * A server for one debugger.
   *
   * @param limit instructions after which the machine ends at the latest
   */
  public GdbServer(Machine machine, InputStream from, OutputStream to, long limit) {
    this.machine = machine;
    run = new GdbRun(machine, limit);
    connection = new GdbConnection(from, to, machine::interrupt);
  }

  /**
   * Serves until the machine ends, or the debugger detaches, is gone or kills it; a machine that is
   * left runs on to its end, one that is killed is interrupted.
   *
   * @throws NotModelledException as the machine's run does, once the debugger has had a look
   */
  public MachineEnd serve() {
    while (end == null) {
      String packet = connection.next();
      if (packet.equals(GdbConnection.GONE)) {
        detached = true;
      } else {
        String answer = answer(packet);
        if (answer != null) {
          connection.send(answer);
        }
      }
      if (detached) {
        run.release();
        return goOnAlone();
      }
    }
    return end;
  }

  private MachineEnd goOnAlone() {
    if (notModelled != null) {
      throw notModelled;
    }
    MachineEnd last = run.goOn(GdbRun.NONE);
    if (last == null) {
      throw new IllegalStateException("stopped without a debugger");
    }
    return last;
  }

  /** The answer to a packet; null for none. */
  private @Nullable String answer(String packet) {
    try {
      String rest = packet.substring(1);
      return switch (packet.charAt(0)) {
        case '?' -> lastStop;
        case 'g' -> registers();
        case 'G' -> setRegisters(rest);
        case 'p' -> register(number(rest));
        case 'P' -> setRegister(rest);
        case 'm' -> read(rest);
        case 'M', 'X' -> write(packet.charAt(0) == 'X', rest);
        case 'Z', 'z' -> breakpoint(packet.charAt(0) == 'Z', rest);
        case 'H', 'T' -> selectThread(packet.charAt(0) == 'H' ? rest.substring(1) : rest);
        case 'c', 'C' -> resume(GdbRun.NONE);
        case 's', 'S' -> resume(selected);
        case 'v' -> resumeAsTold(packet);
        case 'q', 'Q' -> query(packet);
        case 'D' -> detach();
        case 'k' -> kill();
        default -> UNKNOWN;
      };
    } catch (NumberFormatException | IndexOutOfBoundsException malformed) {
      return ERROR;
    } catch (IllegalArgumentException malformed) {
      return ERROR;
    }
  }

  private static long number(String hex) {
    return Long.parseUnsignedLong(hex, 16);
  }

  private Processor processor() {
    return machine.processor(selected);
  }

  // ---- Registers -----------------------------------------------------------------------------

  private String registers() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < GdbRegister.ALL.size(); i++) {
      text.append(register(i));
    }
    return text.toString();
  }

  private String register(long number) {
    if (number >= GdbRegister.ALL.size()) {
      return ERROR;
    }
    GdbRegister register = GdbRegister.ALL.get((int) number);
    long[] value = new long[2];
    register.from().read(processor(), value);
    byte[] bytes = new byte[register.bytes()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (value[i / Long.BYTES] >>> (Byte.SIZE * (i % Long.BYTES)));
    }
    return HEX.formatHex(bytes);
  }

  private String setRegister(String text) {
    int equals = text.indexOf('=');
    GdbRegister register = GdbRegister.ALL.get((int) number(text.substring(0, equals)));
    return set(register, HEX.parseHex(text.substring(equals + 1))) ? OK : ERROR;
  }

  /** Registers that cannot be set keep their values. */
  private String setRegisters(String text) {
    int at = 0;
    for (GdbRegister register : GdbRegister.ALL) {
      int length = 2 * register.bytes();
      if (at + length > text.length()) {
        break;
      }
      set(register, HEX.parseHex(text.substring(at, at + length)));
      at += length;
    }
    return OK;
  }

  private boolean set(GdbRegister register, byte[] bytes) {
    GdbRegister.Target to = register.to();
    if (to == null || bytes.length != register.bytes()) {
      return false;
    }
    long[] value = new long[2];
    for (int i = 0; i < bytes.length; i++) {
      value[i / Long.BYTES] |= (bytes[i] & 0xffL) << (Byte.SIZE * (i % Long.BYTES));
    }
    to.write(processor(), value);
    return true;
  }

  // ---- Memory --------------------------------------------------------------------------------

  private String read(String text) {
    int comma = text.indexOf(',');
    int count = (int) Math.min(MOST_BYTES, number(text.substring(comma + 1)));
    byte[] bytes = new byte[count];
    int there = new LinearMemory(processor()).read(number(text.substring(0, comma)), bytes, count);
    return there == 0 && count > 0 ? NO_MEMORY : HEX.formatHex(bytes, 0, there);
  }

  private String write(boolean binary, String text) {
    int comma = text.indexOf(',');
    int colon = text.indexOf(':');
    String data = text.substring(colon + 1);
    byte[] bytes = binary ? data.getBytes(StandardCharsets.ISO_8859_1) : HEX.parseHex(data);
    long address = number(text.substring(0, comma));
    return new LinearMemory(processor()).write(address, bytes) ? OK : NO_MEMORY;
  }

  // ---- Stops ---------------------------------------------------------------------------------

  /** 0 and 1 are breakpoints, 2 to 4 watch writes, reads, and both. */
  private String breakpoint(boolean sets, String text) {
    String[] parts = text.split("[,;]", -1);
    long address = number(parts[1]);
    int size = (int) number(parts[2]);
    switch (parts[0]) {
      case "0", "1" -> {
        if (sets) {
          run.breakpoints().add(address);
        } else {
          run.breakpoints().remove(address);
        }
      }
      case "2", "3", "4" -> {
        Watch watch = new Watch(address, size, !parts[0].equals("2"), !parts[0].equals("3"));
        if (sets) {
          run.watches().add(watch);
        } else {
          run.watches().remove(watch);
        }
      }
      default -> {
        return UNKNOWN;
      }
    }
    return OK;
  }

  private String selectThread(String text) {
    if (text.equals("-1") || text.equals("0")) {
      return OK;
    }
    long thread = number(text);
    if (thread < 1 || thread > machine.processorCount()) {
      return ERROR;
    }
    selected = (int) thread - 1;
    return OK;
  }

  private @Nullable String resumeAsTold(String packet) {
    if (packet.equals("vCont?")) {
      return "vCont;c;C;s;S";
    }
    if (packet.startsWith("vKill")) {
      kill();
      return OK;
    }
    if (!packet.startsWith("vCont;")) {
      return UNKNOWN;
    }
    for (String action : packet.substring("vCont;".length()).split(";", -1)) {
      int colon = action.indexOf(':');
      char kind = action.charAt(0);
      if (kind == 's' || kind == 'S') {
        if (colon > 0) {
          selectThread(action.substring(colon + 1));
        }
        return resume(selected);
      }
    }
    return resume(GdbRun.NONE);
  }

  /** Runs on, and says why it stopped; no answer if there is nobody to give it to. */
  private @Nullable String resume(int step) {
    if (notModelled != null) {
      throw notModelled;
    }
    machine.forgetInterruption();
    if (connection.takeBreak()) {
      return stop(SIGINT, "");
    }
    try {
      MachineEnd last = run.goOn(step);
      if (last == null) {
        selected = machine.current();
        return stop(SIGTRAP, watched());
      }
      if (last.cause() == MachineEnd.Cause.INTERRUPTED && connection.takeBreak()) {
        selected = machine.current();
        machine.forgetInterruption();
        return stop(SIGINT, "");
      }
      end = last;
      return "W%02x".formatted(last.exitCode() & 0xff);
    } catch (NotModelledException stop) {
      notModelled = stop;
      selected = machine.current();
      String text = "vmxsim: " + stop.getMessage() + "\n";
      connection.send("O" + HEX.formatHex(text.getBytes(StandardCharsets.UTF_8)));
      return stop(SIGILL, "");
    }
  }

  private String watched() {
    Watch watch = run.met();
    if (watch == null) {
      return "";
    }
    String kind = !watch.reads() ? "watch" : watch.writes() ? "awatch" : "rwatch";
    return "%s:%x;".formatted(kind, run.metAddress());
  }

  private String stop(int signal, String why) {
    lastStop = "T%02xthread:%x;%s".formatted(signal, selected + 1, why);
    return lastStop;
  }

  private String detach() {
    detached = true;
    return OK;
  }

  private @Nullable String kill() {
    end = new MachineEnd(MachineEnd.Cause.INTERRUPTED, 0, machine.current());
    return null;
  }

  // ---- Queries -------------------------------------------------------------------------------

  private String query(String packet) {
    if (packet.startsWith("qSupported")) {
      return "PacketSize=%x;qXfer:features:read+;vContSupported+;QStartNoAckMode+"
          .formatted(MOST_BYTES);
    }
    if (packet.startsWith("qXfer:features:read:target.xml:")) {
      String[] range = packet.substring(packet.lastIndexOf(':') + 1).split(",", -1);
      return part(GdbRegister.description(), (int) number(range[0]), (int) number(range[1]));
    }
    if (packet.startsWith("qRcmd,")) {
      byte[] command = HEX.parseHex(packet.substring("qRcmd,".length()));
      String text = new String(command, StandardCharsets.UTF_8);
      String said = GdbMonitor.answer(text, processor());
      return HEX.formatHex(said.getBytes(StandardCharsets.UTF_8));
    }
    if (packet.startsWith("qThreadExtraInfo,")) {
      int thread = (int) number(packet.substring(packet.indexOf(',') + 1));
      String text = "processor " + (thread - 1);
      return HEX.formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
    switch (packet) {
      case "QStartNoAckMode" -> {
        connection.stopAcknowledging();
        return OK;
      }
      case "qAttached" -> {
        return "1";
      }
      case "qC" -> {
        return "QC%x".formatted(selected + 1);
      }
      case "qfThreadInfo" -> {
        return threads();
      }
      case "qsThreadInfo" -> {
        return "l";
      }
      default -> {
        return UNKNOWN;
      }
    }
  }

  private String threads() {
    StringBuilder text = new StringBuilder("m1");
    for (int i = 2; i <= machine.processorCount(); i++) {
      text.append(String.format(",%x", i));
    }
    return text.toString();
  }

  private static String part(String text, int from, int count) {
    int start = Math.min(from, text.length());
    int stop = Math.min(text.length(), start + count);
    return (stop == text.length() ? "l" : "m") + text.substring(start, stop);
  }
}
