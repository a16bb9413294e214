package io.vmxsim.validation.suite;

import io.vmxsim.vmcs.InputException;
import java.util.List;

/**
 * One configured run of a test kernel.
 *
 * @param name what the configuration calls it
 * @param file the image, in the folder of the configuration
 * @param processors how many
 * @param memoryBytes RAM
 * @param arguments the kernel's command line
 * @param cpu what {@code --cpu} takes
 * @param architecture what it was written for: {@code x86_64}, {@code i386}, or empty for both
 * @param groups what it belongs to
 * @param ignored what its configuration also asks for and nobody here has
 */
public record SuiteTest(
    String name,
    String file,
    int processors,
    long memoryBytes,
    String arguments,
    String cpu,
    String architecture,
    List<String> groups,
    List<String> ignored) {

  /** The group of tests that run only when they are asked for. */
  private static final String NOT_BY_DEFAULT = "nodefault";

  /**
   * The tests asked for.
   *
   * @param names of tests or groups; without any, all tests but those of group nodefault
   * @throws InputException for a name that no test has
   */
  public static List<SuiteTest> select(List<SuiteTest> tests, List<String> names) {
    for (String name : names) {
      if (tests.stream().noneMatch(test -> test.isCalled(name))) {
        String known = String.join(" ", tests.stream().map(SuiteTest::name).toList());
        throw new InputException(
            name, "", "expected a test or a group of tests; there are " + known);
      }
    }
    return tests.stream()
        .filter(
            test ->
                names.isEmpty()
                    ? !test.groups.contains(NOT_BY_DEFAULT)
                    : names.stream().anyMatch(test::isCalled))
        .toList();
  }

  private boolean isCalled(String selector) {
    return selector.equals(name) || groups.contains(selector);
  }
}
