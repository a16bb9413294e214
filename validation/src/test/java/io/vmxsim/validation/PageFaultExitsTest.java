package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Table A2, on the real processor, MMU and VMM. */
class PageFaultExitsTest {
  private static final int WARM_UP = 8;
  private static final int FAULTS = 200;

  static List<PageFaultExits> rows() {
    return PageFaultExits.PUBLISHED;
  }

  @ParameterizedTest
  @MethodSource("rows")
  void aFaultTakesAsManyExitsAsTableA2Says(PageFaultExits row) {
    long before = new FaultingGuest(row.options(), WARM_UP).exits();
    long after = new FaultingGuest(row.options(), WARM_UP + FAULTS).exits();
    assertEquals((long) row.exits() * FAULTS, after - before, row.source());
  }
}
