package io.vmxsim.guests;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/** Kernel images of a few instructions, as the specifications lay them out. */
final class ImageBuilder {
  static final int LOAD = 0x10_0000;
  private static final int MAGIC = 0x1badb002;
  private static final int CODE_OFFSET = 0x80;

  private ImageBuilder() {}

  static byte[] code(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  /** ELF32 for the 386: a file header, one program header, a multiboot header, then the code. */
  static byte[] elf32(String hex) {
    byte[] code = code(hex);
    byte[] image = new byte[CODE_OFFSET + code.length];
    ByteBuffer file = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) 3).putInt(1).putInt(LOAD + CODE_OFFSET).putInt(52);
    file.position(42);
    file.putShort((short) 32).putShort((short) 1);
    file.position(52);
    file.putInt(1).putInt(0).putInt(0xc000_0000).putInt(LOAD);
    file.putInt(image.length).putInt(image.length + 0x1000);
    file.position(0x60);
    file.putInt(MAGIC).putInt(0).putInt(-MAGIC);
    file.put(CODE_OFFSET, code);
    return image;
  }

  /** A multiboot header with the addresses in it, {@code before} bytes of junk, then the code. */
  static byte[] flat(int before, String hex) {
    byte[] code = code(hex);
    byte[] image = new byte[before + 32 + code.length];
    Arrays.fill(image, 0, before, (byte) 0xcc);
    ByteBuffer file = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    file.position(before);
    file.putInt(MAGIC).putInt(1 << 16).putInt(-MAGIC - (1 << 16));
    file.putInt(LOAD).putInt(LOAD).putInt(0).putInt(0).putInt(LOAD + 32);
    file.put(code);
    return image;
  }
}
