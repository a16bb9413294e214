package io.vmxsim.validation.peers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A QEMU whose processor executes nothing: its registers are set as a debugger sets them, and its
 * monitor is asked what it makes of them.
 */
final class QemuMonitor implements AutoCloseable {
  // The numbers that QEMU's debugger stub gives control registers.
  static final int CR0 = 27;
  static final int CR3 = 29;
  static final int CR4 = 30;
  static final int EFER = 32;

  private static final int MEMORY_MBYTES = 256;
  private static final int CONNECTS = 100;

  private final ObjectMapper json = new ObjectMapper();
  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter commands;
  private final Socket debugger;

  /** Starts it with the bytes of a file at a physical address. */
  QemuMonitor(Path file, long address) throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    String options =
        "-machine q35 -accel tcg -cpu max -display none -nodefaults -S -qmp stdio -m %d"
            + " -gdb tcp:127.0.0.1:%d -device loader,file=%s,addr=%#x,force-raw=on";
    String command = "qemu-system-x86_64 " + options.formatted(MEMORY_MBYTES, port, file, address);
    process =
        new ProcessBuilder(List.of(command.split(" ", -1)))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    answers = process.inputReader(StandardCharsets.UTF_8);
    commands = process.outputWriter(StandardCharsets.UTF_8);
    answers.readLine(); // its greeting
    execute("{\"execute\":\"qmp_capabilities\"}");
    debugger = connect(port);
    packet("qXfer:features:read:target.xml:0,fff"); // before that no register may be set
  }

  private static Socket connect(int port) throws IOException, InterruptedException {
    for (int i = 1; ; i++) {
      try {
        return new Socket(InetAddress.getLoopbackAddress(), port);
      } catch (IOException notYet) {
        if (i == CONNECTS) {
          throw notYet;
        }
        Thread.sleep(50);
      }
    }
  }

  /** What the monitor answers to a command, such as {@code info tlb}. */
  String ask(String command) throws IOException {
    return execute(
            "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}"
                .formatted(command))
        .asText();
  }

  private JsonNode execute(String command) throws IOException {
    commands.write(command);
    commands.newLine();
    commands.flush();
    while (true) {
      String line = answers.readLine();
      if (line == null) {
        throw new IOException("QEMU ended");
      }
      JsonNode answer = json.readTree(line);
      if (answer.has("return")) {
        return answer.get("return");
      }
      if (answer.has("error")) {
        throw new IOException(line);
      }
    }
  }

  /** Sets one of the registers named above. */
  void set(int register, long value) throws IOException {
    long bytes = Long.reverseBytes(value);
    String answer = packet("P%x=%016x".formatted(register, bytes));
    if (!answer.contains("$OK#")) {
      throw new IOException("register " + register + ": " + answer);
    }
  }

  /** A packet of the debugger's protocol, and the answer as it comes. */
  private String packet(String data) throws IOException {
    int sum = 0;
    for (int i = 0; i < data.length(); i++) {
      sum += data.charAt(i);
    }
    OutputStream out = debugger.getOutputStream();
    out.write("$%s#%02x".formatted(data, sum & 0xff).getBytes(StandardCharsets.US_ASCII));
    out.flush();
    InputStream in = debugger.getInputStream();
    StringBuilder answer = new StringBuilder();
    while (answer.indexOf("#") < 0 || answer.length() < answer.indexOf("#") + 3) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("QEMU ended");
      }
      answer.append((char) next);
    }
    out.write('+');
    out.flush();
    return answer.toString();
  }

  @Override
  public void close() throws IOException {
    debugger.close();
    try {
      PeerProcess.kill(process);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
