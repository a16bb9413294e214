package io.vmxsim.cpu.decode;

/**
 * The default size of code, which decides how its bytes decode (SDM volume 1, “Operand-Size and
 * Address-Size Attributes”): 64-bit mode, else the D flag of CS.
 */
public enum CodeMode {
  BITS16(2),
  BITS32(4),
  BITS64(8);

  private final int addressSize;

  CodeMode(int addressSize) {
    this.addressSize = addressSize;
  }

  /** Bytes of an address without an address-size prefix. */
  public int addressSize() {
    return addressSize;
  }
}
