/**
 * What the author of a hypervisor needs for tests of their own, published as the artifact {@code
 * vmxsim-cpu} with the classifier {@code test-support}: a guest about to be entered, and random
 * ones for properties.
 */
@org.jspecify.annotations.NullMarked
package io.vmxsim.cpu.testing;
