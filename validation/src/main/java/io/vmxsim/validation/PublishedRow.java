package io.vmxsim.validation;

import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A published number, and the run of the simulator that gives ours.
 *
 * @param name what was counted or measured
 * @param label what we claim of it
 * @param published which results agree with what was published
 * @param unit of the number
 * @param source where it was published, or the rule it follows from
 * @param grade how it is known
 * @param ours runs the simulator and tells its number; null while vmxsim cannot run it
 * @param note why a result may be outside its band, or why there is no run; else empty
 */
public record PublishedRow(
    String name,
    Label label,
    Expectation published,
    String unit,
    String source,
    Grade grade,
    @Nullable DoubleSupplier ours,
    String note) {

  static PublishedRow exact(
      String name, long value, String unit, String source, Grade grade, DoubleSupplier ours) {
    return new PublishedRow(
        name, Label.EXACT, Expectation.equal(value), unit, source, grade, ours, "");
  }

  static PublishedRow shape(
      String name,
      Expectation bound,
      String unit,
      String source,
      Grade grade,
      DoubleSupplier ours) {
    return new PublishedRow(name, Label.SHAPE, bound, unit, source, grade, ours, "");
  }

  /** A row that vmxsim cannot run yet. */
  static PublishedRow notRun(
      String name,
      Label label,
      Expectation published,
      String unit,
      String source,
      Grade grade,
      String why) {
    return new PublishedRow(name, label, published, unit, source, grade, null, why);
  }

  /** Runs the simulator and compares. */
  public Comparison compare() {
    return ours == null
        ? new Comparison(this, Double.NaN)
        : new Comparison(this, ours.getAsDouble());
  }
}
