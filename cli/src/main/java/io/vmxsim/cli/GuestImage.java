package io.vmxsim.cli;

import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a user named to be run: a file, or a guest of our own.
 *
 * @param cpus the processors it needs
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
record GuestImage(String name, byte[] bytes, int cpus) {
  /** What the help says of it. */
  static final String DESCRIPTION =
      "A kernel: with a multiboot header, in ELF, a Linux bzImage, or a boot sector; or a guest of"
          + " our own by name (`vmxsim guests` lists them).";

  /**
   * A file if there is one of that name, else the guest of our own.
   *
   * @throws InputException if there is neither
   */
  static GuestImage of(String name) {
    Optional<Guest> own = GuestCatalog.find(name);
    if (own.isPresent() && !Files.exists(Path.of(name))) {
      return new GuestImage(name, own.get().image(), own.get().cpus());
    }
    return new GuestImage(name, read(Path.of(name)), 1);
  }

  /**
   * The bytes of a file.
   *
   * @throws InputException if it cannot be read
   */
  static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException failure) {
      throw InputException.of(file, "expected a readable file", failure);
    }
  }
}
