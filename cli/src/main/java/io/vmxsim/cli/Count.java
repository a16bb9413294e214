package io.vmxsim.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A whole number of things or bytes, zero or more, with an optional unit: {@code 5000}, {@code
 * 10M}, {@code 64G}. Units of things go by 1,000, units of bytes by 1,024.
 */
abstract class Count implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("(\\d+)([kKmMgG]?)");

  /** A unit stands at the place that is its power; no unit is found at 0. */
  private static final String UNITS = " kmg";

  private final long unit;

  Count(long unit) {
    this.unit = unit;
  }

  @Override
  public Long convert(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "expected a number of 0 or more, such as 5000, 10M or 2G, not '" + text + "'");
    }
    try {
      long value = Long.parseLong(matcher.group(1));
      int power = UNITS.indexOf(matcher.group(2).toLowerCase(Locale.ROOT));
      for (int i = 0; i < power; i++) {
        value = Math.multiplyExact(value, unit);
      }
      return value;
    } catch (ArithmeticException | NumberFormatException e) {
      throw new TypeConversionException("expected a number below 2^63, not '" + text + "'");
    }
  }

  static final class OfThings extends Count {
    OfThings() {
      super(1_000);
    }
  }

  static final class OfBytes extends Count {
    OfBytes() {
      super(1_024);
    }
  }
}
