package io.vmxsim.validation.host;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * What an instruction starts from or leaves: the records of {@code instruction.c}, but for the
 * instruction's bytes in front and the signal.
 */
final class HostState {
  /** Bytes of memory that a case sees: the beginning or the end of the page. */
  static final int WINDOW = 1024;

  private static final HexFormat HEX = HexFormat.of();
  private static final int LONGS = 16 + 1 + 4 + 16 + 64;
  static final int BYTES = 8 * LONGS + WINDOW;

  final long[] registers = new long[16];
  long rflags;

  /** x87 control word, status word, a bit for each register that is not empty, last opcode. */
  long x87;

  /** Where the last x87 instruction was, and its operand. */
  long x87Instruction;

  long x87Data;

  long mxcsr;

  /** ST(0) to ST(7): significand, then sign and exponent. */
  final long[] stack = new long[16];

  /** Sixteen vector registers of four longs. */
  final long[] vectors = new long[64];

  final byte[] data = new byte[WINDOW];

  int control() {
    return (int) x87 & 0xffff;
  }

  int status() {
    return (int) (x87 >>> 16) & 0xffff;
  }

  int used() {
    return (int) (x87 >>> 32) & 0xff;
  }

  int opcode() {
    return (int) (x87 >>> 48);
  }

  void setX87(int control, int status, int used, int opcode) {
    x87 = control | (long) status << 16 | (long) used << 32 | (long) opcode << 48;
  }

  void write(ByteBuffer into) {
    LongBuffer longs = into.asLongBuffer().put(registers).put(rflags);
    longs.put(x87).put(x87Instruction).put(x87Data).put(mxcsr).put(stack).put(vectors);
    into.position(into.position() + BYTES - WINDOW);
    into.put(data);
  }

  void read(ByteBuffer from) {
    LongBuffer longs = from.asLongBuffer();
    longs.get(registers);
    rflags = longs.get();
    x87 = longs.get();
    x87Instruction = longs.get();
    x87Data = longs.get();
    mxcsr = longs.get() & 0xffffffffL; // behind it the bits that it has
    longs.get(stack).get(vectors);
    for (int i = 1; i < stack.length; i += 2) {
      stack[i] &= 0xffff;
    }
    from.position(from.position() + BYTES - WINDOW);
    from.get(data);
  }

  /** Takes over the registers that XRSTOR loads. */
  void takeRegisters(HostState from) {
    x87 = from.x87;
    x87Instruction = from.x87Instruction;
    x87Data = from.x87Data;
    System.arraycopy(from.stack, 0, stack, 0, stack.length);
    System.arraycopy(from.vectors, 0, vectors, 0, vectors.length);
  }

  /** What differs from {@code expected}, one line each; flags only where {@code flags} has ones. */
  String differences(HostState expected, long flags) {
    StringBuilder text = new StringBuilder();
    compare(text, "r", registers, expected.registers);
    compare(text, "rflags", rflags & flags, expected.rflags & flags);
    compare(text, "x87 opcode, used, status, control", x87, expected.x87);
    compare(text, "x87 instruction pointer", x87Instruction, expected.x87Instruction);
    compare(text, "x87 data pointer", x87Data, expected.x87Data);
    compare(text, "st long ", stack, expected.stack);
    compare(text, "vector long ", vectors, expected.vectors);
    compare(text, "mxcsr", mxcsr, expected.mxcsr);
    int from = Arrays.mismatch(data, expected.data);
    if (from >= 0) {
      int to = Math.min(from + 32, WINDOW);
      String expectation = HEX.formatHex(expected.data, from, to);
      text.append(
          String.format(
              "  data from %x: %s%n  expected %s%n",
              from, HEX.formatHex(data, from, to), expectation));
    }
    return text.toString();
  }

  /** The parts that are hard to see from what they lead to: x87 registers, flags and MXCSR. */
  String describe() {
    StringBuilder text = new StringBuilder(String.format("  from x87 %016x", x87));
    for (int i = 0; i < stack.length; i += 2) {
      text.append(String.format(" %04x:%016x", stack[i + 1], stack[i]));
    }
    return text.append(String.format(" rflags %x mxcsr %x%n", rflags, mxcsr)).toString();
  }

  private static void compare(StringBuilder text, String name, long[] have, long[] expected) {
    for (int i = 0; i < have.length; i++) {
      compare(text, name + i, have[i], expected[i]);
    }
  }

  private static void compare(StringBuilder text, String name, long have, long expected) {
    if (have != expected) {
      text.append(String.format("  %s %x, expected %x%n", name, have, expected));
    }
  }
}
