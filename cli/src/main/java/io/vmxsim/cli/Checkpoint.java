package io.vmxsim.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a run leaves snapshots, and how often.
 *
 * @param file replaced by each snapshot
 * @param every instructions between two
 */
record Checkpoint(Path file, long every) {
  private static final String EVERY = ",every=";
  private static final long USUAL_INTERVAL = 100_000_000;

  /** Reads {@code FILE[,every=N]}. */
  static final class Form implements ITypeConverter<Checkpoint> {
    @Override
    public Checkpoint convert(String text) {
      int comma = text.lastIndexOf(EVERY);
      if (comma < 0) {
        return new Checkpoint(Path.of(text), USUAL_INTERVAL);
      }
      long every = new Count.OfThings().convert(text.substring(comma + EVERY.length()));
      if (every == 0) {
        throw new TypeConversionException("expected 1 instruction or more from one to the next");
      }
      return new Checkpoint(Path.of(text.substring(0, comma)), every);
    }
  }
}
