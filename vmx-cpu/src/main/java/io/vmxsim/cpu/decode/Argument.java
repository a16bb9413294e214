package io.vmxsim.cpu.decode;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One operand of a source line, read.
 *
 * @param kind what it is
 * @param number the register; for {@link Kind#FAR} the selector
 * @param bytes a general register's or vector register's size; a memory operand's, 0 if not said
 * @param value an immediate, a displacement, the offset of a far pointer
 * @param symbolic whether {@code value} depends on a label, and so may move
 * @param address where the memory operand is
 */
record Argument(
    Kind kind, int number, int bytes, long value, boolean symbolic, @Nullable Address address) {

  /** What an operand can be in assembly language. */
  enum Kind {
    GENERAL,
    SEGMENT,
    CONTROL,
    DEBUG,
    MMX,
    VECTOR,
    STACK,
    MEMORY,
    IMMEDIATE,
    FAR
  }

  /**
   * The address of a memory operand but its displacement.
   *
   * @param base a general register, {@link Instruction#RIP} or {@link Instruction#NO_REGISTER}
   * @param index a general or vector register or {@link Instruction#NO_REGISTER}
   * @param scale 0 to 3
   * @param segment an override or -1
   * @param size 2, 4 or 8; 0 if no register says
   * @param relative the displacement is an address that is to be reached from RIP
   */
  record Address(int base, int index, int scale, int segment, int size, boolean relative) {}

  private static final Pattern MEMORY =
      Pattern.compile("(?:(\\w+) ptr )?(?:([c-gs]s|es):)?\\[(?:([c-gs]s|es):)?(rel )?(.*)]");
  private static final Pattern FAR_POINTER = Pattern.compile("([^:]+):([^:]+)");
  private static final Map<String, Integer> SIZES =
      Map.of(
          "byte", 1, "word", 2, "dword", 4, "fword", 6, "qword", 8, "tbyte", 10, "xmmword", 16,
          "ymmword", 32);
  private static final Map<String, Argument> REGISTERS = registers();

  private static Map<String, Argument> registers() {
    Map<String, Argument> registers = new HashMap<>();
    for (int number = 0; number < 16; number++) {
      for (int bytes = 1; bytes <= 8; bytes *= 2) {
        registers.put(RegisterName.general(number, bytes), register(Kind.GENERAL, number, bytes));
      }
      registers.put("cr" + number, register(Kind.CONTROL, number, 0));
      registers.put("dr" + number, register(Kind.DEBUG, number, 0));
      registers.put("xmm" + number, register(Kind.VECTOR, number, 16));
      registers.put("ymm" + number, register(Kind.VECTOR, number, 32));
    }
    for (int number = 0; number < 8; number++) {
      registers.put("mm" + number, register(Kind.MMX, number, 8));
      registers.put("st(" + number + ")", register(Kind.STACK, number, 0));
    }
    for (int number = 4; number < 8; number++) {
      int high = number | Instruction.HIGH_BYTE;
      registers.put(RegisterName.general(high, 1), register(Kind.GENERAL, high, 1));
    }
    registers.put("st", register(Kind.STACK, 0, 0));
    List<String> segments = List.of("es", "cs", "ss", "ds", "fs", "gs");
    for (String segment : segments) {
      registers.put(segment, register(Kind.SEGMENT, segments.indexOf(segment), 0));
    }
    return registers;
  }

  private static Argument register(Kind kind, int number, int bytes) {
    return new Argument(kind, number, bytes, 0, false, null);
  }

  /**
   * Reads an operand.
   *
   * @throws IllegalArgumentException if it is none
   */
  static Argument parse(String source, Expression.Symbols symbols) {
    String text = source.strip();
    Argument register = REGISTERS.get(text.toLowerCase(Locale.ROOT));
    if (register != null) {
      return register;
    }
    Matcher memory = MEMORY.matcher(text);
    if (memory.matches()) {
      return memory(memory, symbols);
    }
    Matcher far = FAR_POINTER.matcher(text);
    if (far.matches()) {
      Expression offset = Expression.parse(far.group(2), symbols);
      int selector = (int) Expression.parse(far.group(1), symbols).value();
      return new Argument(Kind.FAR, selector, 0, offset.value(), offset.symbolic(), null);
    }
    Expression value = Expression.parse(text, symbols);
    return new Argument(Kind.IMMEDIATE, 0, 0, value.value(), value.symbolic(), null);
  }

  private static Argument memory(Matcher parts, Expression.Symbols symbols) {
    Integer bytes = parts.group(1) == null ? Integer.valueOf(0) : SIZES.get(parts.group(1));
    if (bytes == null) {
      throw new IllegalArgumentException("no size of memory is called " + parts.group(1));
    }
    String override = parts.group(2) == null ? parts.group(3) : parts.group(2);
    Argument segment = override == null ? null : REGISTERS.get(override);
    int base = Instruction.NO_REGISTER;
    int index = Instruction.NO_REGISTER;
    int scale = 0;
    int size = 0;
    StringBuilder rest = new StringBuilder();
    for (String term : parts.group(5).split("(?=[+-])", -1)) {
      String[] factors = term.replace("+", "").strip().split("\\*", -1);
      Argument register = term.startsWith("-") ? null : REGISTERS.get(factors[0].strip());
      if (factors[0].equals("rip") || factors[0].equals("eip")) {
        base = Instruction.RIP;
        size = factors[0].equals("rip") ? 8 : 4;
      } else if (register == null) {
        rest.append(term);
      } else if (factors.length == 1 && base == Instruction.NO_REGISTER && register.bytes <= 8) {
        base = register.number;
        size = register.bytes;
      } else {
        index = register.number;
        size = register.kind == Kind.GENERAL ? register.bytes : size;
        scale =
            factors.length == 1
                ? 0
                : Integer.numberOfTrailingZeros(Integer.parseInt(factors[1].strip()));
      }
    }
    Expression displacement = Expression.parse(rest.length() == 0 ? "0" : rest.toString(), symbols);
    Address address =
        new Address(
            base,
            index,
            scale,
            segment == null ? -1 : segment.number,
            size,
            parts.group(4) != null);
    return new Argument(
        Kind.MEMORY, 0, bytes, displacement.value(), displacement.symbolic(), address);
  }
}
