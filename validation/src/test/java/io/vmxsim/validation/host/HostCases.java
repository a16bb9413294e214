package io.vmxsim.validation.host;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Random unprivileged instructions of 64-bit mode with what they start from: equal seeds give equal
 * cases. Memory operands are where {@link OperandPlaces} says.
 */
final class HostCases {
  /** The operation of all cases, if not any. */
  static final String ONLY = System.getProperty("vmxsim.host.only", "");

  /** Where the host has the instruction. */
  static final long CODE = 0x6000_1000L;

  /** Bytes at either end of the window that are not just random. */
  private static final int TELLING = 192;

  private static final long DF = 1 << 10;
  private static final long IF = 1 << 9;
  private static final long AC = 1 << 18;
  private static final int[] PREFIXES = {0x66, 0xF2, 0xF3};
  private static final long[] CORNERS = {
    0,
    1,
    -1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    0xffffffffL,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private static final double[] SPECIAL = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    2.5,
    3.0,
    1e10,
    -1e10,
    1e300,
    1e-300,
    Double.MAX_VALUE,
    Double.MIN_VALUE,
    Double.MIN_NORMAL,
    Float.MAX_VALUE,
    Float.MIN_VALUE,
    Float.MIN_NORMAL,
    2147483647.5,
    -2147483648.5,
    9.3e18,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN
  };

  private final SplittableRandom random;
  private final Decoder decoder;

  final byte[] code = new byte[Decoder.LONGEST];
  final Instruction instruction = new Instruction();
  final HostState input = new HostState();
  private final OperandPlaces places;

  HostCases(long seed, Decoder decoder) {
    random = new SplittableRandom(seed);
    this.decoder = decoder;
    places = new OperandPlaces(random);
  }

  /** Whether the window is the end of the page and not its beginning. */
  boolean isAtEnd() {
    return places.isAtEnd();
  }

  /** Makes the next case. */
  void next() {
    do {
      encode();
      decoder.decode(code, 0, code.length, CodeMode.BITS64, instruction);
    } while (!isWanted(instruction));
    fill();
  }

  /** The operations of {@code count} random encodings that are wanted. */
  Set<Op> reached(int count) {
    Set<Op> ops = EnumSet.noneOf(Op.class);
    for (int i = 0; i < count; i++) {
      encode();
      decoder.decode(code, 0, code.length, CodeMode.BITS64, instruction);
      if (isWanted(instruction)) {
        ops.add(instruction.op);
      }
    }
    return ops;
  }

  // ---- Encodings -----------------------------------------------------------------------------

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  private void encode() {
    random.nextBytes(code);
    if (oneIn(5)) {
      encodeX87();
      return;
    }
    int at = 0;
    boolean vex = oneIn(4);
    if (!vex) {
      if (oneIn(24)) {
        code[at++] = (byte) 0xF0;
      }
      if (oneIn(2)) {
        code[at++] = (byte) PREFIXES[random.nextInt(PREFIXES.length)];
      }
      if (!oneIn(3)) {
        code[at++] = (byte) (0x40 | random.nextInt(16));
      }
      at = escape(at, random.nextInt(4));
    } else {
      code[at++] = (byte) 0xC4;
      code[at++] = (byte) (random.nextInt(8) << 5 | 1 + random.nextInt(3));
      code[at++] = (byte) random.nextInt(256);
    }
    code[at++] = (byte) random.nextInt(256);
    modRm(at);
  }

  private void encodeX87() {
    int at = 0;
    if (oneIn(16)) {
      code[at++] = 0x66;
    }
    code[at++] = (byte) (0x48 | random.nextInt(16)); // REX, which most ignore
    code[at++] = (byte) (0xD8 | random.nextInt(8));
    modRm(at);
  }

  private int escape(int from, int map) {
    int at = from;
    if (map > 0) {
      code[at++] = 0x0F;
    }
    if (map > 1) {
      code[at++] = (byte) (map == 2 ? 0x38 : 0x3A);
    }
    return at;
  }

  /** A register, or memory with a base, perhaps an index, and a byte of displacement. */
  private void modRm(int at) {
    int reg = random.nextInt(8) << 3;
    if (oneIn(2)) {
      code[at] = (byte) (0xC0 | reg | random.nextInt(8));
      return;
    }
    int rm = isGather(at) ? 4 : random.nextInt(8);
    code[at] = (byte) (0x40 | reg | rm);
    int displacement = oneIn(2) ? 0 : random.nextInt(16);
    code[rm == 4 ? at + 2 : at + 1] = (byte) displacement;
  }

  /** Whether the opcode before ModRM is one that takes a vector of indices. */
  private boolean isGather(int at) {
    return at == 4 && code[0] == (byte) 0xC4 && (code[3] & 0xFC) == 0x90;
  }

  private static boolean isWanted(Instruction in) {
    if (!ONLY.isEmpty() && !ONLY.equals(in.op.name())) {
      return false;
    }
    if (in.segment >= Instruction.FS || (in.isMemory && !hasPlainAddress(in))) {
      return false;
    }
    boolean asksByAddress = OperandPlaces.isArea(in) && in.base == CpuState.RAX; // what to save
    return !LeftOut.contains(in.op) && !asksByAddress;
  }

  private static boolean hasPlainAddress(Instruction in) {
    return in.addressSize == 8
        && in.base < Instruction.NO_REGISTER
        && (in.base != in.index || hasVectorIndex(in))
        && in.displacement >= 0
        && in.displacement < 16;
  }

  private static boolean hasVectorIndex(Instruction in) {
    return in.row != null && in.row.hasVectorIndex();
  }

  // ---- Starting states -----------------------------------------------------------------------

  private long value() {
    return switch (random.nextInt(4)) {
      case 0 -> CORNERS[random.nextInt(CORNERS.length)];
      case 1 -> random.nextInt(64);
      default -> random.nextLong();
    };
  }

  private void fill() {
    for (int i = 0; i < input.registers.length; i++) {
      input.registers[i] = value();
    }
    long flags = random.nextLong() & StatusFlags.MASK;
    input.rflags = flags | CpuState.FIXED_1 | IF | (oneIn(8) ? DF : 0) | (oneIn(8) ? AC : 0);
    x87();
    for (int i = 0; i < input.vectors.length; i++) {
      input.vectors[i] = vector();
    }
    // Exceptions masked mostly; any rounding, at times DAZ and FTZ.
    int masks = oneIn(8) ? random.nextInt(64) << 7 : 0x1f80;
    input.mxcsr = masks | random.nextInt(4) << 13 | (oneIn(4) ? 0x40 : 0) | (oneIn(4) ? 0x8000 : 0);
    data();
    places.choose(instruction, input);
  }

  /** Eight bytes, each a random or a telling one, or all random. */
  private long vector() {
    switch (random.nextInt(4)) {
      case 0 -> {
        return value();
      }
      case 1 -> {
        return (random.nextInt() & 0xffffffffL) | ((long) single() << 32);
      }
      case 2 -> {
        return oneIn(2) ? number() : (single() & 0xffffffffL) | ((long) single() << 32);
      }
      default -> {}
    }
    long bytes = random.nextLong();
    long mask = random.nextLong();
    return (bytes & mask) | (0x80ff7f0100807fffL & ~mask);
  }

  /** Random bytes, vectors, or a number of the 80-bit format where operands begin. */
  private void data() {
    random.nextBytes(input.data);
    if (oneIn(2)) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(input.data).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < TELLING; i += Long.BYTES) {
      bytes.putLong(i, vector());
    }
    if (oneIn(2)) {
      for (int i = 16; i <= 32; i += 16) {
        bytes.putLong(i, significand()).putShort(i + Long.BYTES, (short) signAndExponent());
      }
    }
    System.arraycopy(input.data, 0, input.data, HostState.WINDOW - TELLING, TELLING);
  }

  /** Exceptions are masked mostly, and ES says whether any is pending that is not. */
  private void x87() {
    int masks = oneIn(8) ? random.nextInt(64) : 0x3f;
    int precision = oneIn(4) ? random.nextInt(4) : 3;
    int control = 0x40 | masks | precision << 8 | random.nextInt(4) << 10;
    int status = random.nextInt(1 << 15) & (oneIn(4) ? 0x7f7f : 0x7f00);
    status |= (status & ~control & 0x3f) != 0 ? 0x8080 : 0;
    int used = oneIn(4) ? random.nextInt(256) : oneIn(2) ? 0xff : 0xff & ~(1 << random.nextInt(8));
    input.setX87(control, status, used, random.nextInt(1 << 11));
    input.x87Instruction = random.nextLong(1L << 47);
    input.x87Data = random.nextLong(1L << 47);
    for (int i = 0; i < input.stack.length; i += 2) {
      input.stack[i] = significand();
      input.stack[i + 1] = signAndExponent();
    }
  }

  private long significand() {
    return switch (random.nextInt(8)) {
      case 0 -> value();
      case 1 -> Long.MIN_VALUE;
      case 2 -> 0;
      case 3 -> value() | Long.MIN_VALUE;
      case 4 -> (random.nextLong() | Long.MIN_VALUE) & -1L << random.nextInt(64);
      default -> random.nextLong() | Long.MIN_VALUE;
    };
  }

  private int signAndExponent() {
    int sign = random.nextInt(2) << 15;
    return sign
        | switch (random.nextInt(12)) {
          case 0 -> 0;
          case 1 -> 0x7fff;
          case 2 -> 1 + random.nextInt(70);
          case 3 -> 0x7ffe - random.nextInt(70);
          case 4 -> random.nextInt(0x8000);
          case 5 -> 0x3fff + 60 + random.nextInt(10);
          case 6 -> 0x3fff - 1100 + random.nextInt(140);
          case 7 -> 0x3fff + 900 + random.nextInt(140);
          default -> 0x3fff - 10 + random.nextInt(24);
        };
  }

  /** A double near others in size, or a special one. */
  private long number() {
    long bits = random.nextLong();
    long near = (bits & 0x800fffffffffffffL) | ((1018L + random.nextInt(12)) << 52);
    return switch (random.nextInt(4)) {
      case 0 -> Double.doubleToRawLongBits(SPECIAL[random.nextInt(SPECIAL.length)]);
      case 1 -> bits & 0x801fffffffffffffL;
      default -> near;
    };
  }

  private int single() {
    int bits = random.nextInt();
    int near = (bits & 0x807fffff) | ((122 + random.nextInt(12)) << 23);
    return switch (random.nextInt(4)) {
      case 0 -> Float.floatToRawIntBits((float) SPECIAL[random.nextInt(SPECIAL.length)]);
      case 1 -> bits & 0x80ffffff;
      default -> near;
    };
  }
}
