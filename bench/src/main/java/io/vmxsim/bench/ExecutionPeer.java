package io.vmxsim.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A simulator that may be installed, started as a process on a boot disk. Needs a POSIX shell,
 * whose {@code times} tells the processor time of what it ran.
 */
enum ExecutionPeer {
  /** Bochs as Debian builds it, with its debugger: standard input tells it to go. */
  BOCHS("Bochs", "bochs") {
    @Override
    List<String> command(Path directory, Path disk) throws IOException {
      Path settings = directory.resolve("bochsrc");
      Files.writeString(
          settings,
          BOCHSRC.formatted(disk, directory.resolve("bochs.log"), directory.resolve(SERIAL)));
      return List.of("env", "TERM=xterm", "bochs", "-q", "-f", settings.toString());
    }
  },
  /** QEMU's software CPU, a dynamic translator. */
  QEMU("QEMU TCG", "qemu-system-x86_64") {
    @Override
    List<String> command(Path directory, Path disk) {
      String options =
          "-accel tcg -display none -no-reboot -debugcon stdio"
              + " -device isa-debug-exit,iobase=0xf4 -drive format=raw,if=floppy,file="
              + disk
              + " -serial file:"
              + directory.resolve(SERIAL);
      return List.of(("qemu-system-x86_64 " + options).split(" ", -1));
    }
  };

  private static final String BOCHSRC =
      """
      config_interface: textconfig
      display_library: term
      romimage: file=/usr/share/bochs/BIOS-bochs-latest
      vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
      megs: 64
      floppya: 1_44=%s, status=inserted
      boot: floppy
      log: %s
      cpu: model=corei7_sandy_bridge_2600k, ips=50000000
      clock: sync=none, time0=1
      port_e9_hack: enabled=1
      com1: enabled=1, mode=file, dev=%s
      panic: action=fatal
      error: action=ignore
      info: action=ignore
      """;

  /** What the guest sends through its serial port. */
  private static final String SERIAL = "serial";

  private static final int DISK_BYTES = 1440 * 1024;
  private static final int TIMEOUT_SECONDS = 300;

  final String title;
  private final String program;

  ExecutionPeer(String title, String program) {
    this.title = title;
    this.program = program;
  }

  abstract List<String> command(Path directory, Path disk) throws IOException;

  /** Whether the program is on the search path. */
  boolean isInstalled() {
    String path = System.getenv("PATH");
    return path != null
        && Arrays.stream(path.split(":", -1))
            .anyMatch(at -> Files.isExecutable(Path.of(at, program)));
  }

  /**
   * Runs a guest to its end.
   *
   * @param bootDisk the first sectors of a floppy disk that boots it
   * @param expected what the guest writes to port E9H or its serial port
   * @param directory for files, which the caller deletes
   * @return processor time in seconds, the start of the simulator and the BIOS included
   * @throws IllegalStateException if the guest did not write {@code expected}
   */
  double run(byte[] bootDisk, String expected, Path directory)
      throws IOException, InterruptedException {
    Path disk = directory.resolve("disk");
    Files.write(disk, Arrays.copyOf(bootDisk, DISK_BYTES));
    Path input = Files.writeString(directory.resolve("input"), "c\n");
    Path output = directory.resolve("output");
    Path times = directory.resolve("times");
    List<String> shell =
        List.of("sh", "-c", "out=$1; shift; \"$@\" > $out 2>&1; times", "sh", output.toString());
    List<String> command = new ArrayList<>(shell);
    command.addAll(command(directory, disk));
    Process process =
        new ProcessBuilder(command)
            .redirectInput(input.toFile())
            .redirectOutput(times.toFile())
            .start();
    if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      throw new IllegalStateException(title + " did not end");
    }
    String said = Files.readString(output, StandardCharsets.ISO_8859_1);
    Path serial = directory.resolve(SERIAL);
    if (Files.exists(serial)) {
      said += Files.readString(serial, StandardCharsets.ISO_8859_1);
    }
    if (!said.contains(expected)) {
      throw new IllegalStateException(title + " did not compute " + expected);
    }
    return ofChildren(Files.readString(times));
  }

  /** User and system time of children: the second line, such as {@code 0m3.253s 0m0.056s}. */
  private static double ofChildren(String times) {
    String[] words = times.lines().skip(1).findFirst().orElseThrow().trim().split("[ms ]+", -1);
    double seconds = 0;
    for (int i = 0; i + 1 < words.length; i += 2) {
      seconds += 60 * Double.parseDouble(words[i]) + Double.parseDouble(words[i + 1]);
    }
    return seconds;
  }
}
