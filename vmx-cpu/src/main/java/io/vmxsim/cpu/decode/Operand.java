package io.vmxsim.cpu.decode;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One operand as the opcode maps write it: {@code Eb}, {@code Gv}, {@code rAX} (SDM volume 2,
 * “Codes for Addressing Method”, “Codes for Operand Type”, “Register Codes”).
 *
 * @param source where it comes from
 * @param width its size
 * @param number the register of {@link Source#FIXED}, else 0
 * @param name what it is called in the map and by an assembler, for {@link Source#FIXED}
 */
record Operand(Source source, Width width, int number, String name) {

  /**
   * Addressing methods, with the SDM's letter. Three are not the SDM's: {@code Z} is the register
   * in the low three bits of the opcode, which the maps write as a list of names, {@code K} the x87
   * stack register that ModRM.rm selects, FIXED a register that the map names, and ONE the
   * constant.
   */
  enum Source {
    FAR_POINTER('A'),
    VVVV_GENERAL('B'),
    CONTROL('C'),
    DEBUG('D'),
    GENERAL_OR_MEMORY('E'),
    FLAGS('F'),
    GENERAL('G'),
    VVVV_VECTOR('H'),
    IMMEDIATE('I'),
    RELATIVE('J'),
    STACK_REGISTER('K'),
    IMMEDIATE_REGISTER('L'),
    MEMORY('M'),
    MMX_RM('N'),
    OFFSET('O'),
    MMX('P'),
    MMX_OR_MEMORY('Q'),
    GENERAL_RM('R'),
    SEGMENT('S'),
    VECTOR_RM('U'),
    VECTOR('V'),
    VECTOR_OR_MEMORY('W'),
    SOURCE_STRING('X'),
    DESTINATION_STRING('Y'),
    OPCODE_REGISTER('Z'),
    FIXED('='),
    ONE('1');

    private final char letter;

    Source(char letter) {
      this.letter = letter;
    }

    /** In ModRM.reg. */
    boolean isReg() {
      return switch (this) {
        case CONTROL, DEBUG, GENERAL, MMX, SEGMENT, VECTOR -> true;
        default -> false;
      };
    }

    /** In ModRM.rm, as a register where mod is 3. */
    boolean isRm() {
      return switch (this) {
        case GENERAL_OR_MEMORY, MMX_OR_MEMORY, VECTOR_OR_MEMORY -> true;
        default -> isRegisterOnly() || this == MEMORY;
      };
    }

    /** In ModRM.rm, and there is no form in memory. */
    boolean isRegisterOnly() {
      return switch (this) {
        case GENERAL_RM, MMX_RM, VECTOR_RM, STACK_REGISTER -> true;
        default -> false;
      };
    }

    boolean isVvvv() {
      return this == VVVV_GENERAL || this == VVVV_VECTOR;
    }

    /** A register whose number REX.B or VEX.B extends. */
    boolean isExtendedByRex() {
      return switch (this) {
        case MMX_RM, MMX_OR_MEMORY, STACK_REGISTER -> false;
        default -> true;
      };
    }

    /** Encoded behind ModRM and displacement, or by the opcode alone. */
    boolean isConstant() {
      return switch (this) {
        case IMMEDIATE, RELATIVE, IMMEDIATE_REGISTER, OFFSET, FAR_POINTER, ONE -> true;
        default -> false;
      };
    }

    boolean isGeneral() {
      return switch (this) {
        case GENERAL, GENERAL_RM, GENERAL_OR_MEMORY, OPCODE_REGISTER -> true;
        default -> false;
      };
    }
  }

  /** Operand types, as the SDM abbreviates them in lower case. */
  enum Width {
    NONE(0),
    /** A byte. */
    B(1),
    /** A byte, sign-extended to the operand size. */
    BS(1),
    W(2),
    D(4),
    Q(8),
    /** 80 bits of floating point or decimal. */
    T(10),
    DQ(16),
    QQ(32),
    /** A scalar in a vector register. */
    SS(4),
    SD(8),
    /** 16 or 32 bytes as VEX.L says. */
    X(0),
    /** A half, a fourth, an eighth of that. */
    H(0),
    F(0),
    E(0),
    /** The operand size: 2, 4 or 8 bytes. */
    V(0),
    /** The operand size, at most 4 bytes. */
    Z(0),
    /** 8 bytes with REX.W in 64-bit mode, else 4. */
    Y(0),
    /** A far pointer, whose offset has the operand size. */
    P(0),
    /** A descriptor-table register. */
    S(0),
    /** Two operands in memory, for BOUND. */
    A(0);

    private final int bytes;

    Width(int bytes) {
      this.bytes = bytes;
    }

    /** Its size in bytes, of which the prefixes decide {@code v}, {@code y} and {@code x}. */
    int bytes(int v, int y, int x) {
      return switch (this) {
        case V -> v;
        case P -> v + 2;
        case Z -> Math.min(v, 4);
        case Y -> y;
        case X -> x;
        case H -> x / 2;
        case F -> x / 4;
        case E -> x / 8;
        default -> bytes;
      };
    }

    /** Whether it can be the size of the operation. */
    boolean isSize() {
      return this != NONE && this != S && this != A;
    }
  }

  private static final Pattern CODED = Pattern.compile("([A-Z])([a-z]{0,2})");

  private static final Map<String, Operand> FIXED =
      Map.ofEntries(
          Map.entry("AL", fixed("al", Width.B, 0)),
          Map.entry("CL", fixed("cl", Width.NONE, 1)),
          Map.entry("DX", fixed("dx", Width.NONE, 2)),
          Map.entry("eAX", fixed("eax", Width.Z, 0)),
          Map.entry("rAX", fixed("rax", Width.V, 0)),
          Map.entry("rDX", fixed("rdx", Width.V, 2)),
          Map.entry("XMM0", fixed("xmm0", Width.NONE, 0)),
          Map.entry("ST0", fixed("st", Width.NONE, 0)),
          Map.entry("AX", fixed("ax", Width.W, 0)),
          Map.entry("1", new Operand(Source.ONE, Width.NONE, 1, "1")),
          Map.entry("ES", fixed("es", Width.NONE, Instruction.ES)),
          Map.entry("CS", fixed("cs", Width.NONE, Instruction.CS)),
          Map.entry("SS", fixed("ss", Width.NONE, Instruction.SS)),
          Map.entry("DS", fixed("ds", Width.NONE, Instruction.DS)),
          Map.entry("FS", fixed("fs", Width.NONE, Instruction.FS)),
          Map.entry("GS", fixed("gs", Width.NONE, Instruction.GS)));

  /** Whether it may be AH, CH, DH or BH. */
  boolean isByteRegister() {
    return source.isGeneral() && width == Width.B;
  }

  private static Operand fixed(String name, Width width, int number) {
    return new Operand(Source.FIXED, width, number, name);
  }

  /**
   * Reads one operand of a row.
   *
   * @throws IllegalArgumentException if the SDM has no such code
   */
  static Operand parse(String code) {
    @Nullable Operand fixed = FIXED.get(code);
    if (fixed != null) {
      return fixed;
    }
    Matcher coded = CODED.matcher(code);
    if (coded.matches()) {
      for (Source source : Source.values()) {
        if (source.letter == coded.group(1).charAt(0)) {
          return new Operand(source, width(coded.group(2)), 0, "");
        }
      }
    }
    throw new IllegalArgumentException("no operand is written " + code);
  }

  static Width width(String letters) {
    return letters.isEmpty() ? Width.NONE : Width.valueOf(letters.toUpperCase(Locale.ROOT));
  }
}
