package io.vmxsim.cli;

import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a user named to be run: a file, or a guest of our own.
 *
 * @param cpus the processors it needs
 * @param own the guest of our own, or null
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
record GuestImage(String name, byte[] bytes, int cpus, @Nullable Guest own) {
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
      return new GuestImage(name, own.get().image(), own.get().cpus(), own.get());
    }
    return new GuestImage(name, read(Path.of(name)), 1, null);
  }

  /**
   * Looks at a command line that is for it: any will do for a file.
   *
   * @throws InputException if it is a guest of our own that does not understand a word
   */
  void checkCommandLine(String commandLine) {
    if (own != null) {
      checkCommandLine(own, commandLine);
    }
  }

  /** The same for a guest of our own. */
  static void checkCommandLine(Guest guest, String commandLine) {
    Optional<String> strange = guest.notUnderstood(commandLine);
    if (strange.isPresent()) {
      String known =
          guest.parameters().stream().map(Object::toString).collect(Collectors.joining(", "));
      throw new InputException(
          "--append",
          strange.get(),
          "expected " + (known.isEmpty() ? "nothing" : known) + " for " + guest.name());
    }
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
