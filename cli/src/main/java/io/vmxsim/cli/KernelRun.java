package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.EntryFailureObserver;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.cpu.decode.Disassembler;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.snapshot.Snapshot;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.traces.MachineReport;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmxAbort;
import io.vmxsim.vmcs.doctor.Diagnosis;
import io.vmxsim.vmcs.doctor.DiagnosisText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Runs a kernel to its end and says how that came. */
final class KernelRun {
  private final PrintWriter out;
  private final PrintWriter err;
  private final KernelOptions options;
  private @Nullable Checkpoint checkpoint;
  private Runnable whenLoaded = () -> {};

  KernelRun(CommandSpec spec, KernelOptions options) {
    out = spec.commandLine().getOut();
    err = spec.commandLine().getErr();
    this.options = options;
  }

  /** Has something done when the machine has the state that it starts in. */
  KernelRun whenLoaded(Runnable action) {
    whenLoaded = action;
    return this;
  }

  /** Has the run leave snapshots. */
  KernelRun leaving(@Nullable Checkpoint wanted) {
    checkpoint = wanted;
    return this;
  }

  /** Watches a machine that has not run yet, and says behind its end what to print. */
  interface Statistics extends BiFunction<BootFacts, Machine, Supplier<String>> {}

  /**
   * Runs a kernel.
   *
   * @param said options that bear on the machine, for snapshots
   * @param statistics is given the machine before it runs, and asked behind its end for what to
   *     print, which may be nothing
   * @return the exit code
   */
  int run(GuestImage kernel, Map<String, String> said, Platform platform, Statistics statistics) {
    String command = platform == Platform.BARE ? BootFacts.BOOT : BootFacts.RUN;
    int cpus = options.cpus(kernel);
    return run(
        new BootFacts(command, kernel.name(), options.cpuName(), options.memory(), cpus, said, 0),
        platform,
        machine -> ImageLoader.load(options.request(kernel), machine),
        statistics);
  }

  /** As {@link #run}, from a snapshot on that {@code command} left. */
  int goOn(
      Path from, String command, Function<BootFacts, Platform> platform, Statistics statistics) {
    try (Snapshot snapshot = Snapshot.open(from)) {
      BootFacts facts = BootFacts.of(from, command, snapshot.facts());
      return run(
          facts,
          platform.apply(facts),
          machine -> snapshot.restore(machine.contents()),
          statistics);
    }
  }

  /**
   * @param preparation gives a new machine the state that it starts in
   */
  private int run(
      BootFacts facts, Platform platform, Consumer<Machine> preparation, Statistics statistics) {
    CountDownLatch finished = new CountDownLatch(1);
    try (SerialOutput sent = options.serial(out, facts.sent())) {
      CpuProfile cpu = CpuProfile.of(facts.cpu());
      Machine machine = new Machine(cpu, facts.memory(), facts.cpus(), sent, platform);
      Supplier<String> report = statistics.apply(facts, machine); // a snapshot has counts, too
      preparation.accept(machine);
      whenLoaded.run();
      leaveSnapshots(machine, facts, sent);
      observe(machine);
      return WhenInterrupted.run(
          () -> stop(machine, finished), () -> exitCode(machine, sent, report));
    } finally {
      finished.countDown();
    }
  }

  private int exitCode(Machine machine, SerialOutput sent, Supplier<String> report) {
    try {
      MachineEnd end = run(machine);
      sent.flush();
      return report(machine, end, report.get());
    } catch (NotModelledException stop) {
      sent.flush();
      err.print("vmxsim: " + stop.getMessage() + ": " + where(machine));
      err.flush();
      return ExitCode.NOT_MODELLED;
    }
  }

  /** Runs a machine to its end, or has a debugger do so. */
  private MachineEnd run(Machine machine) {
    Integer port = options.gdb();
    if (port == null) {
      return machine.run(options.limit());
    }
    try (GdbListener listener = GdbListener.on(port, err)) {
      return WhenInterrupted.run(listener::close, () -> listener.serve(machine, options.limit()));
    }
  }

  private void leaveSnapshots(Machine machine, BootFacts facts, SerialOutput sent) {
    Checkpoint wanted = checkpoint;
    if (wanted != null) {
      machine.checkpointEvery(
          wanted.every(),
          () -> {
            sent.flush();
            Map<String, String> text = facts.withSent(sent.sent()).asText();
            Snapshot.save(wanted.file(), text, machine.contents());
          });
    }
  }

  private void observe(Machine machine) {
    for (int i = 0; i < machine.processorCount(); i++) {
      int number = i;
      if (options.traceExecution()) {
        machine.observe(i, (processor, instruction) -> trace(number, processor, instruction));
      }
      if (options.explainEntryFailures()) {
        machine.processor(i).transitions().setEntryFailureObserver(explainTo("processor " + i));
      }
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

  private void trace(int number, Processor processor, Instruction instruction) {
    long rip = processor.state().rip;
    err.printf("%d %016x %s%n", number, rip, Disassembler.text(instruction, rip));
  }

  private EntryFailureObserver explainTo(String name) {
    return (processor, vmcs, rule, context) -> {
      String source = "%s at RIP %x".formatted(name, processor.state().rip);
      String model = processor.profile().name();
      err.println(DiagnosisText.of(Diagnosis.ofEntry(source, model, vmcs, rule, context), false));
    };
  }

  private static String where(Machine machine) {
    return machine.shutdownReport(machine.current());
  }

  private int report(Machine machine, MachineEnd end, String report) {
    out.print(report);
    out.flush();
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
      case VMX_ABORT -> {
        VmxAbort abort = machine.processor(end.processor()).vmxAbort();
        err.println("vmxsim: VMX abort: " + (abort == null ? "?" : abort.reason()));
        err.print(where(machine));
        err.flush();
        return ExitCode.TRIPLE_FAULT;
      }
      case LIMIT -> {
        err.println(
            "vmxsim: stopped after " + options.limit() + " instructions (--max-instructions)");
        return ExitCode.LIMIT;
      }
      case INTERRUPTED -> {
        err.println("vmxsim: interrupted: " + machine.processor(end.processor()));
        err.print(report.isEmpty() ? MachineReport.text(machine) : "");
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
