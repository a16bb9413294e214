package io.vmxsim.traces;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.Processor;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.vmcs.EptVpidCapability;
import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmm.ShadowPolicy;
import io.vmxsim.vmm.Vm;
import io.vmxsim.vmm.VmOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * One way to replay a trace.
 *
 * @param paging how guest addresses are translated
 * @param policy what the VMM does about a guest's page-table write; matters with SHADOW only
 * @param unsync whether shadowed leaf tables may go out of step until the guest flushes; SHADOW
 *     only
 * @param guestPage the guest's page size
 * @param hostPage the VMM's page size behind guest memory; ignored when NATIVE
 * @param cpu capabilities, translation caches and prices
 */
public record ReplayConfiguration(
    Paging paging,
    ShadowPolicy policy,
    boolean unsync,
    PageSize guestPage,
    PageSize hostPage,
    CpuProfile cpu) {

  /**
   * Checks that the CPU has what is asked for.
   *
   * @throws InputException naming what it lacks
   */
  public ReplayConfiguration {
    if (guestPage == PageSize.SIZE_1G && !cpu.cpuid().has(CpuidFeature.PAGE1GB)) {
      throw new InputException("--guest-page", "1g", cpu.name() + " has no 1-GByte pages");
    }
    if (paging == Paging.EPT
        && hostPage == PageSize.SIZE_1G
        && !cpu.vmxCapabilities().supports(EptVpidCapability.PAGES_1G)) {
      throw new InputException("--host-page", "1g", cpu.name() + " has no 1-GByte EPT pages");
    }
    if (paging == Paging.SHADOW && !permits(policy, unsync, cpu)) {
      throw new InputException(
          "--shadow-policy",
          "bypass",
          "expected no --unsync, and a CPU with reserved physical-address bits, which "
              + cpu.name()
              + " "
              + (hasReservedBits(cpu) ? "has" : "lacks"));
    }
  }

  /** With pages of 4 KBytes, and the policy {@link ShadowPolicy#UPDATE} where it matters. */
  public static ReplayConfiguration of(Paging paging, CpuProfile cpu) {
    return new ReplayConfiguration(
        paging, ShadowPolicy.UPDATE, false, PageSize.SIZE_4K, PageSize.SIZE_4K, cpu);
  }

  /**
   * Whether a shadow policy can be had. BYPASS marks entries by reserved physical-address bits,
   * which a CPU with MAXPHYADDR 52 has not, and must learn of entries at once, which unsync tables
   * forbid.
   */
  public static boolean permits(ShadowPolicy policy, boolean unsync, CpuProfile cpu) {
    return policy != ShadowPolicy.BYPASS || (!unsync && hasReservedBits(cpu));
  }

  private static boolean hasReservedBits(CpuProfile cpu) {
    return cpu.cpuid().maxPhyAddr() < 52;
  }

  /** The most guest memory that a machine with that CPU has room for, in bytes. */
  public static long mostGuestMemory(CpuProfile cpu) {
    return (1L << cpu.cpuid().maxPhyAddr()) - Vm.RESERVED_FOR_HOST;
  }

  /**
   * The processors of a machine of this configuration, with the same memory.
   *
   * @throws InputException if the CPU's physical addresses do not reach that far
   */
  List<ReplayMachine> machines(long guestBytes, int processors) {
    long most = mostGuestMemory(cpu);
    if (guestBytes > most) {
      throw new InputException(
          "--guest-memory",
          (guestBytes >> 20) + "M",
          "expected at most " + (most >> 20) + "M, for the physical addresses of " + cpu.name());
    }
    PhysicalMemory memory = new PhysicalMemory(cpu.cpuid().maxPhyAddr());
    VmOptions options =
        paging == Paging.EPT
            ? VmOptions.ept(hostPage)
            : VmOptions.shadow(policy, hostPage).withUnsync(unsync);
    Vm vm = Vm.of(memory, guestBytes);
    List<ReplayMachine> machines = new ArrayList<>();
    for (int i = 0; i < processors; i++) {
      Processor processor = new Processor(cpu, memory);
      machines.add(
          paging == Paging.NATIVE
              ? new BareMachine(processor)
              : new VirtualMachine(vm, processor, options));
    }
    return machines;
  }
}
