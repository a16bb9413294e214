package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuState;
import org.junit.jupiter.api.Test;

/** "Linear-Address Masking" (LAM), SDM volume 3, 4.4 of the later editions. */
class LinearAddressMaskingTest {
  private static final long DATA = CodeMachine.DATA;
  private static final long PML4 = CodeMachine.PML4;

  /** Metadata in bits 62:48, and in bits 62:57. */
  private static final long TAG_48 = 0x2aL << 48;

  private static final long TAG_57 = 0x2aL << 57;

  /** MOV RBX, [RDI]; HLT: a fault counts in RCX and halts. */
  private static CodeMachine loading(long pointer) {
    CodeMachine m = CodeMachine.in64BitMode("488b1f f4");
    m.handler(13, "ffc1 f4");
    m.memory.write64(DATA, 0x1234);
    m.state.setRegister(RDI, pointer);
    return m;
  }

  private static void assertLoads(CodeMachine m) {
    m.untilHalt();
    assertEquals(0, m.register(RCX), "#GP");
    assertEquals(0x1234, m.register(RBX));
  }

  private static void assertFaults(CodeMachine m) {
    m.untilHalt();
    assertEquals(1, m.register(RCX), "#GP");
  }

  @Test
  void userPointersCarry15BitsOfMetadata() {
    CodeMachine m = loading(DATA | TAG_48);
    m.state.setCr3(PML4 | CpuState.CR3_LAM_U48);
    assertLoads(m);
  }

  @Test
  void userPointersCarry6BitsOfMetadata() {
    CodeMachine m = loading(DATA | TAG_57);
    m.state.setCr3(PML4 | CpuState.CR3_LAM_U57);
    assertLoads(m);
  }

  @Test
  void bitsBelowTheMetadataMustBeCanonical() {
    CodeMachine m = loading(DATA | TAG_48);
    m.state.setCr3(PML4 | CpuState.CR3_LAM_U57 | CpuState.CR3_LAM_U48); // U57 decides
    assertFaults(m);
  }

  @Test
  void supervisorPointersAreAnothersToMask() {
    CodeMachine m = loading(1L << 63 | DATA);
    m.state.setCr3(PML4 | CpuState.CR3_LAM_U48);
    assertFaults(m);
  }

  @Test
  void supervisorPointersCarryMetadata() {
    CodeMachine m = loading((-1L << 47 & ~TAG_48) | DATA);
    m.memory.write64(PML4 + 8 * 256, 0x2000 | 7); // the upper half begins with the same pages
    m.state.setCr4(m.state.cr4() | CpuState.CR4_LAM_SUP);
    assertLoads(m);
  }

  @Test
  void bit63AndTheBitBelowTheMetadataMustAgree() {
    CodeMachine m = loading(1L << 63 | DATA);
    m.state.setCr4(m.state.cr4() | CpuState.CR4_LAM_SUP);
    assertFaults(m);
  }

  @Test
  void aTaggedStackPointerPushes() {
    CodeMachine m = CodeMachine.in64BitMode("6a05 58 f4"); // push 5; pop rax; hlt
    m.state.setCr3(PML4 | CpuState.CR3_LAM_U48);
    m.state.setRegister(CpuState.RSP, CodeMachine.STACK | TAG_48);
    m.untilHalt();
    assertEquals(5, m.register(RAX));
    assertEquals(5, m.memory.read64(CodeMachine.STACK - 8));
  }

  @Test
  void targetsOfBranchesAreNotMasked() {
    CodeMachine m = CodeMachine.in64BitMode("ffe7"); // jmp rdi
    m.handler(13, "ffc1 f4");
    m.state.setCr3(PML4 | CpuState.CR3_LAM_U48);
    m.state.setRegister(RDI, CodeMachine.CODE | TAG_48);
    assertFaults(m);
  }

  @Test
  void softwareTurnsItOn() {
    // mov rax,cr3; bts rax,62; mov cr3,rax; mov rbx,[rdi]; hlt
    CodeMachine m = CodeMachine.in64BitMode("0f20d8 480fbae83e 0f22d8 488b1f f4");
    m.handler(13, "ffc1 f4");
    m.memory.write64(DATA, 0x1234);
    m.state.setRegister(RDI, DATA | TAG_48);
    assertLoads(m);
  }
}
