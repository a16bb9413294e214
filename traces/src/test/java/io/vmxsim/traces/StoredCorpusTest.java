package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The inputs stored for each {@link FuzzTarget}: good ones named {@code good-…}, which must be
 * taken, and ones that once were a finding. Every stored input is also cut and bent at random.
 */
class StoredCorpusTest {
  private static final int BENT = 40;

  @ParameterizedTest
  @EnumSource(FuzzTarget.class)
  void storedInputsEndInAResultOrAComplaint(FuzzTarget target)
      throws IOException, URISyntaxException {
    List<Path> inputs = inputs(target);
    assertTrue(inputs.size() > 0, "no input stored for " + target);
    for (Path input : inputs) {
      byte[] bytes = Files.readAllBytes(input);
      boolean accepted = target.accepts(bytes);
      assertTrue(accepted || !input.getFileName().toString().startsWith("good-"), input.toString());
      Random random = new Random(input.getFileName().toString().hashCode());
      for (int i = 0; i < BENT; i++) {
        byte[] bent = bend(bytes, random);
        try {
          target.accepts(bent);
        } catch (RuntimeException | Error e) {
          throw new AssertionError(target + ", " + input + " bent the " + i + "th time", e);
        }
      }
    }
  }

  /** A copy with a few bytes changed, cut short now and then. */
  private static byte[] bend(byte[] bytes, Random random) {
    int length = random.nextInt(4) == 0 ? random.nextInt(bytes.length + 1) : bytes.length;
    byte[] bent = Arrays.copyOf(bytes, length);
    for (int i = 0; i <= random.nextInt(6) && length > 0; i++) {
      bent[random.nextInt(length)] ^= (byte) (1 << random.nextInt(8));
    }
    return bent;
  }

  private static List<Path> inputs(FuzzTarget target) throws IOException, URISyntaxException {
    String folder = "fuzz/" + target.name().toLowerCase(Locale.ROOT);
    Path path =
        Path.of(Objects.requireNonNull(StoredCorpusTest.class.getResource(folder), folder).toURI());
    try (Stream<Path> files = Files.list(path)) {
      return new ArrayList<>(files.sorted().toList());
    }
  }
}
