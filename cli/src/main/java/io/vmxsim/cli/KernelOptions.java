package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.vmcs.InputException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The machine that a kernel gets and how long it runs, of the commands that run one. */
final class KernelOptions {
  private static final long LEAST_MEMORY = 1 << 20;
  private static final int MOST_CPUS = 128;

  @Option(
      names = "--cpu",
      paramLabel = "NAME|FILE[,+FEATURE|-FEATURE]",
      description =
          "CPU profile, max by default (`vmxsim cpus` lists them), with features added and taken"
              + " away: max,-pku,+x2apic,phys-bits=39.")
  private String cpu = "max";

  @Option(
      names = "--memory",
      paramLabel = "BYTES",
      converter = Count.OfBytes.class,
      description = "RAM; 128M by default.")
  private long memory = 128L << 20;

  @Option(
      names = "--cpus",
      paramLabel = "N",
      description = "Processors; 1 by default, or as many as a guest of our own needs.")
  private @Nullable Integer cpusGiven;

  @Option(names = "--append", paramLabel = "TEXT", description = "The kernel's command line.")
  private String commandLine = "";

  @Option(
      names = "--initrd",
      paramLabel = "FILE",
      split = ",",
      description = "Loaded besides the kernel: its modules, or Linux's initial RAM disk.")
  private List<Path> modules = new ArrayList<>();

  @Option(
      names = "--max-instructions",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "Stop after N instructions, with exit code 8.")
  private long limit = Long.MAX_VALUE;

  @Option(
      names = "--trace-exec",
      description = "Print every instruction on standard error: processor, RIP, disassembly.")
  private boolean traceExecution;

  @Option(
      names = "--explain-entry-failures",
      description =
          "Say on standard error which rule each failed VM entry breaks, and what mends it.")
  private boolean explainEntryFailures;

  @Option(
      names = "--gdb",
      paramLabel = "PORT",
      description =
          "Wait for a debugger on this port of localhost, 0 for any that is free, and have it run"
              + " the machine; docs/gdb.md.")
  private @Nullable Integer gdb;

  @Option(
      names = "--serial",
      paramLabel = "FILE",
      description = "Write what the guest sends through the serial port there; - prints it.")
  private String serial = SerialOutput.PRINTED;

  /** The processors of the machine. */
  CpuProfile cpu() {
    return CpuProfile.of(cpu);
  }

  /** How the user named them. */
  String cpuName() {
    return cpu;
  }

  /** How many of them, for that kernel. */
  int cpus(GuestImage kernel) {
    int cpus = cpusGiven == null ? kernel.cpus() : cpusGiven;
    require(cpus >= 1 && cpus <= MOST_CPUS, "--cpus", "1 to " + MOST_CPUS);
    return cpus;
  }

  /** RAM in bytes. */
  long memory() {
    require(memory >= LEAST_MEMORY, "--memory", "1M or more");
    return memory;
  }

  /** The kernel with its command line and modules. */
  BootRequest request(GuestImage kernel) {
    kernel.checkCommandLine(commandLine);
    return new BootRequest(kernel.name(), kernel.bytes(), commandLine, readModules());
  }

  private List<BootRequest.Module> readModules() {
    return modules.stream()
        .map(file -> new BootRequest.Module(file.toString(), GuestImage.read(file)))
        .toList();
  }

  /** Instructions after which to stop. */
  long limit() {
    return limit;
  }

  /** The port that a debugger connects to; null if none is wanted. */
  @Nullable Integer gdb() {
    return gdb;
  }

  boolean traceExecution() {
    return traceExecution;
  }

  boolean explainEntryFailures() {
    return explainEntryFailures;
  }

  /**
   * Where the serial port leads to.
   *
   * @param sent bytes that the guest had sent before
   */
  SerialOutput serial(PrintWriter printed, long sent) {
    return new SerialOutput(printed, serial, sent);
  }

  private static void require(boolean condition, String option, String expected) {
    if (!condition) {
      throw new InputException(option, "", "expected " + expected);
    }
  }
}
