package io.vmxsim.cpu.decode;

import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.decode.Operand.Source;
import io.vmxsim.cpu.decode.Operand.Width;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One row of the opcode maps of SDM volume 2, appendix A: an opcode, what it does and what it
 * takes.
 *
 * <p>Its text is {@code [prefix:]opcode[/extension] OPERATION operands attributes features}.
 *
 * <ul>
 *   <li>prefix: {@code 66}, {@code F3}, {@code F2} if mandatory, {@code NP} if none may be there;
 *       without one, all four do the same;
 *   <li>opcode: with its escape bytes 0F, 0F38 or 0F3A; {@code +r} and {@code +cc} add a register
 *       or a condition;
 *   <li>extension: ModRM.reg in one digit, or the whole ModRM byte in two;
 *   <li>operands: see {@link Operand};
 *   <li>attributes: {@code lock} takes a LOCK prefix; {@code cpl0} wants CPL 0; {@code i64} not in
 *       64-bit mode; {@code o64} only there; {@code d64} operand size there 8 unless 2; {@code f64}
 *       there always 8; {@code W0}, {@code W1} REX.W or VEX.W; {@code b}, {@code v}, {@code y},
 *       {@code q}, {@code x} the operand size if not that of the first sized operand, which is
 *       {@code v} if there is none; {@code vsib} the index register is a vector;
 *   <li>features: what CPUID must report for the legacy encoding, VEX.128 and VEX.256, commas
 *       between, {@code -} for an encoding there is not. One feature, or none: legacy only.
 * </ul>
 */
public final class OpcodeRow {
  static final int ANY_PREFIX = -1;
  static final List<String> PREFIXES = List.of("NP", "66", "F3", "F2");
  static final List<String> MAPS = List.of("", "0F", "0F38", "0F3A");

  private static final Pattern OPCODE =
      Pattern.compile("(?:(NP|66|F3|F2):)?(0F38|0F3A|0F|)(\\w\\w)(?:\\+(r|cc))?(?:/(\\w+))?");
  private static final Set<String> ATTRIBUTES =
      Set.of(
          "lock", "cpl0", "i64", "o64", "d64", "f64", "W0", "W1", "b", "v", "y", "q", "x", "vsib");
  private static final Set<String> FEATURES =
      Arrays.stream(CpuidFeature.values()).map(Enum::name).collect(Collectors.toSet());
  private static final String ALWAYS = "";
  private static final String NEVER = "-";

  /** Column of {@link #PREFIXES}, or {@link #ANY_PREFIX}. */
  final int prefix;

  /** Index in {@link #MAPS}. */
  final int map;

  /** The first opcode byte after the escape. */
  final int opcode;

  /** How many opcodes from the first on: 1, 8 or 16. */
  final int opcodes;

  /** -1, ModRM.reg, or a ModRM byte of C0 and above. */
  final int extension;

  final Op op;
  final Operand[] operands;
  final Width operandSize;
  final boolean hasModRm;
  final boolean memoryOnly;
  final boolean registerOnly;

  /** MOV to and from control and debug registers: the mod field is ignored. */
  final boolean ignoresMod;

  final boolean default64;
  final boolean forced64;
  final boolean lockable;

  /** The operand in ModRM.reg; FIXED if there is none. */
  final Source regSource;

  final boolean hasReg;

  /** Whether REX.R counts: not for segment and MMX registers, nor for an extended opcode. */
  final boolean regExtends;

  final boolean regIsByte;

  /** Whether REX.B counts: not for MMX and x87 registers. */
  final boolean rmExtends;

  final boolean rmIsByte;

  /** The register in the low bits of the opcode. */
  final @Nullable Operand opcodeRegister;

  /** What the map names as the other register operand; 0 if nothing. */
  final int fixedRm;

  /** What the map names as the register operand; -1 if that is in ModRM.reg. */
  final int fixedReg;

  /** The operands that follow ModRM and displacement, and constants. */
  final Operand[] constants;

  /** The memory operand's index is a vector register. */
  final boolean vectorIndex;

  /** Whether VEX.vvvv is an operand; it must be 1111B if not. */
  final boolean usesVvvv;

  private final boolean namesMmx;
  private final boolean hasImmediate;
  private final Set<String> attributes;
  private final List<String> features;

  private OpcodeRow(String text) {
    String[] words = text.split(" +", -1);
    Matcher encoding = OPCODE.matcher(words[0]);
    require(encoding.matches(), "no opcode is written " + words[0]);
    prefix = encoding.group(1) == null ? ANY_PREFIX : PREFIXES.indexOf(encoding.group(1));
    map = MAPS.indexOf(encoding.group(2));
    opcode = Integer.parseInt(encoding.group(3), 16);
    opcodes = encoding.group(4) == null ? 1 : encoding.group(4).equals("r") ? 8 : 16;
    extension = encoding.group(5) == null ? -1 : Integer.parseInt(encoding.group(5), 16);
    op = Op.valueOf(words[1]);

    List<String> rest = new ArrayList<>(List.of(words).subList(2, words.length));
    attributes = rest.stream().filter(ATTRIBUTES::contains).collect(Collectors.toSet());
    rest.removeAll(attributes);
    features = features(rest);
    require(rest.size() <= 1, "no attribute is written " + rest);
    operands =
        rest.stream()
            .flatMap(codes -> Arrays.stream(codes.split(",", -1)))
            .map(Operand::parse)
            .toArray(Operand[]::new);

    Operand reg = first(Source::isReg);
    Operand rm = first(Source::isRm);
    opcodeRegister = first(Source.OPCODE_REGISTER::equals);
    hasReg = reg != null;
    regSource = reg == null ? Source.FIXED : reg.source();
    regExtends = hasReg && regSource != Source.SEGMENT && regSource != Source.MMX;
    regIsByte = reg != null && reg.isByteRegister();
    rmExtends = rm != null && rm.source().isExtendedByRex();
    rmIsByte = rm != null && rm.isByteRegister();
    hasModRm = extension >= 0 || reg != null || rm != null;
    memoryOnly = first(Source.MEMORY::equals) != null;
    ignoresMod = regSource == Source.CONTROL || regSource == Source.DEBUG;
    registerOnly = first(Source::isRegisterOnly) != null && !ignoresMod;
    boolean hasOther = rm != null || opcodeRegister != null || first(Source.OFFSET::equals) != null;
    Operand named = first(Source.FIXED::equals);
    int number = named == null ? 0 : named.number();
    boolean namesOther = !hasOther && named != null && named.width() != Width.NONE;
    fixedRm = namesOther ? number : 0;
    fixedReg = hasModRm ? -1 : namesOther ? 0 : number;
    constants =
        Arrays.stream(operands).filter(o -> o.source().isConstant()).toArray(Operand[]::new);
    vectorIndex = attributes.contains("vsib");
    usesVvvv = first(Source::isVvvv) != null;
    namesMmx =
        first(s -> s == Source.MMX || s == Source.MMX_RM || s == Source.MMX_OR_MEMORY) != null;
    hasImmediate = first(Source.IMMEDIATE::equals) != null;
    operandSize = operandSize();
    default64 = attributes.contains("d64");
    forced64 = attributes.contains("f64");
    lockable = attributes.contains("lock");
  }

  /**
   * Reads one row.
   *
   * @throws IllegalArgumentException if it is not of the form that the class describes
   */
  static OpcodeRow parse(String text) {
    try {
      return new OpcodeRow(text);
    } catch (IllegalArgumentException cause) {
      throw new IllegalArgumentException("'" + text + "': " + cause.getMessage(), cause);
    }
  }

  /** Takes the last of {@code words} away if it names features. */
  private static List<String> features(List<String> words) {
    List<String> columns = new ArrayList<>(List.of(ALWAYS, NEVER, NEVER));
    int last = words.size() - 1;
    if (last >= 0 && isFeatures(words.get(last))) {
      String[] named = words.remove(last).split(",", -1);
      for (int column = 0; column < named.length; column++) {
        columns.set(column, named[column]);
      }
    }
    return columns;
  }

  private static boolean isFeatures(String word) {
    return Arrays.stream(word.split(",", -1))
        .allMatch(w -> w.equals(NEVER) || FEATURES.contains(w));
  }

  private Width operandSize() {
    for (String attribute : attributes) {
      if (attribute.length() == 1) {
        return Operand.width(attribute);
      }
    }
    for (Operand operand : operands) {
      if (operand.source() != Source.IMMEDIATE
          && operand.source() != Source.RELATIVE
          && operand.width().isSize()) {
        return operand.width();
      }
    }
    return Width.V;
  }

  private @Nullable Operand first(Predicate<Source> wanted) {
    for (Operand operand : operands) {
      if (wanted.test(operand.source())) {
        return operand;
      }
    }
    return null;
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  /** What the row does. */
  public Op op() {
    return op;
  }

  /** Whether it raises #GP(0) unless CPL is 0. */
  public boolean isPrivileged() {
    return attributes.contains("cpl0");
  }

  /** Whether an operand is an MMX register. */
  public boolean namesMmx() {
    return namesMmx;
  }

  /** Whether the index register of the memory operand is a vector. */
  public boolean hasVectorIndex() {
    return vectorIndex;
  }

  /** Whether an operand is an immediate. */
  public boolean hasImmediate() {
    return hasImmediate;
  }

  /** Whether the row is in the map that 64-bit mode uses, or in the one of the other modes. */
  boolean isIn(boolean bits64) {
    return !attributes.contains(bits64 ? "i64" : "o64");
  }

  /** Whether the row is there for this value of REX.W or VEX.W. */
  boolean takesW(int w) {
    return !attributes.contains(w == 0 ? "W1" : "W0");
  }

  /** Whether a processor of these features has the row without VEX. */
  boolean isLegacyOn(Predicate<CpuidFeature> features) {
    return exists(this.features.get(0), features);
  }

  /** Whether a processor of these features has the row with VEX.L = {@code l}. */
  boolean isVexOn(Predicate<CpuidFeature> features, int l) {
    return exists(this.features.get(1 + l), features);
  }

  /** Bytes of a vector index register, where the data have {@code x} bytes. */
  int indexBytes(int x) {
    boolean doublewordIndex = (opcode & 1) == 0;
    return doublewordIndex && attributes.contains("W1") ? 16 : x;
  }

  private static boolean exists(String feature, Predicate<CpuidFeature> features) {
    return switch (feature) {
      case ALWAYS -> true;
      case NEVER -> false;
      default -> features.test(CpuidFeature.valueOf(feature));
    };
  }
}
