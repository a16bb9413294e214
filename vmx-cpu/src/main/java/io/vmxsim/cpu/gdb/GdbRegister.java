package io.vmxsim.cpu.gdb;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.ExtendedState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A register as a debugger knows it: {@code i386:x86-64} with system registers under the names that
 * QEMU gives them ("i386 Features" in GDB's manual).
 *
 * @param feature the part of the description it belongs to
 * @param bits its width, at most 128
 * @param type how the debugger shows it
 * @param from its value
 * @param to sets it; null if a debugger cannot
 */
record GdbRegister(
    String feature, String name, int bits, String type, Source from, @Nullable Target to) {
  private static final String CORE = "org.gnu.gdb.i386.core";
  private static final String SSE = "org.gnu.gdb.i386.sse";
  private static final String SEGMENTS = "org.gnu.gdb.i386.segments";
  private static final String SYSTEM = "org.qemu.gdb.i386.system";

  private static final List<String> GENERAL =
      List.of("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp");
  private static final int[] NUMBERS = {
    CpuState.RAX, CpuState.RBX, CpuState.RCX, CpuState.RDX,
    CpuState.RSI, CpuState.RDI, CpuState.RBP, CpuState.RSP
  };

  /** Where the value of a register comes from. */
  interface Source {
    /** Writes the value to {@code into}, its lowest eight bytes first. */
    void read(Processor processor, long[] into);
  }

  /** Where the value of a register goes to. */
  interface Target {
    void write(Processor processor, long[] value);
  }

  private interface Getter {
    long of(CpuState state);
  }

  private interface Setter {
    void set(CpuState state, long value);
  }

  /** All, in the order of their numbers. */
  static final List<GdbRegister> ALL = all();

  /** Bytes of its value. */
  int bytes() {
    return bits / Byte.SIZE;
  }

  private static List<GdbRegister> all() {
    List<GdbRegister> list = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      int number = i < 8 ? NUMBERS[i] : i;
      String type = i == 6 || i == 7 ? "data_ptr" : "int64";
      list.add(
          state(
              CORE,
              i < 8 ? GENERAL.get(i) : "r" + i,
              64,
              type,
              s -> s.register(number),
              (s, value) -> s.setRegister(number, value)));
    }
    list.add(state(CORE, "rip", 64, "code_ptr", s -> s.rip, (s, value) -> s.rip = value));
    list.add(state(CORE, "eflags", 32, "int32", CpuState::rflags, CpuState::setRflags));
    for (Segment segment :
        List.of(Segment.CS, Segment.SS, Segment.DS, Segment.ES, Segment.FS, Segment.GS)) {
      String name = segment.name().toLowerCase(Locale.ROOT);
      list.add(state(CORE, name, 32, "int32", s -> s.selector(segment), null));
    }
    x87(list);
    sse(list);
    system(list);
    return List.copyOf(list);
  }

  private static void x87(List<GdbRegister> list) {
    for (int i = 0; i < 8; i++) {
      int number = i;
      list.add(
          new GdbRegister(
              CORE, "st" + i, 80, "i387_ext", (p, into) -> stack(p, number, into), null));
    }
    list.add(state(CORE, "fctrl", 32, "int", s -> s.extended.control, null));
    list.add(state(CORE, "fstat", 32, "int", s -> s.extended.status, null));
    list.add(state(CORE, "ftag", 32, "int", s -> s.extended.used, null));
    list.add(state(CORE, "fiseg", 32, "int", s -> s.extended.instructionSelector, null));
    list.add(state(CORE, "fioff", 32, "int", s -> s.extended.instructionPointer, null));
    list.add(state(CORE, "foseg", 32, "int", s -> s.extended.dataSelector, null));
    list.add(state(CORE, "fooff", 32, "int", s -> s.extended.dataPointer, null));
    list.add(state(CORE, "fop", 32, "int", s -> s.extended.opcode, null));
  }

  private static void stack(Processor processor, int number, long[] into) {
    ExtendedState extended = processor.state().extended;
    int register = (extended.top() + number) & 7;
    into[0] = extended.significands[register];
    into[1] = extended.exponents[register];
  }

  private static void sse(List<GdbRegister> list) {
    for (int i = 0; i < 16; i++) {
      int at = i * ExtendedState.VECTOR;
      list.add(
          new GdbRegister(
              SSE,
              "xmm" + i,
              128,
              "uint128",
              (p, into) -> System.arraycopy(p.state().extended.vectors, at, into, 0, 2),
              (p, value) -> System.arraycopy(value, 0, p.state().extended.vectors, at, 2)));
    }
    list.add(state(SSE, "mxcsr", 32, "int", s -> s.extended.mxcsr, null));
  }

  private static void system(List<GdbRegister> list) {
    list.add(base("fs_base", Segment.FS));
    list.add(base("gs_base", Segment.GS));
    list.add(
        new GdbRegister(
            SYSTEM,
            "k_gs_base",
            64,
            "int",
            (p, into) -> into[0] = p.msrs().get(Msr.IA32_KERNEL_GS_BASE),
            (p, value) -> p.msrs().set(Msr.IA32_KERNEL_GS_BASE, value[0])));
    list.add(state(SYSTEM, "cr0", 64, "int", CpuState::cr0, CpuState::setCr0));
    list.add(state(SYSTEM, "cr2", 64, "int", s -> s.cr2, (s, value) -> s.cr2 = value));
    list.add(state(SYSTEM, "cr3", 64, "int", CpuState::cr3, CpuState::setCr3));
    list.add(state(SYSTEM, "cr4", 64, "int", CpuState::cr4, CpuState::setCr4));
    list.add(state(SYSTEM, "cr8", 64, "int", s -> s.cr8, null));
    list.add(state(SYSTEM, "efer", 64, "int", CpuState::efer, CpuState::setEfer));
  }

  private static GdbRegister base(String name, Segment segment) {
    return state(
        SEGMENTS, name, 64, "int", s -> s.base(segment), (s, value) -> s.setBase(segment, value));
  }

  private static GdbRegister state(
      String feature, String name, int bits, String type, Getter get, @Nullable Setter set) {
    return new GdbRegister(
        feature,
        name,
        bits,
        type,
        (p, into) -> into[0] = get.of(p.state()),
        set == null ? null : (p, value) -> set.set(p.state(), value[0]));
  }

  /** The description that a debugger reads: "Target Description Format". */
  static String description() {
    StringBuilder text =
        new StringBuilder("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");
    text.append("<target version=\"1.0\"><architecture>i386:x86-64</architecture>\n");
    String open = "";
    for (GdbRegister register : ALL) {
      if (!register.feature.equals(open)) {
        text.append(open.isEmpty() ? "" : "</feature>\n");
        open = register.feature;
        text.append("<feature name=\"").append(open).append("\">\n");
      }
      text.append(
          "<reg name=\"%s\" bitsize=\"%d\" type=\"%s\"/>\n"
              .formatted(register.name, register.bits, register.type));
    }
    return text.append("</feature>\n</target>\n").toString();
  }
}
