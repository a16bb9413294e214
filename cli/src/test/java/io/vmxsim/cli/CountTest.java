package io.vmxsim.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class CountTest {
  @Test
  void unitsOfThingsGoByThousand() {
    assertEquals(5_000, new Count.OfThings().convert("5000"));
    assertEquals(10_000_000, new Count.OfThings().convert("10M"));
    assertEquals(2_000, new Count.OfThings().convert("2k"));
  }

  @Test
  void unitsOfBytesGoBy1024() {
    assertEquals(64L << 30, new Count.OfBytes().convert("64g"));
  }

  @Test
  void refusesWhatIsNoCount() {
    for (String text : new String[] {"", "-1", "1.5", "M", "0x10", "1T", "9223372036854775808"}) {
      assertThrows(TypeConversionException.class, () -> new Count.OfThings().convert(text), text);
    }
  }

  @Test
  void refusesWhatOverflowsThroughItsUnit() {
    assertThrows(
        TypeConversionException.class, () -> new Count.OfBytes().convert("9000000000000G"));
  }
}
