package io.vmxsim.guests;

import java.util.List;
import java.util.Optional;

/** The guest programs of our own. Their sources are this package's resources. */
public final class GuestCatalog {
  private static final List<Guest> GUESTS =
      List.of(
          new Guest("hello", 1),
          new Guest("compute-loop", 1),
          new Guest("cpuid-loop", 1),
          new Guest("port-io-loop", 1),
          new Guest("mmio-loop", 1),
          new Guest("timer-tick-loop", 1),
          new Guest("ipi-ping", 2),
          new Guest("ipi-broadcast", 80),
          new Guest("exit-loop", 1),
          new Guest("nanobenchmarks", 1),
          new Guest("page-fault-storm", 1),
          new Guest("table-update-storm", 1),
          new Guest("tlb-miss-storm", 1),
          new Guest("context-switch-storm", 1),
          new Guest("kernel-start", 1),
          new Guest("hypervisor", 1),
          new Guest("vmx-capabilities", 1),
          new Guest("vmcs-mutations", 1),
          new Guest("test-protection-keys", 1),
          new Guest("test-smap", 1),
          new Guest("test-umip", 1),
          new Guest("test-events", 1),
          new Guest("test-xsave", 1),
          new Guest("test-tsc", 1),
          new Guest("test-debug", 1),
          new Guest("test-msr", 1),
          new Guest("test-pcid", 1),
          new Guest("test-syscall", 1),
          new Guest("test-paging", 1),
          new Guest("test-cmpxchg", 1),
          new Guest("test-memory", 1),
          new Guest("test-lam", 1),
          new Guest("test-mappings", 1),
          new Guest("test-emulator", 1),
          new Guest("test-x2apic", 1),
          new Guest("test-ioapic", 1),
          new Guest("test-la57", 1),
          new Guest("test-task-switch", 1),
          new Guest("test-real-mode", 1),
          new Guest("test-smp", 2),
          new Guest("test-vmx-instructions", 1),
          new Guest("test-vmx-ept", 1),
          new Guest("test-vmx-events", 1),
          new Guest("test-vmx-apic", 1),
          new Guest("test-vmx-shadow", 1),
          new Guest("test-vmx-logging", 1),
          new Guest("test-vmx-vpid", 1),
          new Guest("test-vmx-paging", 1),
          new Guest("test-vmx-waiting", 1),
          new Guest("test-vmx-signals", 2));

  private GuestCatalog() {}

  /** All of them, in the order a list shows them. */
  public static List<Guest> list() {
    return GUESTS;
  }

  /** The one of that name. */
  public static Optional<Guest> find(String name) {
    return GUESTS.stream().filter(guest -> guest.name().equals(name)).findFirst();
  }
}
