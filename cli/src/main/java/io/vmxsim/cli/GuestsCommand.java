package io.vmxsim.cli;

import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the guests of our own, or shows one. */
@Command(
    name = "guests",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Lists the guest programs that come with vmxsim; with a name, shows that guest's source, or"
          + " writes it in a form that other machines boot.",
      "docs/guests.md tells what they are for.",
    })
final class GuestsCommand implements Runnable {
  @Parameters(paramLabel = "NAME", arity = "0..1", description = "The guest to show.")
  private @Nullable String name;

  @Option(names = "--image", paramLabel = "FILE", description = "Write the multiboot image there.")
  private @Nullable Path image;

  @Option(
      names = "--disk",
      paramLabel = "FILE",
      description = "Write a floppy disk there that boots the guest by a PC's BIOS.")
  private @Nullable Path disk;

  @Option(
      names = "--append",
      paramLabel = "TEXT",
      description = "The command line of the guest on the disk.")
  private String commandLine = "";

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    if (name == null) {
      out.print(list());
    } else {
      show(name, out);
    }
  }

  private void show(String wanted, PrintWriter out) {
    Guest guest =
        GuestCatalog.find(wanted)
            .orElseThrow(() -> new InputException(wanted, "", "expected a guest that is listed"));
    if (image != null) {
      write(image, guest.image());
    }
    if (disk != null) {
      GuestImage.checkCommandLine(guest, commandLine);
      if (commandLine.length() > Guest.MOST_TEXT) {
        throw new InputException("--append", "", "expected at most " + Guest.MOST_TEXT + " bytes");
      }
      write(disk, guest.disk(commandLine));
    }
    if (image == null && disk == null) {
      out.print(guest.source());
    }
  }

  /** A line for each guest. */
  static String list() {
    StringBuilder text = new StringBuilder();
    for (Guest guest : GuestCatalog.list()) {
      text.append(String.format("%-24s %s%n", guest.name(), guest.title()));
    }
    return text.toString();
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Files.write(file, bytes);
    } catch (IOException failure) {
      throw InputException.of(file, "expected a file to write to", failure);
    }
  }
}
