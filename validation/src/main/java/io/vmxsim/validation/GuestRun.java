package io.vmxsim.validation;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.board.Platform;
import io.vmxsim.guests.BootRequest;
import io.vmxsim.guests.Guest;
import io.vmxsim.guests.GuestCatalog;
import io.vmxsim.guests.ImageLoader;
import io.vmxsim.vmcs.ExitReason;
import java.util.List;
import java.util.function.ToLongFunction;

/** A guest of our own, run to its good end. */
final class GuestRun {
  private static final long RAM = 64 << 20;

  /** What isa-debug-exit makes of status 0. */
  private static final int ALL_IS_WELL = 1;

  private final Machine machine;

  private GuestRun(Machine machine) {
    this.machine = machine;
  }

  /**
   * Runs a guest of the catalog with as many processors as it asks for.
   *
   * @param platform the bare machine or a VMM
   * @throws IllegalStateException if the guest does not say that all is well
   */
  static GuestRun of(String name, String commandLine, CpuProfile cpu, Platform platform) {
    Guest guest = GuestCatalog.find(name).orElseThrow();
    StringBuilder printed = new StringBuilder();
    Machine machine = new Machine(cpu, RAM, guest.cpus(), c -> printed.append((char) c), platform);
    ImageLoader.load(new BootRequest(name, guest.image(), commandLine, List.of()), machine);
    MachineEnd end = machine.run(Long.MAX_VALUE);
    if (end.cause() != MachineEnd.Cause.GUEST || end.exitCode() != ALL_IS_WELL) {
      throw new IllegalStateException(
          "%s %s ended by %s: %s".formatted(name, commandLine, end, printed));
    }
    return new GuestRun(machine);
  }

  /** VM exits of all reasons and processors together. */
  long exits() {
    long sum = 0;
    for (ExitReason reason : ExitReason.values()) {
      sum += exits(reason);
    }
    return sum;
  }

  /** VM exits of one reason, of all processors together. */
  long exits(ExitReason reason) {
    return sum(processor -> processor.transitions().exits(reason));
  }

  /** VM exits of one reason, of the processor that started the machine. */
  long exitsOfFirst(ExitReason reason) {
    return machine.processor(0).transitions().exits(reason);
  }

  /** The time that has passed, in cycles. */
  long cycles() {
    return machine.processor(0).now();
  }

  private long sum(ToLongFunction<Processor> of) {
    long sum = 0;
    for (int i = 0; i < machine.processorCount(); i++) {
      sum += of.applyAsLong(machine.processor(i));
    }
    return sum;
  }
}
