package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.ept.PhysicalMemory;

/**
 * A processor with code to run. In 64-bit mode the first 8 MBytes are mapped to themselves, with a
 * GDT, a TSS and an interrupt table whose gates lead to {@link #handler}.
 */
final class CodeMachine {
  static final long CODE = 0x10_0000;
  static final long DATA = 0x20_0000;
  static final long STACK = 0x30_0000;
  static final long HANDLERS = 0x40_0000;
  static final long INNER_STACK = 0x50_0000;
  static final long IST1 = 0x51_0000;
  static final long PML4 = 0x1000;
  static final long GDT = 0x5000;
  static final long IDT = 0x6000;
  static final long TSS = 0x7000;

  static final int KERNEL_CODE = 0x08;
  static final int KERNEL_DATA = 0x10;
  static final int KERNEL_CODE32 = 0x18;
  static final int USER_DATA = 0x23;
  static final int USER_CODE = 0x2b;

  final PhysicalMemory memory;
  final Processor processor;
  final CpuState state;
  final Executor executor;

  CodeMachine() {
    this(Bus.none());
  }

  private CodeMachine(Bus bus) {
    CpuProfile profile = CpuProfile.named("max");
    memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
    processor = new Processor(profile, memory, bus);
    state = processor.state();
    executor = Executor.on(processor);
    writeTables();
  }

  /** In 64-bit mode at CPL 0, about to run {@code hex}. */
  static CodeMachine in64BitMode(String hex) {
    return in64BitMode(hex, Bus.none());
  }

  static CodeMachine in64BitMode(String hex, Bus bus) {
    CodeMachine machine = new CodeMachine(bus);
    machine.state.startIn64BitMode(PML4);
    machine.state.gdtrBase = GDT;
    machine.state.gdtrLimit = 0x3f;
    machine.state.idtrBase = IDT;
    machine.state.idtrLimit = 0xfff;
    machine.state.loadSegment(Segment.TR, 0x30, TSS, 0x67, Segment.BUSY_TSS);
    machine.start(hex);
    return machine;
  }

  /** In flat 32-bit protected mode without paging at CPL 0, as a multiboot loader leaves it. */
  static CodeMachine in32BitMode(String hex) {
    CodeMachine machine = new CodeMachine();
    CpuState state = machine.state;
    state.setCr0(CpuState.CR0_PE | CpuState.CR0_ET | CpuState.CR0_NE);
    for (Segment segment : Segment.values()) {
      state.loadSegment(segment, KERNEL_DATA, 0, -1, Segment.FLAT_DATA);
    }
    int code32 = Segment.FLAT_CODE | Segment.DEFAULT_BIG;
    state.loadSegment(Segment.CS, KERNEL_CODE32, 0, -1, code32);
    state.gdtrBase = GDT;
    state.gdtrLimit = 0x3f;
    state.idtrBase = IDT;
    state.idtrLimit = 0x7ff;
    state.loadSegment(Segment.TR, 0x30, TSS, 0x67, Segment.BUSY_TSS);
    machine.start(hex);
    return machine;
  }

  /** As {@link #in64BitMode}, the code as the assembler reads it. */
  static CodeMachine assembled64(String source) {
    CodeMachine machine = in64BitMode("");
    machine.assemble(CodeMode.BITS64, CODE, source);
    return machine;
  }

  /** As {@link #in32BitMode}, the code as the assembler reads it. */
  static CodeMachine assembled32(String source) {
    CodeMachine machine = in32BitMode("");
    machine.assemble(CodeMode.BITS32, CODE, source);
    return machine;
  }

  /** Puts code in memory, statements separated by semicolons. */
  void assemble(CodeMode mode, long address, String source) {
    byte[] code = new Assembler(mode, address).add(source.replace(';', '\n')).bytes();
    memory.writeBytes(address, code, 0, code.length);
  }

  private void start(String hex) {
    load(CODE, hex);
    state.rip = CODE;
    state.setRegister(CpuState.RSP, STACK);
  }

  private void writeTables() {
    memory.write64(PML4, 0x2000 | 7);
    memory.write64(0x2000, 0x3000 | 7);
    for (int i = 0; i < 4; i++) {
      memory.write64(0x3000 + 8L * i, (long) i << 21 | 0x87);
    }
    memory.write64(GDT + 0x08, 0x00af9b000000ffffL);
    memory.write64(GDT + 0x10, 0x00cf93000000ffffL);
    memory.write64(GDT + 0x18, 0x00cf9b000000ffffL);
    memory.write64(GDT + 0x20, 0x00cff3000000ffffL);
    memory.write64(GDT + 0x28, 0x00affb000000ffffL);
    memory.write64(GDT + 0x30, 0x00008b0000000067L | TSS << 16);
    memory.write64(TSS + 4, INNER_STACK);
    memory.write64(TSS + 36, IST1);
  }

  /** Puts code or data in memory. */
  void load(long address, String hex) {
    String digits = hex.replaceAll("\\s", "");
    for (int i = 0; i < digits.length(); i += 2) {
      memory.write8(address + i / 2, Integer.parseInt(digits.substring(i, i + 2), 16));
    }
  }

  /** The handler of {@code vector} in 64-bit mode: {@code hex}, through an interrupt gate. */
  void handler(int vector, String hex) {
    handler(vector, hex, 0, 0);
  }

  void handler(int vector, String hex, int ist, int dpl) {
    long address = HANDLERS + 0x100L * vector;
    load(address, hex);
    long gate = (address & 0xffff) | (long) KERNEL_CODE << 16 | (long) ist << 32;
    gate |= (0x8e00L | (long) dpl << 13) << 32 | (address >>> 16 & 0xffff) << 48;
    memory.write64(IDT + 16L * vector, gate);
    memory.write64(IDT + 16L * vector + 8, address >>> 32);
  }

  /** The handler of {@code vector} in 32-bit protected mode. */
  void handler32(int vector, String hex) {
    long address = HANDLERS + 0x100L * vector;
    load(address, hex);
    long gate = (address & 0xffff) | (long) KERNEL_CODE32 << 16;
    memory.write64(IDT + 8L * vector, gate | 0x8e00L << 32 | (address >>> 16 & 0xffff) << 48);
  }

  /** Runs until HLT, or fails. */
  CodeMachine untilHalt() {
    RunOutcome outcome = processor.run(100_000);
    if (outcome != RunOutcome.HALTED) {
      throw new AssertionError(outcome + " at " + processor);
    }
    return this;
  }

  CodeMachine with(int register, long value) {
    state.setRegister(register, value);
    return this;
  }

  long register(int number) {
    return state.register(number);
  }
}
