package io.vmxsim.validation;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/**
 * Which results agree with a published number.
 *
 * @param relation how a result relates to the number
 * @param value the number
 * @param band with {@link Relation#NEAR}, the greatest relative difference; 0.25 is ±25%
 */
public record Expectation(Relation relation, double value, double band) {
  private static final MathContext SHOWN = new MathContext(4);

  /** How a result relates to a number. */
  public enum Relation {
    EQUAL,
    NEAR,
    ABOVE,
    BELOW
  }

  /** The number itself. */
  public static Expectation equal(long value) {
    return new Expectation(Relation.EQUAL, value, 0);
  }

  /** The number give or take a fraction of it. */
  public static Expectation near(double value, double band) {
    return new Expectation(Relation.NEAR, value, band);
  }

  /** More than the number. */
  public static Expectation above(double value) {
    return new Expectation(Relation.ABOVE, value, 0);
  }

  /** Less than the number. */
  public static Expectation below(double value) {
    return new Expectation(Relation.BELOW, value, 0);
  }

  /** Whether a result agrees. */
  public boolean admits(double result) {
    return switch (relation) {
      case EQUAL -> result == value;
      case NEAR -> Math.abs(result - value) <= band * Math.abs(value);
      case ABOVE -> result > value;
      case BELOW -> result < value;
    };
  }

  /** As reports have it: {@code 24}, {@code 12733 ±25%}, {@code > 1}. */
  @Override
  public String toString() {
    return switch (relation) {
      case EQUAL -> number(value);
      case NEAR -> number(value) + " ±" + Math.round(100 * band) + "%";
      case ABOVE -> "> " + number(value);
      case BELOW -> "< " + number(value);
    };
  }

  /** How far a result is from the number; empty for a bound, which has no distance. */
  String difference(double result) {
    return switch (relation) {
      case EQUAL -> number(result - value);
      case NEAR -> String.format(Locale.ROOT, "%+.1f%%", 100 * (result - value) / value);
      case ABOVE, BELOW -> "";
    };
  }

  /** A whole number in full, any other to four digits. */
  static String number(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
      return Long.toString((long) value);
    }
    return new BigDecimal(value).round(SHOWN).toPlainString();
  }
}
