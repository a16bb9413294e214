package io.vmxsim.cpu.decode;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sum of numbers, characters and labels, each times a number or not.
 *
 * @param symbolic whether a label takes part
 */
record Expression(long value, boolean symbolic) {
  private static final Pattern TERM =
      Pattern.compile("\\s*([+-]?)\\s*([\\w.$]+|'.')\\s*(?:\\*\\s*(\\w+)\\s*)?");

  /** Where the labels are. */
  interface Symbols {
    /**
     * The address of a label.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    long address(String label);
  }

  /**
   * Adds the terms up.
   *
   * @throws IllegalArgumentException if {@code text} is no sum, or a label is missing
   */
  static Expression parse(String text, Symbols symbols) {
    Matcher term = TERM.matcher(text);
    long value = 0;
    boolean symbolic = false;
    int end = 0;
    while (end < text.length() && term.find(end) && term.start() == end) {
      String word = term.group(2);
      boolean number = Character.isDigit(word.charAt(0)) || word.charAt(0) == '\'';
      long operand = number ? number(word) : symbols.address(word);
      symbolic |= !number;
      operand *= term.group(3) == null ? 1 : number(term.group(3));
      value += term.group(1).equals("-") ? -operand : operand;
      end = term.end();
    }
    if (end == 0 || end < text.length()) {
      throw new IllegalArgumentException("expected numbers and labels with + and -, not " + text);
    }
    return new Expression(value, symbolic);
  }

  private static long number(String word) {
    if (word.charAt(0) == '\'') {
      return word.charAt(1);
    }
    return word.startsWith("0x")
        ? Long.parseUnsignedLong(word.substring(2), 16)
        : Long.parseLong(word);
  }
}
