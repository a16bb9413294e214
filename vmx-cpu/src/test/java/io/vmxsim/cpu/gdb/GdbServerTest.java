package io.vmxsim.cpu.gdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A scripted debugger at a machine that counts in memory, and then ends. */
@Timeout(30)
@NullUnmarked
class GdbServerTest {
  private static final long PML4 = 0x1000;
  private static final long CODE = 0x20_0000;
  private static final long COUNTER = 0x30_0000;

  /** The linear address of the same code, two GBytes up. */
  private static final long ALIAS = 0x8000_0000L + CODE;

  // 0: mov ecx,5; 5: inc dword [300000h]; c: mov eax,[300000h]; 13: dec ecx; 15: jnz 5;
  // 17: mov al,3; 19: out 0f4h,al; 1b: hlt
  private static final String PROGRAM =
      "b905000000 ff042500003000 8b042500003000 ffc9 75ee b003 e6f4 f4";

  private final Machine machine = new Machine(CpuProfile.named("max"), 8 << 20, 1, value -> {});
  private Socket socket;
  private GdbClient gdb;
  private CompletableFuture<MachineEnd> end;

  @BeforeEach
  void connect() throws IOException {
    map(0, 0);
    map(2, 0);
    program(PROGRAM);
    CpuState state = machine.processor(0).state();
    state.startIn64BitMode(PML4);
    state.activity = 0;
    state.rip = ALIAS;
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      socket = new Socket(listener.getInetAddress(), listener.getLocalPort());
      Socket server = listener.accept();
      end =
          CompletableFuture.supplyAsync(
              () -> {
                try (server) {
                  return new GdbServer(
                          machine, server.getInputStream(), server.getOutputStream(), 1_000_000)
                      .serve();
                } catch (IOException closed) {
                  throw new IllegalStateException(closed);
                }
              });
    }
    gdb = new GdbClient(socket.getInputStream(), socket.getOutputStream());
  }

  @AfterEach
  void disconnect() throws IOException {
    socket.close();
  }

  /** The first GByte at a GByte of linear addresses. */
  private void map(int gigabyte, long at) {
    machine.memory().write64(PML4, 0x2000 | 7);
    machine.memory().write64(0x2000 + 8L * gigabyte, at | 0x87);
  }

  private void program(String hex) {
    byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
    machine.memory().writeBytes(CODE, code, 0, code.length);
  }

  private long register(int number) throws IOException {
    byte[] bytes = HexFormat.of().parseHex(gdb.ask("p%x".formatted(number)));
    long value = 0;
    for (int i = 0; i < Math.min(8, bytes.length); i++) {
      value |= (bytes[i] & 0xffL) << (8 * i);
    }
    return value;
  }

  private long rip() throws IOException {
    return register(16) - ALIAS;
  }

  private MachineEnd ended() throws Exception {
    return end.get(20, TimeUnit.SECONDS);
  }

  @Test
  void registersAreDescribedAndRead() throws IOException {
    assertTrue(gdb.ask("qSupported:multiprocess+").contains("qXfer:features:read+"));
    StringBuilder description = new StringBuilder();
    String part = "m";
    while (part.startsWith("m")) {
      part = gdb.ask("qXfer:features:read:target.xml:%x,200".formatted(description.length()));
      description.append(part, 1, part.length());
    }
    assertTrue(description.toString().contains("<architecture>i386:x86-64</architecture>"));
    String before = description.substring(0, description.indexOf("<reg name=\"rip\""));
    assertEquals(16, before.split("<reg ", -1).length - 1);
    assertEquals(0, rip());
    // as the features are listed: 16 of 8 bytes, RIP, EFLAGS and six selectors, eight of 10 bytes
    assertEquals(
        2 * (16 * 8 + 8 + 7 * 4 + 8 * 10 + 8 * 4 + 16 * 16 + 4 + 9 * 8), gdb.ask("g").length());
  }

  @Test
  void registersAreSet() throws IOException {
    assertEquals("OK", gdb.ask("P2=8877665544332211"));
    assertEquals(0x1122334455667788L, machine.processor(0).state().register(CpuState.RCX));
    assertEquals("E01", gdb.ask("P12=08000000")); // CS, by no debugger
    assertEquals("E01", gdb.ask("p1000"));
  }

  @Test
  void memoryIsReadAndWrittenThroughPaging() throws IOException {
    assertEquals("b905000000", gdb.ask("m%x,5".formatted(ALIAS)));
    assertEquals("b905000000", gdb.ask("m%x,5".formatted(CODE)));
    assertEquals("E14", gdb.ask("m40000000,4")); // not mapped
    assertEquals("E14", gdb.ask("m800000000000,4")); // not canonical
    assertEquals("OK", gdb.ask("M80300000,4:0a000000"));
    assertEquals(10, machine.memory().read32(COUNTER));
    assertEquals("OK", gdb.ask("X80300000,4:\u0001}]\u0002\u0003")); // } escapes 5Dh ^ 20h
    assertEquals(0x03027d01, machine.memory().read32(COUNTER));
    assertEquals(0, machine.processor(0).instructions());
  }

  @Test
  void codeThatIsWrittenRuns() throws Exception {
    assertEquals("T05thread:1;", gdb.ask("s"));
    assertEquals(5, rip());
    assertEquals("OK", gdb.ask("M%x,2:9090".formatted(ALIAS + 0x15))); // no loop
    assertEquals("W07", gdb.ask("c"));
    assertEquals(1, machine.memory().read32(COUNTER));
    assertEquals(MachineEnd.Cause.GUEST, ended().cause());
  }

  @Test
  void breakpointsStopBeforeTheirInstruction() throws Exception {
    assertEquals("OK", gdb.ask("Z0,%x,1".formatted(ALIAS + 0xc)));
    for (int i = 1; i <= 3; i++) {
      assertEquals("T05thread:1;", gdb.ask("c"));
      assertEquals(0xc, rip());
      assertEquals(i, machine.memory().read32(COUNTER));
      assertEquals(6 - i, register(2));
    }
    assertEquals("OK", gdb.ask("z0,%x,1".formatted(ALIAS + 0xc)));
    assertEquals("OK", gdb.ask("Z1,%x,1".formatted(ALIAS + 0x17)));
    assertEquals("T05thread:1;", gdb.ask("vCont;c"));
    assertEquals(0x17, rip());
    assertEquals(0, register(2));
    assertEquals("OK", gdb.ask("z1,%x,1".formatted(ALIAS + 0x17)));
    assertEquals("W07", gdb.ask("vCont;c:-1"));
    assertEquals(7, ended().exitCode());
  }

  @Test
  void stepsExecuteOneInstruction() throws IOException {
    int[] expected = {5, 0xc, 0x13, 0x15, 5};
    for (int rip : expected) {
      assertEquals("T05thread:1;", gdb.ask("vCont;s:1;c"));
      assertEquals(rip, rip());
    }
    assertEquals(5, machine.instructions());
  }

  @Test
  void watchpointsStopBehindTheAccess() throws IOException {
    assertEquals("OK", gdb.ask("Z2,300000,4"));
    assertEquals("T05thread:1;watch:300000;", gdb.ask("c"));
    assertEquals(0xc, rip());
    assertEquals("OK", gdb.ask("z2,300000,4"));
    assertEquals("OK", gdb.ask("Z3,300002,1"));
    assertEquals("T05thread:1;rwatch:300002;", gdb.ask("c"));
    assertEquals(0x13, rip());
    assertEquals("OK", gdb.ask("z3,300002,1"));
    assertEquals("OK", gdb.ask("Z4,300000,4"));
    assertEquals("T05thread:1;awatch:300000;", gdb.ask("c"));
    assertEquals(0xc, rip());
    assertEquals(2, machine.memory().read32(COUNTER));
  }

  @Test
  void aBreakStopsALoop() throws IOException {
    program("ebfe");
    gdb.send("c");
    gdb.raw("\u0003");
    assertEquals("T02thread:1;", gdb.answer());
    assertEquals(0, rip());
    assertEquals("OK", gdb.ask("Hg1"));
  }

  @Test
  void aMachineWithoutItsDebuggerRunsOn() throws Exception {
    assertEquals("OK", gdb.ask("Z0,%x,1".formatted(ALIAS + 0xc)));
    assertEquals("OK", gdb.ask("D"));
    assertEquals(7, ended().exitCode());
    assertEquals(5, machine.memory().read32(COUNTER));
  }

  @Test
  void aDebuggerThatVanishesLeavesTheMachineRunning() throws Exception {
    assertEquals("T05thread:1;", gdb.ask("s"));
    socket.close();
    assertEquals(7, ended().exitCode());
  }

  @Test
  void theMonitorWalksPagingStructures() throws IOException {
    String walk = monitor("walk 0x80300010");
    assertEquals(
        """
          paging level 4: 0000000000002007 at 0x1000
          paging level 3: 0000000000000087 at 0x2010
        0x80300010 is at 0x300010, page of 1073741824 bytes
        """,
        walk);
    assertTrue(monitor("walk 40000000").endsWith("page fault, error code 0x0\n"));
    assertTrue(monitor("walk x").startsWith("expected"));
    assertEquals("no current VMCS\n", monitor("vmcs"));
    assertTrue(monitor("help").contains("walk ADDRESS"));
    assertTrue(monitor("reboot").contains("no command reboot"));
  }

  private String monitor(String command) throws IOException {
    HexFormat hex = HexFormat.of();
    String answer = gdb.ask("qRcmd," + hex.formatHex(command.getBytes(StandardCharsets.UTF_8)));
    return new String(hex.parseHex(answer), StandardCharsets.UTF_8);
  }

  @Test
  void damagedPacketsAreRefused() throws IOException {
    gdb.raw("$?#00");
    assertEquals('-', socket.getInputStream().read());
    assertEquals("E01", gdb.ask("mxyz,4"));
    assertEquals("", gdb.ask("vFile:open"));
    assertEquals("T05thread:1;", gdb.ask("?"));
  }
}
