package io.vmxsim.cli;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.ept.PageSize;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.ReplayConfiguration;
import io.vmxsim.vmcs.InputException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the modelled guest kernel around a user-level trace does. */
final class GuestOptions {
  @Option(
      names = "--guest-memory",
      paramLabel = "BYTES",
      converter = Count.OfBytes.class,
      description =
          "Guest-physical memory; 64G, or what the CPU can address, by default. A recording has its"
              + " own.")
  private @Nullable Long memory;

  @Option(
      names = "--direct-map",
      paramLabel = "SIZE",
      converter = Choice.OfPageSize.class,
      description = "Pages of the kernel's map of all memory: 1G where the CPU has it, or 2M.")
  private @Nullable PageSize directMap;

  @Option(
      names = "--isolation",
      description = "Page-table isolation: each entry to the kernel and return loads CR3.")
  private boolean isolation;

  @Option(names = "--pcid", description = "Tag address spaces, so that CR3 loads keep the TLB.")
  private boolean pcid;

  @Option(
      names = "--ticks-per-switch",
      paramLabel = "N",
      converter = Count.OfThings.class,
      description = "Timer ticks between context switches among several traces; 0 for none.")
  private long ticksPerSwitch = GuestOsOptions.DEFAULT.ticksPerSwitch();

  @Option(names = "--no-zeroing", description = "Fresh frames are not zeroed.")
  private boolean withoutZeroing;

  @Option(names = "--no-tick-work", description = "A tick is acknowledged and that is all.")
  private boolean withoutTickWork;

  @Option(names = "--no-process-end", description = "A process that ends unmaps nothing.")
  private boolean withoutProcessEnd;

  /**
   * The options for a machine with that CPU.
   *
   * @throws InputException if no kernel could be set up like this
   */
  GuestOsOptions options(CpuProfile cpu) {
    long most = ReplayConfiguration.mostGuestMemory(cpu);
    PageSize largest = cpu.cpuid().has(CpuidFeature.PAGE1GB) ? PageSize.SIZE_1G : PageSize.SIZE_2M;
    PageSize map = directMap == null ? largest : directMap;
    if (map.shift() > largest.shift()) {
      throw new InputException("--direct-map", "1g", cpu.name() + " has no 1-GByte pages");
    }
    long byDefault = Math.min(GuestOsOptions.DEFAULT.memoryBytes(), most);
    try {
      return new GuestOsOptions(
          memory == null ? byDefault : memory,
          GuestOsOptions.DEFAULT.pageShift(), // each run has its own
          map.shift(),
          isolation,
          pcid,
          !withoutZeroing,
          !withoutTickWork,
          (int) Math.min(ticksPerSwitch, Integer.MAX_VALUE),
          !withoutProcessEnd);
    } catch (IllegalArgumentException e) {
      throw new InputException("guest model", "", "expected another " + e.getMessage(), e);
    }
  }
}
