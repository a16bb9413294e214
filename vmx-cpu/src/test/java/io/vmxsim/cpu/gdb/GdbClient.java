package io.vmxsim.cpu.gdb;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A debugger's end of the remote protocol, for tests: one packet there, one back. */
final class GdbClient {
  private final InputStream from;
  private final OutputStream to;

  GdbClient(InputStream from, OutputStream to) {
    this.from = from;
    this.to = to;
  }

  /** Sends a packet and returns the answer. */
  String ask(String packet) throws IOException {
    send(packet);
    return answer();
  }

  void send(String packet) throws IOException {
    int sum = packet.chars().sum() & 0xff;
    raw("$%s#%02x".formatted(packet, sum));
  }

  void raw(String bytes) throws IOException {
    to.write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    to.flush();
  }

  /** The next packet, whose check sum must be right. */
  String answer() throws IOException {
    int b = next();
    while (b != '$') {
      b = next();
    }
    StringBuilder text = new StringBuilder();
    int sum = 0;
    for (b = next(); b != '#'; b = next()) {
      sum += b;
      text.append((char) b);
    }
    String claimed = "" + (char) next() + (char) next();
    if (Integer.parseInt(claimed, 16) != (sum & 0xff)) {
      throw new IOException("check sum " + claimed + " of " + text);
    }
    raw("+");
    return text.toString();
  }

  private int next() throws IOException {
    int b = from.read();
    if (b < 0) {
      throw new IOException("the server has closed the connection");
    }
    return b;
  }
}
