package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RAX;
import static io.vmxsim.cpu.CpuState.RCX;
import static io.vmxsim.cpu.CpuState.RDI;
import static io.vmxsim.cpu.CpuState.RDX;
import static io.vmxsim.cpu.CpuState.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.execute.Emulator.Outcome;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.vmcs.ExitReason;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Single instructions, carried out on what a VMM hands over. */
class EmulatorTest {
  private static final long CODE = 0x1000;
  private static final long DATA = 0x8000;
  private static final long DEVICE = 0xfee0_0000L;
  private static final long UNMAPPED = 0xdead_0000L;

  /** Memory at its own addresses but for the device, which answers 5 and notes what it is told. */
  private static final class Port implements EmulationPort {
    final PhysicalMemory memory = new PhysicalMemory(36);
    final List<String> log = new ArrayList<>();
    private long linear;
    private int error;

    @Override
    public WalkResult.Status translate(long address, int access) {
      linear = address;
      error = Access.kind(access) == Access.WRITE ? 2 : 0;
      return address == UNMAPPED ? WalkResult.Status.PAGE_FAULT : WalkResult.Status.OK;
    }

    @Override
    public long guestPhysical() {
      return linear;
    }

    @Override
    public int errorCode() {
      return error;
    }

    @Override
    public long read(long address, int size) {
      if (address >= DEVICE) {
        log.add("read %x/%d".formatted(address, size));
        return 5;
      }
      long value = 0;
      for (int i = 0; i < size; i++) {
        value |= (memory.read8(address + i) & 0xffL) << (8 * i);
      }
      return value;
    }

    @Override
    public void write(long address, int size, long value) {
      if (address >= DEVICE) {
        log.add("write %x/%d %x".formatted(address, size, value));
        return;
      }
      for (int i = 0; i < size; i++) {
        memory.write8(address + i, (int) (value >>> (8 * i)));
      }
    }

    @Override
    public int in(int port, int size) {
      log.add("in %x/%d".formatted(port, size));
      return 0x4142;
    }

    @Override
    public void out(int port, int size, int value) {
      log.add("out %x/%d %x".formatted(port, size, value));
    }
  }

  private final Port port = new Port();
  private final Processor processor;
  private final Emulator emulator;

  EmulatorTest() {
    processor = new Processor(CpuProfile.named("max"), port.memory);
    Executor.on(processor);
    emulator = new Emulator(processor, processor.profile(), port);
    emulator.state().startIn64BitMode(0);
  }

  private EmulatorTest code(long at, String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    port.memory.writeBytes(at, bytes, 0, bytes.length);
    emulator.state().rip = at;
    return this;
  }

  private EmulatorTest with(int register, long value) {
    emulator.state().setRegister(register, value);
    return this;
  }

  @Test
  void aReadModifyWriteReachesTheDeviceOnceEachWay() {
    code(CODE, "8307 03").with(RDI, DEVICE); // add dword [rdi],3
    assertEquals(Outcome.DONE, emulator.step());
    assertEquals(List.of("read fee00000/4", "write fee00000/4 8"), port.log);
    assertEquals(CODE + 3, emulator.state().rip);
    assertEquals(0, emulator.state().rflags() & CpuState.ZF);
  }

  @Test
  void generalRegistersAreThoseOfTheProcessor() {
    code(CODE, "8b07").with(RDI, DEVICE); // mov eax,[rdi]
    processor.state().setRegister(RAX, -1);
    emulator.step();
    assertEquals(5, processor.state().register(RAX));
  }

  @Test
  void anInstructionMayLieInTwoPages() {
    code(CODE + 0xffd, "c707 44332211").with(RDI, DATA); // mov dword [rdi],11223344h
    assertEquals(Outcome.DONE, emulator.step());
    assertEquals(0x1122_3344, port.memory.read32(DATA));
    assertEquals(CODE + 0x1003, emulator.state().rip);
  }

  @Test
  void aPageFaultIsReportedAndNotDelivered() {
    code(CODE, "8907").with(RDI, UNMAPPED); // mov [rdi],eax
    assertEquals(Outcome.FAULT, emulator.step());
    assertEquals(14, emulator.vector());
    assertEquals(2, emulator.errorCode());
    assertEquals(UNMAPPED, emulator.state().cr2);
    assertEquals(CODE, emulator.state().rip);
  }

  @Test
  void anInvalidOpcodeIsReported() {
    code(CODE, "0f0b"); // ud2
    assertEquals(Outcome.FAULT, emulator.step());
    assertEquals(6, emulator.vector());
  }

  @Test
  void repeatedStringOutputGoesToThePortUnitByUnit() {
    code(CODE, "f36e").with(RSI, DATA).with(RCX, 3).with(RDX, 0x3f8); // rep outsb
    port.memory.write32(DATA, 0x636261);
    assertEquals(Outcome.DONE, emulator.step());
    assertEquals(List.of("out 3f8/1 61", "out 3f8/1 62", "out 3f8/1 63"), port.log);
    assertEquals(0, processor.state().register(RCX));
    assertEquals(DATA + 3, processor.state().register(RSI));
  }

  @Test
  void stringInputIsStored() {
    code(CODE, "666d").with(RDI, DATA).with(RDX, 0x60); // insw
    assertEquals(Outcome.DONE, emulator.step());
    assertEquals(List.of("in 60/2"), port.log);
    assertEquals(0x4142, port.memory.read16(DATA));
  }

  @Test
  void whatExitsIsLeftToTheVmm() {
    code(CODE, "0fa2"); // cpuid
    assertEquals(Outcome.EXIT, emulator.step());
    assertEquals(ExitReason.CPUID, emulator.exit());
    assertEquals(2, emulator.exitLength());
    assertEquals(CODE, emulator.state().rip);
  }

  @Test
  void realModeDeliversItsInterruptsItself() {
    emulator.init();
    CpuState state = emulator.state();
    state.loadSegment(Segment.CS, 0, 0, 0xffff, Segment.REAL_MODE_CODE);
    state.loadSegment(Segment.SS, 0, 0, 0xffff, 0x93);
    state.idtrBase = 0;
    port.memory.write32(4 * 0x21, 0x0200_0034); // vector 21H: 0200:0034
    code(CODE, "cd21").with(CpuState.RSP, DATA); // int 21h
    assertEquals(Outcome.DONE, emulator.step());
    assertEquals(0x34, state.rip);
    assertEquals(0x2000, state.base(Segment.CS));
    assertEquals((int) CODE + 2, port.memory.read16(DATA - 6));
  }
}
