package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.AF;
import static io.vmxsim.cpu.CpuState.CF;
import static io.vmxsim.cpu.CpuState.OF;
import static io.vmxsim.cpu.CpuState.PF;
import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RBX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSP;
import static io.vmxsim.cpu.CpuState.SF;
import static io.vmxsim.cpu.CpuState.ZF;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.StatusFlags;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Results and flags as the instructions' pages of SDM volume 2 define them. */
class IntegerInstructionsTest {

  private static long flags(CodeMachine machine) {
    return machine.state.rflags() & StatusFlags.MASK;
  }

  @Test
  void addOverflowsFromLargestToSmallestByte() {
    CodeMachine m = CodeMachine.in64BitMode("b07f 0401 f4").untilHalt(); // mov al,7fh; add al,1
    assertEquals(0x80, m.register(RAX));
    assertEquals(OF | SF | AF, flags(m));
  }

  @Test
  void subtractingFromZeroBorrows() {
    CodeMachine m = CodeMachine.in64BitMode("31c0 83e801 f4").untilHalt(); // xor eax,eax; sub eax,1
    assertEquals(0xffffffffL, m.register(RAX));
    assertEquals(CF | SF | AF | PF, flags(m));
  }

  @Test
  void incrementLeavesCarry() {
    CodeMachine m = CodeMachine.in64BitMode("f9 ffc1 f4").with(RCX, 0xffffffffL); // stc; inc ecx
    m.untilHalt();
    assertEquals(0, m.register(RCX));
    assertEquals(CF | ZF | AF | PF, flags(m));
  }

  @Test
  void highByteRegistersArePartOfTheirRegister() {
    CodeMachine m = CodeMachine.in64BitMode("b412 88e0 f4").with(RAX, -1); // mov ah,12h; mov al,ah
    assertEquals(0xffffffffffff1212L, m.untilHalt().register(RAX));
  }

  @Test
  void a32BitResultClearsTheUpperHalf() {
    CodeMachine m = CodeMachine.in64BitMode("48c7c0ffffffff 89c0 f4"); // mov rax,-1; mov eax,eax
    assertEquals(0xffffffffL, m.untilHalt().register(RAX));
  }

  @Test
  void divisionGivesQuotientAndRemainder() {
    CodeMachine m = CodeMachine.in64BitMode("b903000000 31d2 b864000000 f7f1 f4").untilHalt();
    assertEquals(33, m.register(RAX));
    assertEquals(1, m.register(RDX));
  }

  @Test
  void signedDivisionOf128BitsTruncatesTowardZero() {
    CodeMachine m = CodeMachine.in64BitMode("48f7f9 f4").with(RAX, -7).with(RDX, -1).with(RCX, 2);
    m.untilHalt(); // idiv rcx
    assertEquals(-3, m.register(RAX));
    assertEquals(-1, m.register(RDX));
  }

  @Test
  void unsignedProductOf128Bits() {
    CodeMachine m = CodeMachine.in64BitMode("48f7e1 f4").with(RAX, -1).with(RCX, -1).untilHalt();
    assertEquals(1, m.register(RAX)); // (2^64 - 1)^2 = 2^128 - 2^65 + 1
    assertEquals(-2, m.register(RDX));
    assertEquals(CF | OF, flags(m) & (CF | OF));
  }

  @Test
  void signedMultiplicationByAnImmediate() {
    CodeMachine m = CodeMachine.in64BitMode("b801000000 bb02000000 6bc3fd f4").untilHalt();
    assertEquals(0xfffffffaL, m.register(RAX)); // imul eax,ebx,-3
  }

  @Test
  void shiftByZeroChangesNoFlag() {
    CodeMachine m = CodeMachine.in64BitMode("d3e0 f4").with(RAX, 1).with(RCX, 32); // shl eax,cl
    m.state.setRflags(2 | CF | ZF | SF | PF);
    m.untilHalt();
    assertEquals(1, m.register(RAX));
    assertEquals(CF | ZF | SF | PF, flags(m));
  }

  @Test
  void rotateThroughCarryTakesCarryIn() {
    CodeMachine m = CodeMachine.in64BitMode("d1d8 f4").with(RAX, 1); // rcr eax,1
    m.state.setRflags(2 | CF);
    m.untilHalt();
    assertEquals(0x80000000L, m.register(RAX));
    assertEquals(CF | OF, flags(m) & (CF | OF)); // OF: the two top bits differ
  }

  @Test
  void arithmeticShiftOfAWordFillsWithItsSign() {
    CodeMachine m = CodeMachine.in64BitMode("66d3f8 f4").with(RAX, 0x18000).with(RCX, 31);
    assertEquals(0x1ffff, m.untilHalt().register(RAX)); // sar ax,cl
  }

  @Test
  void bitOffsetInARegisterReachesBeyondTheOperand() {
    CodeMachine m = CodeMachine.in64BitMode("480fab0b f4"); // bts [rbx],rcx
    m.with(RBX, CodeMachine.DATA).with(RCX, -1).untilHalt();
    assertEquals(1L << 63, m.memory.read64(CodeMachine.DATA - 8));
    assertEquals(0, flags(m) & CF);
  }

  @Test
  void compareAndExchangeStoresOnlyIfEqual() {
    CodeMachine m = CodeMachine.in64BitMode("f0480fb10b f4"); // lock cmpxchg [rbx],rcx
    m.memory.write64(CodeMachine.DATA, 5);
    m.with(RBX, CodeMachine.DATA).with(RCX, 9).with(RAX, 4).untilHalt();
    assertEquals(5, m.register(RAX));
    assertEquals(5, m.memory.read64(CodeMachine.DATA));
    assertEquals(0, flags(m) & ZF);
    m.state.rip = CodeMachine.CODE;
    m.state.activity = 0;
    m.untilHalt();
    assertEquals(9, m.memory.read64(CodeMachine.DATA));
    assertEquals(ZF, flags(m) & ZF);
  }

  @Test
  void exchangeAndAddLeavesTheOldValue() {
    CodeMachine m = CodeMachine.in64BitMode("8703 0fc10b f4"); // xchg [rbx],eax; xadd [rbx],ecx
    m.memory.write32(CodeMachine.DATA, 5);
    m.with(RBX, CodeMachine.DATA).with(RAX, 7).with(RCX, 3).untilHalt();
    assertEquals(5, m.register(RAX));
    assertEquals(7, m.register(RCX));
    assertEquals(10, m.memory.read32(CodeMachine.DATA));
  }

  @Test
  void decimalAdjustmentOfASum() {
    CodeMachine m = CodeMachine.in32BitMode("b009 0408 27 f4").untilHalt(); // 9 + 8 = 17
    assertEquals(0x17, m.register(RAX));
    assertEquals(AF, flags(m) & (AF | CF));
  }

  @Test
  void salcSetsAlFromCarryOutside64BitMode() {
    assertEquals(
        0xaabbccff, (int) CodeMachine.in32BitMode("b8ddccbbaa f9 d6 f4").untilHalt().register(RAX));
    assertEquals(
        0xaabbcc00, (int) CodeMachine.in32BitMode("b8ddccbbaa f8 d6 f4").untilHalt().register(RAX));
    CodeMachine m = CodeMachine.in64BitMode("d6");
    m.handler(6, "f4");
    m.untilHalt();
  }

  @Test
  void pushAndPopOfAllRegistersIsIdentity() {
    CodeMachine m = CodeMachine.in32BitMode("60 61 f4");
    for (int i = 0; i < 8; i++) {
      if (i != RSP) {
        m.with(i, 0x1010101L * i);
      }
    }
    m.untilHalt();
    for (int i = 0; i < 8; i++) {
      assertEquals(i == RSP ? CodeMachine.STACK : 0x1010101L * i, m.register(i));
    }
  }

  @Test
  void ripRelativeAddressesCountFromTheNextInstruction() {
    CodeMachine m = CodeMachine.in64BitMode("488d0510000000 f4").untilHalt(); // lea rax,[rip+10h]
    assertEquals(CodeMachine.CODE + 7 + 0x10, m.register(RAX));
  }

  @Property
  void comparisonsDecideAsJavaDoes(@ForAll int a, @ForAll int b) {
    // cmp eax,ecx; setl dl; setb dh; cmovg rbx,rsi
    CodeMachine m = CodeMachine.in64BitMode("39c8 0f9cc2 0f92c6 480f4fde f4");
    m.with(RAX, a).with(RCX, b).with(RBX, 0).with(6, 1).untilHalt();
    assertEquals(a < b ? 1 : 0, m.register(RDX) & 0xff);
    assertEquals(Integer.compareUnsigned(a, b) < 0 ? 1 : 0, m.register(RDX) >>> 8);
    assertEquals(a > b ? 1 : 0, m.register(RBX));
  }

  @Property
  void statusFlagsHoldAnyCombination(@ForAll long rflags) {
    StatusFlags status = new StatusFlags();
    status.set(rflags);
    assertEquals(rflags & StatusFlags.MASK, status.bits());
    status.setCf(!status.cf());
    assertEquals((rflags ^ CF) & StatusFlags.MASK, status.bits());
    status.setOf(!status.of());
    assertEquals((rflags ^ CF ^ OF) & StatusFlags.MASK, status.bits());
  }
}
