package io.vmxsim.validation.peers;

import io.vmxsim.validation.peers.GuestOnBochs.Ran;
import io.vmxsim.validation.peers.PeerRow.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Guests of our own on Bochs with VMX on, and here. */
public final class BochsComparison {
  private static final List<String> GUESTS =
      List.of(
          "hello",
          "hypervisor rounds=20",
          "vmcs-mutations count=100 seed=7",
          "test-vmx-instructions",
          "test-vmx-events",
          "test-vmx-ept",
          "test-vmx-apic",
          "test-vmx-shadow",
          "test-vmx-logging",
          "test-vmx-vpid",
          "test-vmx-paging",
          "test-smap",
          "test-umip",
          "test-pcid",
          "test-protection-keys",
          "test-paging",
          "test-syscall",
          "test-events",
          "test-xsave",
          "test-debug",
          "test-cmpxchg",
          "test-memory",
          "test-mappings",
          "page-fault-storm pages=64 rounds=2",
          "context-switch-storm processes=4 rounds=20");

  /** How many lines and VM exits differ with Bochs 2.7, each of them judged in docs/peers.md. */
  private static final Map<String, Integer> JUDGED =
      Map.of(
          "vmcs-mutations", 3,
          "test-vmx-ept", 3,
          "test-vmx-shadow", 2,
          "test-vmx-logging", 4,
          "test-smap", 2);

  private BochsComparison() {}

  /** Compares each guest, and tells of each as it is done. */
  public static void run(Consumer<PeerRow> rows) {
    if (!PeerProcess.isInstalled("bochs")) {
      rows.accept(new PeerRow("bochs", Verdict.SKIPPED, "there is no program bochs"));
      return;
    }
    for (String guest : GUESTS) {
      int blank = guest.indexOf(' ');
      String name = blank < 0 ? guest : guest.substring(0, blank);
      String commandLine = blank < 0 ? "" : guest.substring(blank + 1);
      rows.accept(compare(new GuestOnBochs(name, commandLine)));
    }
  }

  private static PeerRow compare(GuestOnBochs guest) {
    try {
      Path folder = Files.createTempDirectory("vmxsim");
      Ran there = guest.there(folder);
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
      return row(guest.name(), guest.here(), there);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  static PeerRow row(String name, Ran here, Ran there) {
    List<String> lines = differences(here.printed(), there.printed());
    List<String> exits = differences(here.exits(), there.exits());
    if (lines.isEmpty() && exits.isEmpty()) {
      return new PeerRow(
          "bochs " + name,
          Verdict.SAME,
          "%d lines, %d VM exits".formatted(here.printed().size(), here.exits().size()));
    }
    int judged = JUDGED.getOrDefault(name, 0);
    Verdict verdict = lines.size() + exits.size() == judged ? Verdict.JUDGED : Verdict.DIFFERENT;
    return new PeerRow(
        "bochs " + name,
        verdict,
        "%d of %d lines and %d of %d VM exits differ: %s"
            .formatted(
                lines.size(),
                here.printed().size(),
                exits.size(),
                here.exits().size(),
                lines.isEmpty() ? exits.get(0) : lines.get(0)));
  }

  /** Place for place; what one has more than the other differs, too. */
  private static List<String> differences(List<String> here, List<String> there) {
    List<String> different = new ArrayList<>();
    for (int i = 0; i < Math.max(here.size(), there.size()); i++) {
      String ours = i < here.size() ? here.get(i) : "nothing";
      String theirs = i < there.size() ? there.get(i) : "nothing";
      if (!ours.equals(theirs)) {
        different.add("%d: %s; there %s".formatted(i + 1, ours, theirs));
      }
    }
    return different;
  }
}
