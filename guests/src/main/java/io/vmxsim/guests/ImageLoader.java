package io.vmxsim.guests;

import io.vmxsim.cpu.board.Machine;
import io.vmxsim.vmcs.InputException;

/** Loads a kernel image of any known kind. */
public final class ImageLoader {
  private ImageLoader() {}

  /**
   * Loads an image and leaves the machine's first processor about to run it.
   *
   * @throws InputException if it is of no known kind, damaged, or does not fit
   */
  public static void load(BootRequest request, Machine machine) {
    byte[] image = request.image();
    if (MultibootLoader.accepts(image)) {
      MultibootLoader.load(request, machine);
    } else if (ElfFile.isElf(image)) {
      ElfLoader.load(request, machine);
    } else if (BzImageLoader.accepts(image)) {
      BzImageLoader.load(request, machine);
    } else if (BootSectorLoader.accepts(image)) {
      BootSectorLoader.load(request, machine);
    } else {
      throw new InputException(
          request.source(),
          "",
          "expected a kernel image: with a multiboot header, in ELF, a Linux bzImage, or with a boot"
              + " sector");
    }
  }
}
