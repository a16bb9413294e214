package io.vmxsim.cpu;

/** The processor (seam: the body follows with the VMX instructions). */
public final class Processor {}
