package io.vmxsim.validation.suite;

import io.vmxsim.cpu.board.Platform;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * What all runs of a suite have in common.
 *
 * @param folder where the images are
 * @param limit instructions after which a test is stopped
 * @param environment lines {@code KEY=VALUE} that the kernels read as their environment
 * @param platform what runs the kernels: the bare machine, or a VMM of its own for each
 */
public record SuiteOptions(
    Path folder, long limit, List<String> environment, Supplier<Platform> platform) {}
