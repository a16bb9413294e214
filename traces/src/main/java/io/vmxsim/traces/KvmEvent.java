package io.vmxsim.traces;

import io.vmxsim.vmcs.ExitReason;
import org.jspecify.annotations.Nullable;

/**
 * A line of a KVM trace.
 *
 * @param point which tracepoint; null if it is one that is not read
 * @param name the tracepoint's name in the kernel
 * @param thread the thread that ran the virtual CPU
 * @param nanoseconds of the kernel's trace clock
 * @param reason the exit reason; null unless this is an exit
 * @param address instruction of an exit, address of a fault or MMIO, port, or MSR
 * @param info exit qualification of an exit
 */
record KvmEvent(
    @Nullable KvmTracepoint point,
    String name,
    int thread,
    long nanoseconds,
    @Nullable ExitReason reason,
    long address,
    long info) {}
