package io.vmxsim.guests;

import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import java.util.Arrays;

/** A floppy disk whose boot sector loads the image behind it. */
final class BootDisk {
  private static final long ORIGIN = 0x7c00;
  private static final int SECTOR = 512;
  private static final int DISK_BYTES = 1440 * 1024;

  /** The boot sector loads below A0000H, behind 10000H. */
  private static final int MOST_BYTES = 0x9_0000;

  private BootDisk() {}

  /**
   * @throws IllegalArgumentException if the command line is too long for the boot sector, or the
   *     image for conventional memory
   */
  static byte[] of(byte[] image, String commandLine) {
    if (image.length > MOST_BYTES) {
      throw new IllegalArgumentException("an image of " + image.length + " bytes");
    }
    int sectors = (image.length + SECTOR - 1) / SECTOR;
    String source =
        "SECTORS = %d\n".formatted(sectors)
            + Guest.resource("boot-sector.asm")
            + "command_line: db \"%s\", 0\n".formatted(commandLine)
            + "zero 0x7dfe-$\ndw 0xaa55\n";
    byte[] sector = new Assembler(CodeMode.BITS16, ORIGIN).add(source).bytes();
    byte[] disk = Arrays.copyOf(sector, DISK_BYTES);
    System.arraycopy(image, 0, disk, SECTOR, image.length);
    return disk;
  }
}
