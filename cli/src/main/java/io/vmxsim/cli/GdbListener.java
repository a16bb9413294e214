package io.vmxsim.cli;

import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.gdb.GdbServer;
import io.vmxsim.vmcs.InputException;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Waits on a port of this computer for the debugger that is to run a machine. */
final class GdbListener implements Closeable {
  private final ServerSocket socket;

  private GdbListener(ServerSocket socket) {
    this.socket = socket;
  }

  /**
   * Listens, and says so.
   *
   * @param port 0 for any that is free
   */
  static GdbListener on(int port, PrintWriter err) {
    try {
      InetAddress here = InetAddress.getLoopbackAddress();
      GdbListener listener = new GdbListener(new ServerSocket(port, 1, here));
      int number = listener.socket.getLocalPort();
      err.println("vmxsim: gdb may connect: target remote localhost:" + number);
      err.flush();
      return listener;
    } catch (IOException | IllegalArgumentException taken) {
      throw new InputException("--gdb", String.valueOf(port), "expected a port that is free");
    }
  }

  /** Has the debugger that connects run the machine; the machine runs alone if none can. */
  MachineEnd serve(Machine machine, long limit) {
    try (Socket debugger = socket.accept()) {
      debugger.setTcpNoDelay(true);
      return new GdbServer(
              machine,
              new BufferedInputStream(debugger.getInputStream()),
              debugger.getOutputStream(),
              limit)
          .serve();
    } catch (IOException closed) {
      return machine.run(limit);
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException gone) {
      // nobody waits on it any more
    }
  }
}
