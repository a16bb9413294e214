package io.vmxsim.cpu.decode;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns source text into code, for guests and tests: the Intel syntax that {@link Disassembler}
 * writes, from the same rows.
 *
 * <p>One statement to a line, after an optional {@code label:} and before an optional {@code ;
 * comment}: an instruction; {@code db}, {@code dw}, {@code dd} or {@code dq} with values or, for
 * {@code db}, {@code "text"}; {@code align N}; {@code zero N}; {@code bits 16}, {@code 32} or
 * {@code 64}; a constant, {@code NAME = value}, before it is used; macros, see {@link Macros}.
 * Values are sums of numbers, characters, labels and {@code $}, the address of the statement. A
 * label that begins with a dot is known up to the next label that does not. {@code [rel label]} is
 * RIP-relative. The shortest encoding is taken.
 */
public final class Assembler {
  private static final Pattern LABEL = Pattern.compile("([A-Za-z_.][\\w.]*):(.*)");
  private static final Pattern CONSTANT = Pattern.compile("([A-Za-z_]\\w*)\\s*=\\s*(.*)");
  private static final Pattern COMMENT = Pattern.compile("((?:[^\";]|\"[^\"]*\")*);.*");
  private static final Pattern SPLIT = Pattern.compile(",(?![^\\[]*])");
  private static final Map<String, Integer> PREFIXES =
      Map.of("lock", 0xF0, "rep", 0xF3, "repe", 0xF3, "repz", 0xF3, "repne", 0xF2, "repnz", 0xF2);
  private static final Map<String, Integer> DATA = Map.of("db", 1, "dw", 2, "dd", 4, "dq", 8);
  private static final int MOST_PASSES = 30;

  private final CodeMode first;
  private final long origin;
  private final List<String> lines = new ArrayList<>();
  private final Map<String, Long> labels = new HashMap<>();
  private final Set<String> defined = new HashSet<>();
  private final Macros macros = new Macros();

  private CodeMode mode;
  private ByteArrayOutputStream out = new ByteArrayOutputStream();
  private boolean labelsKnown;
  private String scope = "";

  /** For code that will run at {@code origin}. */
  public Assembler(CodeMode mode, long origin) {
    this.first = mode;
    this.mode = mode;
    this.origin = origin;
  }

  /** The code of one text at address 0. */
  public static byte[] assemble(CodeMode mode, String source) {
    return new Assembler(mode, 0).add(source).bytes();
  }

  /** Adds source text, any number of lines. */
  public Assembler add(String source) {
    source
        .lines()
        .map(line -> COMMENT.matcher(line).replaceFirst("$1").strip())
        .forEach(line -> macros.expand(line, lines));
    return this;
  }

  /**
   * The code of everything added.
   *
   * @throws IllegalArgumentException naming the line and what is wrong with it
   */
  public byte[] bytes() {
    labelsKnown = false;
    labels.clear();
    for (int pass = 0; pass < MOST_PASSES; pass++) {
      Map<String, Long> before = Map.copyOf(labels);
      pass();
      if (labelsKnown && before.equals(labels)) {
        return out.toByteArray();
      }
      labelsKnown = true;
    }
    throw new IllegalArgumentException("the distances between labels do not settle");
  }

  /**
   * The address of a label; {@link #bytes} first.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public long address(String label) {
    if (label.equals("$")) {
      return here();
    }
    Long address = labels.get(inScope(label));
    if (address == null && labelsKnown) {
      throw new IllegalArgumentException("no label is called " + label);
    }
    return address == null ? here() : address;
  }

  private void define(String label, long value) {
    if (!defined.add(label)) {
      throw new IllegalArgumentException("there are two of " + label);
    }
    labels.put(label, value);
  }

  private String inScope(String label) {
    return label.startsWith(".") ? scope + label : label;
  }

  private long here() {
    return origin + out.size();
  }

  private void pass() {
    out = new ByteArrayOutputStream();
    mode = first;
    defined.clear();
    for (int line = 0; line < lines.size(); line++) {
      try {
        statement(lines.get(line));
      } catch (IllegalArgumentException cause) {
        throw new IllegalArgumentException(
            "line " + (line + 1) + ", '" + lines.get(line) + "': " + cause.getMessage(), cause);
      }
    }
  }

  private void statement(String text) {
    Matcher label = LABEL.matcher(text);
    if (label.matches() && !label.group(1).matches("[c-gs]s|es")) {
      scope = label.group(1).startsWith(".") ? scope : label.group(1);
      define(inScope(label.group(1)), here());
      statement(label.group(2).strip());
      return;
    }
    Matcher constant = CONSTANT.matcher(text);
    if (constant.matches()) {
      define(constant.group(1), Expression.parse(constant.group(2), this::address).value());
      return;
    }
    if (text.isEmpty()) {
      return;
    }
    String[] words = text.split("\\s+", 2);
    String rest = words.length == 1 ? "" : words[1];
    switch (words[0]) {
      case "db", "dw", "dd", "dq" -> data(rest, DATA.getOrDefault(words[0], 1));
      case "bits" -> mode = CodeMode.valueOf("BITS" + rest);
      case "zero" -> zero(Expression.parse(rest, this::address).value());
      case "align" -> zero(Math.floorMod(-here(), Expression.parse(rest, this::address).value()));
      default -> instruction(text);
    }
  }

  private void zero(long bytes) {
    out.writeBytes(new byte[Math.toIntExact(bytes)]);
  }

  private void data(String values, int bytes) {
    for (String value : values.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1)) {
      String text = value.strip();
      if (text.startsWith("\"")) {
        out.writeBytes(text.substring(1, text.length() - 1).getBytes(StandardCharsets.ISO_8859_1));
      } else {
        Encoder.write(out, Expression.parse(text, this::address).value(), bytes);
      }
    }
  }

  private void instruction(String text) {
    String[] words = text.split("\\s+", 2);
    Integer prefix = PREFIXES.get(words[0].toLowerCase(Locale.ROOT));
    if (prefix != null && words.length > 1) {
      words = words[1].split("\\s+", 2);
    }
    String mnemonic = words[0].toLowerCase(Locale.ROOT);
    String rest = words.length == 1 ? "" : words[1];
    if (rest.startsWith("far ")) {
      mnemonic += " far";
      rest = rest.substring(4);
    }
    List<Argument> arguments = new ArrayList<>();
    if (!rest.isBlank()) {
      for (String operand : SPLIT.split(rest, -1)) {
        arguments.add(Argument.parse(operand, this::address));
      }
    }
    byte[] shortest = null;
    for (Encoding encoding : Encoding.of(mnemonic, mode)) {
      byte[] code = Encoder.encode(encoding, arguments, prefix == null ? 0 : prefix, here());
      if (code != null && (shortest == null || code.length < shortest.length)) {
        shortest = code;
      }
    }
    if (shortest == null) {
      boolean known = !Encoding.of(mnemonic, mode).isEmpty();
      throw new IllegalArgumentException(
          known ? "no form of " + mnemonic + " takes these operands" : "no such instruction");
    }
    out.writeBytes(shortest);
  }
}
