package io.vmxsim.guests;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.cpu.board.Platform;
import java.util.List;

/** A guest of our own, run to its end: what it printed and how it ended. */
record GuestRun(String printed, MachineEnd end, Machine machine) {
  private static final long RAM = 64 << 20;
  private static final long LIMIT = 50_000_000;

  static GuestRun of(String name, String commandLine, String cpu) {
    return of(name, commandLine, cpu, Platform.BARE);
  }

  static GuestRun of(String name, String commandLine, String cpu, Platform platform) {
    Guest guest = GuestCatalog.find(name).orElseThrow();
    StringBuilder printed = new StringBuilder();
    Machine machine =
        new Machine(
            CpuProfile.of(cpu),
            RAM,
            guest.cpus(),
            character -> printed.append((char) character),
            platform);
    ImageLoader.load(new BootRequest(name, guest.image(), commandLine, List.of()), machine);
    MachineEnd end = machine.run(LIMIT);
    return new GuestRun(printed.toString(), end, machine);
  }

  static GuestRun of(String name, String commandLine) {
    return of(name, commandLine, "max");
  }
}
