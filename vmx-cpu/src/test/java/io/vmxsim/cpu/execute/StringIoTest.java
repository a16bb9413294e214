package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSI;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.board.PortDevice;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;

/** INS and OUTS: SDM volume 2. */
class StringIoTest {
  /** Gives 1, 2, 3, … and notes what it is given. */
  private static final class Counter implements PortDevice {
    private final ByteArrayOutputStream given = new ByteArrayOutputStream();
    private int next;

    @Override
    public int in(int port, int size) {
      return ++next;
    }

    @Override
    public void out(int port, int size, int value) {
      given.write(value);
    }
  }

  private static CodeMachine with(Counter device, String source) {
    CodeMachine m = CodeMachine.assembled64(source).with(RDX, 0x80);
    m.processor.bus().attachPorts(0x80, 4, device);
    return m;
  }

  @Test
  void aRepeatedInputFillsMemory() {
    CodeMachine m = with(new Counter(), "rep insb; hlt").with(RCX, 3).with(RDI, CodeMachine.DATA);
    m.untilHalt();
    assertEquals(0x03_0201, m.memory.read64(CodeMachine.DATA));
    assertEquals(0, m.register(RCX));
    assertEquals(CodeMachine.DATA + 3, m.register(RDI));
    assertEquals(2, m.processor.instructions());
  }

  @Test
  void aRepeatedOutputSendsMemory() {
    Counter device = new Counter();
    CodeMachine m = with(device, "rep outsb; hlt").with(RCX, 4).with(RSI, CodeMachine.DATA);
    m.memory.write32(CodeMachine.DATA, 0x44332211);
    m.untilHalt();
    assertArrayEquals(new byte[] {0x11, 0x22, 0x33, 0x44}, device.given.toByteArray());
  }

  @Test
  void nothingIsReadFromThePortIfTheStoreWouldFault() {
    Counter device = new Counter();
    CodeMachine m = with(device, "insb").with(RDI, 0x90_0000);
    m.handler(14, "f4");
    m.untilHalt();
    assertEquals(0, device.next);
  }
}
