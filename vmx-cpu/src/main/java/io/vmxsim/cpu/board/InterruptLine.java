package io.vmxsim.cpu.board;

/** A wire from a device to an interrupt controller's input. */
public interface InterruptLine {
  /** A wire that ends nowhere. */
  InterruptLine UNCONNECTED = high -> {};

  /** Drives the wire. */
  void set(boolean high);
}
