package io.vmxsim.validation.suite;

import java.nio.file.Path;
import java.util.List;

/**
 * What all runs of a suite have in common.
 *
 * @param folder where the images are
 * @param limit instructions after which a test is stopped
 * @param environment lines {@code KEY=VALUE} that the kernels read as their environment
 */
public record SuiteOptions(Path folder, long limit, List<String> environment) {}
