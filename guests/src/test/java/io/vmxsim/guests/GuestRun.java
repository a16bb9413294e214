package io.vmxsim.guests;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import java.util.List;

/** A guest of our own, run to its end on the bare machine: what it printed and how it ended. */
record GuestRun(String printed, MachineEnd end, Machine machine) {
  private static final long RAM = 64 << 20;
  private static final long LIMIT = 50_000_000;

  static GuestRun of(String name, String commandLine, String cpu) {
    Guest guest = GuestCatalog.find(name).orElseThrow();
    StringBuilder printed = new StringBuilder();
    Machine machine =
        new Machine(
            CpuProfile.of(cpu), RAM, guest.cpus(), character -> printed.append((char) character));
    ImageLoader.load(new BootRequest(name, guest.image(), commandLine, List.of()), machine);
    MachineEnd end = machine.run(LIMIT);
    return new GuestRun(printed.toString(), end, machine);
  }

  static GuestRun of(String name, String commandLine) {
    return of(name, commandLine, "max");
  }
}
