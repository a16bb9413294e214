package io.vmxsim.validation.peers;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.vmcs.VmcsField;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A guest of our own, run here and on Bochs with the same VMX capabilities: what it prints, and its
 * VM exits one by one, by reason and qualification, as Bochs' log has them.
 *
 * @param name a guest of the catalog, for one processor
 * @param commandLine what it is told
 */
record GuestOnBochs(String name, String commandLine) {
  private static final long RAM = 64 << 20;
  private static final int DISK_BYTES = 1440 * 1024;
  private static final long LIMIT = 2_000_000_000;
  private static final int SECONDS = 60;

  private static final Pattern EXIT =
      Pattern.compile("VMEXIT reason = (\\d+) .*qualification=0x([0-9a-f]+)");

  /** Debian's Bochs is built with its debugger, which standard input tells to go. */
  private static final String SETTINGS =
      """
      config_interface: textconfig
      display_library: term
      romimage: file=/usr/share/bochs/BIOS-bochs-latest
      vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
      megs: 64
      floppya: 1_44=%1$s/disk, status=inserted
      boot: floppy
      log: %1$s/log
      cpu: model=corei7_skylake_x, ips=50000000
      clock: sync=none, time0=1
      com1: enabled=1, mode=file, dev=%1$s/serial
      panic: action=fatal
      error: action=ignore
      info: action=ignore
      debug: action=ignore, cpu0=report
      """;

  /** What came of a run: the lines that it printed, and its VM exits. */
  record Ran(List<String> printed, List<String> exits) {}

  private Guest guest() {
    return GuestCatalog.find(name).orElseThrow();
  }

  /** On the simulated machine. */
  Ran here() {
    StringBuilder printed = new StringBuilder();
    List<String> exits = new ArrayList<>();
    Machine machine = new Machine(profile(), RAM, 1, c -> printed.append((char) c));
    machine
        .processor(0)
        .transitions()
        .setExitObserver(
            (reason, vmcs) ->
                exits.add(exit(reason.number(), vmcs.get(VmcsField.EXIT_QUALIFICATION))));
    ImageLoader.load(new BootRequest(name, guest().image(), commandLine, List.of()), machine);
    machine.run(LIMIT);
    return new Ran(printed.toString().lines().toList(), exits);
  }

  /** On Bochs; a line is added to what was printed if it had to be killed. */
  Ran there(Path folder) throws IOException {
    Files.write(folder.resolve("disk"), Arrays.copyOf(guest().disk(commandLine), DISK_BYTES));
    Path settings = Files.writeString(folder.resolve("settings"), SETTINGS.formatted(folder));
    Path input = Files.writeString(folder.resolve("input"), "c\n");
    Path serial = folder.resolve("serial");
    Files.deleteIfExists(serial);
    boolean ended =
        PeerProcess.run(
            List.of("env", "TERM=xterm", "bochs", "-q", "-f", settings.toString()),
            input,
            folder.resolve("output"),
            SECONDS);
    List<String> printed = new ArrayList<>();
    if (Files.exists(serial)) {
      Files.readString(serial, StandardCharsets.ISO_8859_1).lines().forEach(printed::add);
    }
    if (!ended) {
      printed.add("(Bochs did not end)");
    }
    try (Stream<String> log = Files.lines(folder.resolve("log"), StandardCharsets.ISO_8859_1)) {
      List<String> exits =
          log.map(EXIT::matcher).filter(Matcher::find).map(GuestOnBochs::exit).toList();
      return new Ran(printed, exits);
    }
  }

  private static String exit(Matcher found) {
    return exit(Integer.parseInt(found.group(1)), Long.parseUnsignedLong(found.group(2), 16));
  }

  private static String exit(int reason, long qualification) {
    return reason + " " + Long.toHexString(qualification);
  }

  private static CpuProfile profile() {
    String file = "bochs-skylake-x.profile";
    try (InputStream in =
        Objects.requireNonNull(GuestOnBochs.class.getResourceAsStream(file), file)) {
      Path copy = Files.createTempFile("vmxsim", ".profile");
      Files.write(copy, in.readAllBytes());
      CpuProfile profile = CpuProfile.read(copy);
      Files.delete(copy);
      return profile;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
