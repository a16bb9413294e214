package io.vmxsim.cpu.decode;

import io.vmxsim.cpu.decode.Argument.Address;
import java.io.ByteArrayOutputStream;

/**
 * Writes ModRM, SIB and displacement of a memory operand (SDM volume 2, “Addressing-Mode
 * Encoding”).
 */
final class AddressEncoder {
  private static final int NO_REGISTER = Instruction.NO_REGISTER;
  private static final int BP = 5;
  private static final int SP = 4;

  private final Argument argument;
  private final Address address;
  private final int size;
  private final boolean bits64;

  AddressEncoder(Argument argument, Address address, int size, boolean bits64) {
    this.argument = argument;
    this.address = address;
    this.size = size;
    this.bits64 = bits64;
  }

  /**
   * Writes them.
   *
   * @param reg ModRM.reg in place
   * @param end what RIP is when a displacement of four bytes is added to it
   */
  void write(ByteArrayOutputStream out, int reg, long end) {
    if (size == 2) {
      write16(out, reg);
    } else if (address.base() == Instruction.RIP || address.relative()) {
      out.write(reg | BP);
      Encoder.write(out, address.relative() ? argument.value() - end : argument.value(), 4);
    } else if (address.base() == NO_REGISTER && address.index() == NO_REGISTER && !bits64) {
      out.write(reg | BP);
      Encoder.write(out, argument.value(), 4);
    } else {
      write32(out, reg);
    }
  }

  private void write32(ByteArrayOutputStream out, int reg) {
    boolean based = address.base() != NO_REGISTER;
    int base = based ? address.base() & 7 : BP;
    boolean sib = !based || address.index() != NO_REGISTER || base == SP;
    int bytes = !based ? 4 : displacementBytes(base == BP);
    int mod = !based || bytes == 0 ? 0 : bytes == 1 ? 0x40 : 0x80;
    out.write(mod | reg | (sib ? SP : base));
    if (sib) {
      int index = address.index() == NO_REGISTER ? SP : address.index() & 7;
      out.write(address.scale() << 6 | index << 3 | base);
    }
    Encoder.write(out, argument.value(), bytes);
  }

  private void write16(ByteArrayOutputStream out, int reg) {
    int base = address.base();
    int index = address.index();
    boolean swapped = index == 3 || index == BP;
    int rm =
        switch (swapped ? index << 8 | base : base << 8 | index) {
          case 3 << 8 | 6 -> 0;
          case 3 << 8 | 7 -> 1;
          case BP << 8 | 6 -> 2;
          case BP << 8 | 7 -> 3;
          case 6 << 8 | NO_REGISTER -> 4;
          case 7 << 8 | NO_REGISTER -> 5;
          case BP << 8 | NO_REGISTER, NO_REGISTER << 8 | NO_REGISTER -> 6;
          case 3 << 8 | NO_REGISTER -> 7;
          default -> throw new IllegalArgumentException("no such pair of 16-bit registers");
        };
    boolean absolute = base == NO_REGISTER && index == NO_REGISTER;
    int bytes = absolute ? 2 : Math.min(2, displacementBytes(rm == 6));
    int mod = absolute || bytes == 0 ? 0 : bytes == 1 ? 0x40 : 0x80;
    out.write(mod | reg | rm);
    Encoder.write(out, argument.value(), bytes);
  }

  private int displacementBytes(boolean needed) {
    long value = argument.value();
    if (argument.symbolic()) {
      return 4;
    }
    return value == 0 && !needed ? 0 : value == (byte) value ? 1 : 4;
  }
}
