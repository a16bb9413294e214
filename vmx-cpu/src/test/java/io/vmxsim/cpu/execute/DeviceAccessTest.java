package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.board.MemoryDevice;
import io.vmxsim.cpu.board.PortDevice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Machine code that meets devices: in memory at 7 MBytes, and at port 5. */
class DeviceAccessTest {
  private static final long DEVICE = 0x70_0000;

  private final Bus bus = Bus.withRam(DEVICE);
  private final List<String> writes = new ArrayList<>();

  DeviceAccessTest() {
    bus.attachMemory(
        DEVICE,
        0x1000,
        new MemoryDevice() {
          @Override
          public long read(long offset, int size) {
            return 0x1122_3344_5566_7788L >>> (8 * (offset & 7));
          }

          @Override
          public void write(long offset, int size, long value) {
            writes.add(String.format("%x.%d=%x", offset, size, value));
          }
        });
    bus.attachPorts(
        5,
        1,
        new PortDevice() {
          @Override
          public int in(int port, int size) {
            return 0xfedcba98;
          }

          @Override
          public void out(int port, int size, int value) {
            writes.add(String.format("port.%d=%x", size, value));
          }

          @Override
          public int widest() {
            return 4;
          }
        });
  }

  private CodeMachine run(String hex) {
    return CodeMachine.in64BitMode(hex + "f4", bus)
        .with(RDI, DEVICE + 0x10)
        .with(RSI, DEVICE)
        .with(RAX, 0x1234_5678_9abc_def0L)
        .with(RCX, 3)
        .with(RDX, 5)
        .untilHalt();
  }

  @Test
  void loadsReadTheDevice() {
    assertEquals(0x1234_5678_9abc_7788L, run("668b06").register(RAX)); // mov ax,[rsi]
    assertEquals(0x1122_3344_5566L, run("488b4602").register(RAX)); // mov rax,[rsi+2]
  }

  @Test
  void storesWriteTheDeviceOnceWithTheirOwnSize() {
    run("8907"); // mov [rdi],eax
    assertEquals(List.of("10.4=9abcdef0"), writes);
  }

  @Test
  void aReadModifyWriteReadsAndWrites() {
    run("f00117"); // lock add [rdi],edx
    assertEquals(List.of("10.4=5566778d"), writes);
  }

  @Test
  void stringInstructionsWriteElementByElement() {
    run("f366ab"); // rep stosw
    assertEquals(List.of("10.2=def0", "12.2=def0", "14.2=def0"), writes);
  }

  @Test
  void stringInstructionsReadElementByElement() {
    CodeMachine machine = run("bf00002000 f3a4"); // mov edi,200000h; rep movsb
    assertEquals(0x667788, machine.memory.read32(CodeMachine.DATA));
  }

  @Test
  void whatIsNotThereReadsAsOnesAndSwallowsWrites() {
    CodeMachine machine = run("c7860010000000000000 8b8600100000");
    assertEquals(0xffffffffL, machine.register(RAX));
    assertEquals(0, machine.memory.allocatedBytes() - run("90").memory.allocatedBytes());
  }

  @Test
  void fetchesFromWhereNothingIsAreUndefinedOpcodes() {
    CodeMachine machine = CodeMachine.in64BitMode("48 c7c6 00107000 ffe6", bus); // jmp rsi
    machine.handler(6, "f4");
    machine.untilHalt();
    assertEquals(CodeMachine.HANDLERS + 0x601, machine.state.rip);
  }

  @Test
  void portsAreReadAndWrittenInTheSizeOfTheInstruction() {
    assertEquals(0x1234_5678_9abc_de98L, run("ec").register(RAX));
    assertEquals(0x1234_5678_9abc_ba98L, run("66ed").register(RAX));
    assertEquals(0xfedcba98L, run("ed").register(RAX));
    run("ee 66ef ef");
    assertEquals(List.of("port.1=f0", "port.2=def0", "port.4=9abcdef0"), writes);
  }
}
