package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.ExitReason;

/**
 * A machine whose guest is a piece of 64-bit code: it starts at 1 MByte with the first GByte and
 * the GByte of the devices mapped to themselves, an IDT of gates to itself, and a stack.
 */
final class LiveGuest {
  static final long CODE = 0x10_0000;
  static final long DATA = 0x20_0000;
  static final long IDT = 0x3000;

  private static final long TABLES = 0x8000;
  private static final long GDT = 0x2000;
  private static final long LIMIT = 200_000;

  final StringBuilder said = new StringBuilder();
  final Machine machine;
  MachineEnd end;

  /** Runs assembly code, whose ports are the board's, to the end of its machine. */
  LiveGuest(VmPaging paging, String code) {
    this(paging, code, 1);
  }

  LiveGuest(VmPaging paging, String code, int processors) {
    VmOptions options = VmOptions.of(paging, PageSize.SIZE_4K);
    machine =
        new Machine(
            CpuProfile.named("skylake-sp"),
            16 << 20,
            processors,
            character -> said.append((char) character),
            new Hypervisor(options));
    byte[] bytes = new Assembler(CodeMode.BITS64, CODE).add(code).bytes();
    machine.memory().writeBytes(CODE, bytes, 0, bytes.length);
    writeTables();
    CpuState state = machine.processor(0).state();
    state.startIn64BitMode(TABLES);
    state.setCr4(state.cr4() & ~CpuState.CR4_VMXE);
    state.loadSegment(Segment.TR, 0x18, 0x5000, 0x67, Segment.BUSY_TSS);
    state.gdtrBase = GDT;
    state.gdtrLimit = 0x1f;
    state.idtrBase = IDT;
    state.idtrLimit = 0xfff;
    state.setRegister(CpuState.RSP, DATA);
    state.rip = CODE;
    end = machine.run(LIMIT);
  }

  private void writeTables() {
    machine.memory().write64(TABLES, TABLES + 0x1003);
    machine.memory().write64(TABLES + 0x1000, 0x83); // 1-GByte pages
    machine.memory().write64(TABLES + 0x1000 + 8 * 3, 0xc000_0083L);
    machine.memory().write64(GDT + 8, 0x00af_9b00_0000_ffffL);
    machine.memory().write64(GDT + 16, 0x00cf_9300_0000_ffffL);
    for (int vector = 0; vector < 256; vector++) {
      gate(vector, CODE + 0x800); // where a test's handler is
    }
  }

  private void gate(int vector, long handler) {
    long low = (handler & 0xffff) | 8L << 16 | 0x8e00L << 32 | (handler & 0xffff_0000L) << 32;
    machine.memory().write64(IDT + 16L * vector, low);
    machine.memory().write64(IDT + 16L * vector + 8, handler >>> 32);
  }

  /** VM exits of one reason, by all processors. */
  long exits(ExitReason reason) {
    long sum = 0;
    for (int i = 0; i < machine.processorCount(); i++) {
      sum += machine.processor(i).transitions().exits(reason);
    }
    return sum;
  }

  Processor processor() {
    return machine.processor(0);
  }
}
