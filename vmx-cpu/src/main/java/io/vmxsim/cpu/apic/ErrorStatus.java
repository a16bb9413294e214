package io.vmxsim.cpu.apic;

/**
 * The error status register ("Error Handling", 10.5.3): errors are collected and become visible
 * when software writes the register, which arms the error interrupt again too.
 */
final class ErrorStatus {
  static final int SEND_ILLEGAL_VECTOR = 1 << 5;
  static final int RECEIVE_ILLEGAL_VECTOR = 1 << 6;
  static final int ILLEGAL_REGISTER_ADDRESS = 1 << 7;

  private int collected;
  private int visible;
  private boolean disarmed;

  /**
   * Collects an error.
   *
   * @return whether it causes an error interrupt
   */
  boolean detect(int error) {
    collected |= error;
    boolean interrupts = !disarmed;
    disarmed = true;
    return interrupts;
  }

  int read() {
    return visible;
  }

  void write() {
    visible = collected;
    collected = 0;
    disarmed = false;
  }

  void reset() {
    collected = 0;
    visible = 0;
    disarmed = false;
  }
}
