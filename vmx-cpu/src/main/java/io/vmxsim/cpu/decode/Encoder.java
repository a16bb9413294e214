package io.vmxsim.cpu.decode;

import io.vmxsim.cpu.decode.Argument.Address;
import io.vmxsim.cpu.decode.Argument.Kind;
import io.vmxsim.cpu.decode.Operand.Width;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts arguments into one {@link Encoding}, or finds that they do not fit. */
final class Encoder {
  private static final int NONE = -1;

  private final Encoding encoding;
  private final List<Argument> arguments;
  private final long origin;

  private int reg;
  private int rm = NONE;
  private int vvvv;
  private @Nullable Argument memory;
  private boolean needsRex;
  private boolean forbidsRex;

  private Encoder(Encoding encoding, List<Argument> arguments, long origin) {
    this.encoding = encoding;
    this.arguments = arguments;
    this.origin = origin;
  }

  /**
   * The bytes of an instruction.
   *
   * @param prefix LOCK or a repeat prefix; 0 for none
   * @param origin the address of its first byte
   * @return null if the arguments are not of this encoding
   */
  static byte @Nullable [] encode(
      Encoding encoding, List<Argument> arguments, int prefix, long origin) {
    return new Encoder(encoding, arguments, origin).encode(prefix);
  }

  private byte @Nullable [] encode(int prefix) {
    int next = 0;
    for (Operand operand : encoding.row().operands) {
      if (encoding.shows(operand)) {
        if (next == arguments.size() || !takes(operand, arguments.get(next++))) {
          return null;
        }
      }
    }
    if (next < arguments.size() || (needsRex && (forbidsRex || !is64()))) {
      return null;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    prefixes(out, prefix);
    if (encoding.l() >= 0) {
      vex(out);
    } else {
      legacy(out);
    }
    if (encoding.row().hasModRm) {
      modRm(out);
    }
    return constants(out) ? out.toByteArray() : null;
  }

  private boolean is64() {
    return encoding.mode() == CodeMode.BITS64;
  }

  /** Whether the argument is of the operand's kind; remembers where it goes. */
  private boolean takes(Operand operand, Argument argument) {
    int bytes = encoding.bytes(operand);
    Kind kind = argument.kind();
    boolean general = kind == Kind.GENERAL && argument.bytes() == bytes;
    boolean vector = kind == Kind.VECTOR && argument.bytes() == Math.max(16, bytes == 32 ? 32 : 16);
    return switch (operand.source()) {
      case GENERAL -> general && setReg(argument);
      case GENERAL_RM, OPCODE_REGISTER -> general && setRm(argument);
      case GENERAL_OR_MEMORY -> general ? setRm(argument) : setMemory(argument, bytes, true);
      case VVVV_GENERAL -> general && setVvvv(argument);
      case CONTROL -> kind == Kind.CONTROL && setReg(argument);
      case DEBUG -> kind == Kind.DEBUG && setReg(argument);
      case SEGMENT -> kind == Kind.SEGMENT && setReg(argument);
      case MMX -> kind == Kind.MMX && setReg(argument);
      case MMX_RM -> kind == Kind.MMX && setRm(argument);
      case MMX_OR_MEMORY -> kind == Kind.MMX ? setRm(argument) : setMemory(argument, bytes, false);
      case VECTOR -> vector && setReg(argument);
      case VECTOR_RM -> vector && setRm(argument);
      case VECTOR_OR_MEMORY -> vector ? setRm(argument) : setMemory(argument, bytes, false);
      case VVVV_VECTOR -> vector && setVvvv(argument);
      case IMMEDIATE_REGISTER -> vector;
      case STACK_REGISTER -> kind == Kind.STACK && setRm(argument);
      case MEMORY -> setMemory(argument, bytes, false);
      case OFFSET ->
          argument.address() != null
              && isBare(argument.address())
              && setMemory(argument, bytes, false);
      case FAR_POINTER ->
          kind == Kind.FAR && isSigned(argument.value(), encoding.sizes().v, encoding.sizes().v);
      // A branch of 16 bits in other code would truncate RIP.
      case RELATIVE ->
          kind == Kind.IMMEDIATE && (encoding.mode() == CodeMode.BITS16 || encoding.sizes().v != 2);
      case IMMEDIATE -> kind == Kind.IMMEDIATE && fits(operand, argument);
      case ONE -> kind == Kind.IMMEDIATE && argument.value() == 1 && !argument.symbolic();
      case FIXED -> isFixed(operand, argument, bytes);
      case FLAGS, SOURCE_STRING, DESTINATION_STRING -> false;
    };
  }

  private static boolean isBare(Address address) {
    return address.base() == Instruction.NO_REGISTER
        && address.index() == Instruction.NO_REGISTER
        && !address.relative();
  }

  private static boolean isFixed(Operand operand, Argument argument, int bytes) {
    if (operand.number() != argument.number()) {
      return false;
    }
    return switch (operand.name()) {
      case "cl" -> argument.kind() == Kind.GENERAL && argument.bytes() == 1;
      case "dx" -> argument.kind() == Kind.GENERAL && argument.bytes() == 2;
      case "st" -> argument.kind() == Kind.STACK;
      case "xmm0" -> argument.kind() == Kind.VECTOR && argument.bytes() == 16;
      default ->
          operand.width() == Width.NONE
              ? argument.kind() == Kind.SEGMENT
              : argument.kind() == Kind.GENERAL && argument.bytes() == bytes;
    };
  }

  private boolean setReg(Argument argument) {
    reg = number(argument);
    return true;
  }

  private boolean setRm(Argument argument) {
    rm = number(argument);
    return true;
  }

  private boolean setVvvv(Argument argument) {
    vvvv = argument.number();
    return true;
  }

  private int number(Argument argument) {
    boolean byteRegister = argument.kind() == Kind.GENERAL && argument.bytes() == 1;
    int number = argument.number();
    forbidsRex |= byteRegister && number >= Instruction.HIGH_BYTE;
    needsRex |= byteRegister && number >= 4 && number < 8;
    needsRex |= number >= 8 && number < Instruction.HIGH_BYTE;
    return number & 15;
  }

  /** A memory operand must say its size, unless it has one only or a register says it. */
  private boolean setMemory(Argument argument, int bytes, boolean ambiguous) {
    if (argument.kind() != Kind.MEMORY
        || (argument.bytes() != 0 && argument.bytes() != bytes)
        || !isReachable(argument)) {
      return false;
    }
    if (ambiguous && argument.bytes() == 0) {
      boolean said = false;
      for (Argument other : arguments) {
        said |= other.kind() == Kind.GENERAL && other.bytes() == bytes;
      }
      if (!said) {
        return false;
      }
    }
    memory = argument;
    return true;
  }

  /** Whether ModRM's displacement can hold the address: four bytes, sign-extended. */
  private boolean isReachable(Argument argument) {
    boolean offset = encoding.row().constants.length > 0 && !encoding.row().hasModRm;
    Address address = argument.address();
    return offset
        || address == null
        || address.relative()
        || addressSize(address) < 8
        || argument.value() == (int) argument.value();
  }

  private boolean fits(Operand operand, Argument argument) {
    int size = encoding.sizes().v;
    long value = argument.value();
    return switch (operand.width()) {
      case B -> value >= (encoding.sizes().operandSize == 1 ? -128 : 0) && value <= 255;
      case BS -> !argument.symbolic() && isSigned(value, size, 1);
      case W -> value >= 0 && value <= 0xFFFF;
      case V -> isSigned(value, size, size);
      default -> isSigned(value, size, Math.min(size, 4));
    };
  }

  /** Whether {@code value}, signed or unsigned in {@code size} bytes, is {@code bytes} extended. */
  private static boolean isSigned(long value, int size, int bytes) {
    if (size == 8) {
      return value == signExtended(value, bytes);
    }
    long limit = 1L << (size * 8);
    if (value >= limit || value < -limit / 2) {
      return false;
    }
    long extended = signExtended(value, size);
    return extended == signExtended(extended, bytes);
  }

  private static long signExtended(long value, int bytes) {
    int unused = 64 - bytes * 8;
    return value << unused >> unused;
  }

  private void prefixes(ByteArrayOutputStream out, int prefix) {
    if (prefix != 0) {
      out.write(prefix);
    }
    Address address = memory == null ? null : memory.address();
    if (address != null && address.segment() >= 0) {
      int segment = address.segment();
      out.write(segment < Instruction.FS ? 0x26 | segment << 3 : 0x60 | segment);
    }
    if (encoding.addressSizePrefix()
        || (address != null && addressSize(address) != encoding.mode().addressSize())) {
      out.write(0x67);
    }
    if (encoding.operandSizePrefix() && encoding.l() < 0) {
      out.write(0x66);
    }
  }

  private int addressSize(Address address) {
    return address.size() == 0 ? encoding.mode().addressSize() : address.size();
  }

  /** REX.R, X and B. */
  private int extension() {
    Address address = memory == null ? null : memory.address();
    int base = address == null ? Math.max(rm, 0) : address.base() & 15;
    int index = address == null ? 0 : address.index() & 15;
    return (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;
  }

  private void legacy(ByteArrayOutputStream out) {
    OpcodeRow row = encoding.row();
    int repeat = Math.max(row.prefix, 0);
    if (repeat > 1) {
      out.write(repeat == 2 ? 0xF3 : 0xF2);
    }
    int rex = (encoding.w() ? 8 : 0) | extension();
    if (rex != 0 || needsRex) {
      out.write(0x40 | rex);
    }
    if (row.map > 0) {
      out.write(0x0F);
    }
    if (row.map > 1) {
      out.write(row.map == 2 ? 0x38 : 0x3A);
    }
    out.write(encoding.opcode() | (row.opcodeRegister == null ? 0 : rm & 7));
  }

  private void vex(ByteArrayOutputStream out) {
    OpcodeRow row = encoding.row();
    int extension = extension();
    int last = (vvvv ^ 15) << 3 | encoding.l() << 2 | row.prefix;
    if ((extension & 3) == 0 && row.map == 1 && !encoding.w()) {
      out.write(0xC5);
      out.write((extension < 4 ? 0x80 : 0) | last);
    } else {
      out.write(0xC4);
      out.write((extension ^ 7) << 5 | row.map);
      out.write((encoding.w() ? 0x80 : 0) | last);
    }
    out.write(encoding.opcode());
  }

  private void modRm(ByteArrayOutputStream out) {
    int extension = encoding.row().extension;
    if (extension >= 0xC0) {
      out.write(extension);
      return;
    }
    int middle = (extension >= 0 ? extension : reg & 7) << 3;
    if (memory == null || memory.address() == null) {
      out.write(0xC0 | middle | (Math.max(rm, 0) & 7));
    } else {
      new AddressEncoder(memory, memory.address(), addressSize(memory.address()), is64())
          .write(out, middle, end(out));
    }
  }

  /**
   * The address behind the instruction, for RIP-relative addressing: after disp32 and constants.
   */
  private long end(ByteArrayOutputStream out) {
    int constants = 0;
    for (Operand operand : encoding.row().constants) {
      constants += encoding.bytes(operand);
    }
    return origin + out.size() + 1 + 4 + constants;
  }

  private boolean constants(ByteArrayOutputStream out) {
    int next = 0;
    for (Operand operand : encoding.row().operands) {
      if (!encoding.shows(operand)) {
        continue;
      }
      Argument argument = arguments.get(next++);
      int bytes = encoding.bytes(operand);
      switch (operand.source()) {
        case IMMEDIATE -> write(out, argument.value(), bytes);
        case IMMEDIATE_REGISTER -> out.write(argument.number() << 4);
        case OFFSET -> write(out, argument.value(), encoding.mode().addressSize());
        case FAR_POINTER -> {
          write(out, argument.value(), encoding.sizes().v);
          write(out, argument.number(), 2);
        }
        case RELATIVE -> {
          long distance = argument.value() - (origin + out.size() + bytes);
          long wrapped = encoding.sizes().v == 2 ? (short) distance : distance;
          if (bytes == 1 && wrapped != (byte) wrapped) {
            return false;
          }
          write(out, wrapped, bytes);
        }
        default -> {}
      }
    }
    return true;
  }

  static void write(ByteArrayOutputStream out, long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >> (i * 8)));
    }
  }
}
