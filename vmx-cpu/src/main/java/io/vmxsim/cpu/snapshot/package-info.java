/**
 * Snapshots: the state of a machine in a file, from which a new process goes on as the old one
 * would have.
 *
 * <p>What is saved is the graph of objects that a machine consists of, field by field, so that no
 * state can be forgotten; see {@code docs/snapshots.md}. {@link io.vmxsim.cpu.snapshot.Snapshot} is
 * the way in.
 */
@NullMarked
package io.vmxsim.cpu.snapshot;

import org.jspecify.annotations.NullMarked;
