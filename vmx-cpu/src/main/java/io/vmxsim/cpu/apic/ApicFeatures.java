package io.vmxsim.cpu.apic;

/**
 * What a processor's local APIC has.
 *
 * @param x2apic x2APIC mode, CPUID.01H:ECX[21]
 * @param tscDeadline the timer's TSC-deadline mode, CPUID.01H:ECX[24]
 * @param addressBits MAXPHYADDR
 * @param cyclesPerTick core cycles for one tick of the timer's clock, before it is divided
 */
public record ApicFeatures(
    boolean x2apic, boolean tscDeadline, int addressBits, int cyclesPerTick) {}
