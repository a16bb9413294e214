package io.vmxsim.validation.host;

import io.vmxsim.cpu.ActivityState;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.PhysicalMemory;
import java.util.Arrays;

/** Runs the same cases on the executor, at CPL 3 in 64-bit mode. */
final class SimulatedProcessor {
  private static final long PML4 = 0x1000;
  private static final long GDT = 0x6000;
  private static final long IDT = 0x7000;
  private static final long TSS = 0x8000;
  private static final long STACK = 0xa000;

  /** Where an error code is pushed. */
  private static final long FRAME = STACK - 48;

  private static final long HANDLERS = 0xb000;
  private static final long CODE = 0x20_0000;
  private static final long DATA_PAGE = 0x60_0000;
  private static final int SLOTS = 1 << 16;

  private final PhysicalMemory memory;
  private final Processor processor;
  private final Executor executor;
  private final CpuState state;
  private int slot;
  private long begun;

  /** Where in the page the window is. */
  private int window;

  SimulatedProcessor() {
    CpuProfile profile = CpuProfile.named("max");
    memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
    processor = new Processor(profile, memory);
    executor = Executor.on(processor);
    state = processor.state();
    state.startIn64BitMode(PML4);
    state.setCr0(state.cr0() | CpuState.CR0_NE | CpuState.CR0_AM);
    state.setCr4(state.cr4() | CpuState.CR4_OSXSAVE);
    state.xcr0 = 7;
    state.gdtrBase = GDT;
    state.gdtrLimit = 0xf;
    state.idtrBase = IDT;
    state.idtrLimit = 0xfff;
    tables();
  }

  /** Code and tables mapped to themselves, one page at {@link OperandPlaces#DATA} and once more. */
  private void tables() {
    memory.write64(PML4, 0x2000 | 7);
    memory.write64(0x2000, 0x3000 | 7);
    memory.write64(0x2008, 0x4000 | 7); // the second gigabyte
    memory.write64(0x3000, 0x87);
    memory.write64(0x3008, 0x20_0000 | 0x87);
    memory.write64(0x4000, 0x5000 | 7);
    memory.write64(0x5000, DATA_PAGE | 7);
    memory.write64(0x4400, 0xc000 | 7); // 256 MBytes on
    memory.write64(0xc000, DATA_PAGE | 5); // not to be written
    memory.write64(GDT + 8, 0x00af9b000000ffffL);
    memory.write64(TSS + 36, STACK);
    for (int vector = 0; vector < 32; vector++) {
      long handler = HANDLERS + 16L * vector;
      memory.write8(handler, 0xf4); // hlt
      memory.write64(IDT + 16L * vector, handler | 8L << 16 | 0x8e01L << 32);
    }
  }

  /** The decoder of this processor. */
  static Decoder decoder() {
    return new Decoder(CpuProfile.named("max").cpuid()::has);
  }

  /** Runs one instruction; answers how it ended. */
  HostFault run(HostCases one, HostState output) {
    int length = one.instruction.length;
    HostState input = one.input;
    window = one.isAtEnd() ? OperandPlaces.PAGE - HostState.WINDOW : 0;
    long rip = CODE + 16L * slot;
    slot = (slot + 1) % SLOTS;
    if (slot == 0) {
      executor.code().writtenAnywhere();
    }
    memory.writeBytes(rip, one.code, 0, length);
    load(input);
    state.rip = rip;
    begun = rip;
    processor.run(1);
    save(output);
    if (state.rip == rip + length) {
      return HostFault.NONE;
    }
    output.registers[CpuState.RSP] = input.registers[CpuState.RSP]; // the handler's
    int vector = (int) (state.rip - HANDLERS) / 16;
    return HostFault.of(vector, pushesErrorCode(vector) ? memory.read64(FRAME) : 0, state.cr2);
  }

  private static boolean pushesErrorCode(int vector) {
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
  }

  private void load(HostState input) {
    state.loadSegment(Segment.CS, 0x2b, 0, -1, Segment.FLAT_CODE | Segment.LONG | 3 << 5);
    state.loadSegment(Segment.SS, 0x23, 0, -1, Segment.FLAT_DATA | 3 << 5);
    state.loadSegment(Segment.TR, 0x30, TSS, 0x67, Segment.BUSY_TSS);
    System.arraycopy(input.registers, 0, state.registers, 0, input.registers.length);
    state.setRflags(input.rflags);
    state.activity = ActivityState.ACTIVE;
    ExtendedState extended = state.extended;
    loadX87(input, extended);
    System.arraycopy(input.vectors, 0, extended.vectors, 0, input.vectors.length);
    extended.mxcsr = (int) input.mxcsr;
    byte[] page = memory.pageForWrite(DATA_PAGE);
    Arrays.fill(page, (byte) 0);
    System.arraycopy(input.data, 0, page, window, HostState.WINDOW);
  }

  private static void loadX87(HostState input, ExtendedState extended) {
    extended.control = input.control();
    extended.status = input.status();
    extended.used = input.used();
    extended.opcode = input.opcode();
    extended.instructionPointer = input.x87Instruction;
    extended.instructionSelector = 0;
    extended.dataPointer = input.x87Data;
    extended.dataSelector = 0;
    for (int i = 0; i < 8; i++) {
      int register = (extended.top() + i) & 7;
      extended.significands[register] = input.stack[2 * i];
      extended.exponents[register] = (int) input.stack[2 * i + 1];
    }
  }

  private void saveX87(HostState output, ExtendedState extended) {
    output.setX87(extended.control, extended.status, extended.used, extended.opcode);
    long pointer = extended.instructionPointer;
    output.x87Instruction = pointer == begun ? HostCases.CODE : pointer;
    output.x87Data = extended.dataPointer;
    for (int i = 0; i < 8; i++) {
      int register = (extended.top() + i) & 7;
      output.stack[2 * i] = extended.significands[register];
      output.stack[2 * i + 1] = extended.exponents[register] & 0xffff;
    }
  }

  private void save(HostState output) {
    System.arraycopy(state.registers, 0, output.registers, 0, output.registers.length);
    output.rflags = state.rflags();
    ExtendedState extended = state.extended;
    saveX87(output, extended);
    System.arraycopy(extended.vectors, 0, output.vectors, 0, output.vectors.length);
    output.mxcsr = extended.mxcsr;
    System.arraycopy(memory.pageForRead(DATA_PAGE), window, output.data, 0, HostState.WINDOW);
  }
}
