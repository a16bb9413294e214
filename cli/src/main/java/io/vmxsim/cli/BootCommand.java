package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.EntryFailureObserver;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.board.ShutdownReport;
import io.vmxsim.cpu.decode.Disassembler;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.traces.MachineReport;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.doctor.Diagnosis;
import io.vmxsim.vmcs.doctor.DiagnosisText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a kernel image on the bare machine. */
@Command(
    name = "boot",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    description = {
      "Runs a kernel image on the bare simulated machine: a PC with a serial port, whose output is"
          + " printed as it comes. The guest's isa-debug-exit status s becomes exit code 2s+1.",
    })
final class BootCommand implements Callable<Integer> {
  private enum Output {
    TEXT,
    JSON
  }

  static final class OutputChoice extends Choice<Output> {
    OutputChoice() {
      super(Output.values(), Output::name);
    }
  }

  private static final long LEAST_MEMORY = 1 << 20;
  private static final int MOST_CPUS = 64;

  @Parameters(
      paramLabel = "IMAGE",
      description =
          "A kernel: with a multiboot header, in ELF, a Linux bzImage, or a boot sector; or a guest"
              + " of our own by name (`vmxsim guests` lists them).")
  private String image = "";

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
      names = "--serial",
      paramLabel = "FILE",
      description = "Write what the guest sends through the serial port there; - prints it.")
  private String serial = SerialOutput.PRINTED;

  @Option(
      names = "--output",
      paramLabel = "FORM",
      converter = OutputChoice.class,
      completionCandidates = OutputChoice.class,
      description = "Statistics at the end, behind the serial output: ${COMPLETION-CANDIDATES}.")
  private @Nullable Output output;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    require(memory >= LEAST_MEMORY, "--memory", "1M or more");
    GuestImage kernel = GuestImage.of(image);
    int cpus = cpusGiven == null ? kernel.cpus() : cpusGiven;
    require(cpus >= 1 && cpus <= MOST_CPUS, "--cpus", "1 to " + MOST_CPUS);
    CountDownLatch finished = new CountDownLatch(1);
    try (SerialOutput sent = new SerialOutput(spec.commandLine().getOut(), serial)) {
      Machine machine = new Machine(CpuProfile.of(cpu), memory, cpus, sent);
      ImageLoader.load(
          new BootRequest(kernel.name(), kernel.bytes(), commandLine, readModules()), machine);
      for (int i = 0; traceExecution && i < cpus; i++) {
        int number = i;
        machine.observe(i, (processor, instruction) -> trace(number, processor, instruction));
      }
      for (int i = 0; explainEntryFailures && i < cpus; i++) {
        machine.processor(i).setEntryFailureObserver(explainTo("processor " + i));
      }
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(machine, finished)));
      try {
        MachineEnd end = machine.run(limit);
        sent.flush();
        return report(machine, end);
      } catch (NotModelledException stop) {
        sent.flush();
        spec.commandLine().getErr().print("vmxsim: " + stop.getMessage() + ": " + where(machine));
        return ExitCode.NOT_MODELLED;
      }
    } finally {
      finished.countDown();
    }
  }

  /** Ctrl-C: the JVM goes once the machine has stopped and its statistics are printed. */
  private static void stop(Machine machine, CountDownLatch finished) {
    machine.interrupt();
    try {
      finished.await();
    } catch (InterruptedException impatient) {
      Thread.currentThread().interrupt();
    }
  }

  private static void require(boolean condition, String option, String expected) {
    if (!condition) {
      throw new InputException(option, "", "expected " + expected);
    }
  }

  private void trace(int number, Processor processor, Instruction instruction) {
    long rip = processor.state().rip;
    spec.commandLine()
        .getErr()
        .printf("%d %016x %s%n", number, rip, Disassembler.text(instruction, rip));
  }

  private EntryFailureObserver explainTo(String name) {
    PrintWriter err = spec.commandLine().getErr();
    return (processor, vmcs, rule, context) -> {
      String source = "%s at RIP %x".formatted(name, processor.state().rip);
      String model = processor.profile().name();
      err.println(DiagnosisText.of(Diagnosis.ofEntry(source, model, vmcs, rule, context), false));
    };
  }

  private List<BootRequest.Module> readModules() {
    return modules.stream()
        .map(file -> new BootRequest.Module(file.toString(), GuestImage.read(file)))
        .toList();
  }

  private static String where(Machine machine) {
    return ShutdownReport.of(machine.processor(machine.current()));
  }

  private int report(Machine machine, MachineEnd end) {
    if (output != null) {
      String report =
          output == Output.JSON ? MachineReport.json(machine) : MachineReport.text(machine);
      spec.commandLine().getOut().print(report);
      spec.commandLine().getOut().flush();
    }
    PrintWriter err = spec.commandLine().getErr();
    switch (end.cause()) {
      case GUEST -> {
        return end.exitCode();
      }
      case RESET -> {
        err.println("vmxsim: the guest reset the machine");
        return ExitCode.FINE;
      }
      case TRIPLE_FAULT -> {
        err.print("vmxsim: triple fault: " + where(machine));
        err.flush();
        return ExitCode.TRIPLE_FAULT;
      }
      case LIMIT -> {
        err.println("vmxsim: stopped after " + limit + " instructions (--max-instructions)");
        return ExitCode.LIMIT;
      }
      case INTERRUPTED -> {
        err.println("vmxsim: interrupted: " + machine.processor(end.processor()));
        err.print(output == null ? MachineReport.text(machine) : "");
        err.flush();
        return ExitCode.INTERRUPTED;
      }
      case HALTED -> {
        err.println("vmxsim: halted for good: " + machine.processor(end.processor()));
        return ExitCode.FINE;
      }
    }
    throw new IllegalStateException("unknown end " + end);
  }
}
