package io.vmxsim.vmcs;

/**
 * Pin-based VM-execution controls: which asynchronous events cause VM exits.
 *
 * <p>Source: SDM (June 2016) 24.6.1 “Pin-Based VM-Execution Controls”.
 */
public enum PinControl implements Control {
  EXTERNAL_INTERRUPT_EXITING(0),
  NMI_EXITING(3),
  VIRTUAL_NMIS(5),
  ACTIVATE_VMX_PREEMPTION_TIMER(6),
  PROCESS_POSTED_INTERRUPTS(7);

  private final int bit;

  PinControl(int bit) {
    this.bit = bit;
  }

  @Override
  public int bit() {
    return bit;
  }

  @Override
  public ControlWord word() {
    return ControlWord.PIN_BASED;
  }
}
