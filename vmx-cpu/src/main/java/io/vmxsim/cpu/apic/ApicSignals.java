package io.vmxsim.cpu.apic;

/** What a local APIC asks of the processor that it is part of. */
public interface ApicSignals {

  /** The time in core cycles, which never goes back. */
  long cycles();

  /** The time-stamp counter, which counts core cycles too but can be set. */
  long timeStampCounter();

  /** A non-maskable interrupt. */
  void nmi();

  /** An INIT. */
  void init();

  /** A start-up IPI; the start-up code is at {@code vector} times 4096. */
  void startUp(int vector);
}
