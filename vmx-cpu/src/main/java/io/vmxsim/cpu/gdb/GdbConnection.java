package io.vmxsim.cpu.gdb;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Packets from and to a debugger ("Overview" of the remote protocol). A thread reads them, so that
 * a break is seen while the machine runs.
 */
final class GdbConnection {
  /** In place of a packet: the debugger has gone. */
  static final String GONE = "";

  private static final int BREAK = 3;

  private final InputStream from;
  private final OutputStream to;
  private final Runnable onBreak;
  private final BlockingQueue<String> packets = new LinkedBlockingQueue<>();
  private volatile boolean acknowledges = true;
  private volatile boolean broken;
  private volatile boolean gone;

  /**
   * @param onBreak runs, on another thread, when the debugger wants the machine to stop
   */
  GdbConnection(InputStream from, OutputStream to, Runnable onBreak) {
    this.from = from;
    this.to = to;
    this.onBreak = onBreak;
    Thread reader = new Thread(this::read, "gdb");
    reader.setDaemon(true);
    reader.start();
  }

  /** The next packet, or {@link #GONE}. */
  String next() {
    try {
      return packets.take();
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
      return GONE;
    }
  }

  /** Whether the debugger has asked for a stop since the last call, or has gone. */
  boolean takeBreak() {
    boolean asked = broken || gone;
    broken = false;
    return asked;
  }

  /** Packets are not acknowledged from now on. */
  void stopAcknowledging() {
    acknowledges = false;
  }

  void send(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    ByteArrayOutputStream packet = new ByteArrayOutputStream(bytes.length + 4);
    int sum = 0;
    packet.write('$');
    for (byte b : bytes) {
      boolean special = b == '$' || b == '#' || b == '}' || b == '*';
      if (special) {
        packet.write('}');
        sum += '}';
      }
      int sent = special ? b ^ 0x20 : b;
      packet.write(sent);
      sum += sent;
    }
    packet.writeBytes("#%02x".formatted(sum & 0xff).getBytes(StandardCharsets.US_ASCII));
    write(packet.toByteArray());
  }

  private synchronized void write(byte[] bytes) {
    try {
      to.write(bytes);
      to.flush();
    } catch (IOException closed) {
      gone = true;
    }
  }

  private void read() {
    try {
      for (int b = from.read(); b >= 0; b = from.read()) {
        if (b == BREAK) {
          broken = true;
          onBreak.run();
        } else if (b == '$') {
          readPacket();
        }
      }
    } catch (IOException closed) {
      // the same as its end
    }
    gone = true;
    packets.add(GONE);
    onBreak.run();
  }

  private void readPacket() throws IOException {
    StringBuilder text = new StringBuilder();
    int sum = 0;
    int b = from.read();
    while (b >= 0 && b != '#') {
      sum += b;
      if (b == '}') {
        b = from.read();
        sum += b;
        text.append((char) (b ^ 0x20));
      } else {
        text.append((char) b);
      }
      b = from.read();
    }
    int claimed = Character.digit(from.read(), 16) << 4 | Character.digit(from.read(), 16);
    boolean whole = claimed == (sum & 0xff);
    if (acknowledges) {
      write(new byte[] {(byte) (whole ? '+' : '-')});
    }
    if (whole && text.length() > 0) {
      packets.add(text.toString());
    }
  }
}
