/**
 * Interrupt controllers of the APIC architecture: the local APIC of each processor, the I/O APIC,
 * and the network between them ("Advanced Programmable Interrupt Controller (APIC)", chapter 10).
 *
 * <p>Nothing here knows a processor: a local APIC has {@link io.vmxsim.cpu.apic.ApicSignals} for
 * what it asks of its own, and is an {@link io.vmxsim.cpu.apic.InterruptController} to it.
 */
@org.jspecify.annotations.NullMarked
package io.vmxsim.cpu.apic;
