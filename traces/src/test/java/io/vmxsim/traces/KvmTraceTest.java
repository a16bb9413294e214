package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.HotSpotKind;
import io.vmxsim.vmcs.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * KVM's trace as three generations of kernels print it and three tools show it. The samples were
 * written by hand from the kernels' format strings, so the counts are those of whoever wrote them.
 */
class KvmTraceTest {
  private static final String EXIT =
      "CPU 0/KVM-7 [001] d... 1.000000: kvm_exit: reason HLT rip 0x10 info 0 0\n";

  private Path folder;

  @BeforeEach
  void takeFolder(@TempDir Path emptyFolder) {
    folder = emptyFolder;
  }

  @Test
  void ftraceOfAnOldKernel() throws IOException {
    KvmTrace trace = sample("ftrace-4");

    assertEquals(
        Map.of(
            "CPUID", 1L,
            "IO_INSTRUCTION", 1L,
            "EPT_VIOLATION", 1L,
            "INTERRUPT_WINDOW", 1L, // PENDING_INTERRUPT then
            "MSR_WRITE", 1L,
            "EXCEPTION_NMI", 1L,
            "HLT", 1L),
        exits(trace));
    assertEquals(2, trace.threads());
    assertEquals(80_000, trace.nanoseconds());
    assertEquals(2000, row(trace, "CPUID").cycles());
    assertEquals(10_000, row(trace, "IO_INSTRUCTION").cycles());
    assertEquals(4000, row(trace, "MSR_WRITE").cycles());
    assertEquals(0, row(trace, "HLT").cycles()); // no entry follows
    assertEquals(0x3f8, place(trace, HotSpotKind.PORT));
    assertEquals(0x1c3a_5000, place(trace, HotSpotKind.PAGE));
    assertEquals(0x6e0, place(trace, HotSpotKind.MSR));
    assertEquals(7, trace.events().get("kvm_exit"));
    assertEquals(7, trace.events().get("kvm_entry"));
  }

  @Test
  void traceCmdReport() throws IOException {
    KvmTrace trace = sample("trace-cmd-4");

    assertEquals(
        Map.of("EPT_VIOLATION", 1L, "EPT_MISCONFIG", 1L, "EXTERNAL_INTERRUPT", 1L), exits(trace));
    assertEquals(5000, row(trace, "EPT_VIOLATION").cycles());
    assertEquals(3000, row(trace, "EPT_MISCONFIG").cycles());
    assertEquals(1, trace.events().get("sched_switch"));
    assertEquals(1, trace.lost());
    assertTrue(KvmTraceReport.text(trace, List.of()).contains("events are missing"));
  }

  @Test
  void perfScriptOfKernel510() throws IOException {
    KvmTrace trace = sample("perf-5.10");

    assertEquals(
        Map.of("CR_ACCESS", 1L, "EXCEPTION_NMI", 1L, "CPUID", 1L, "INVALID_STATE", 1L),
        exits(trace));
    assertEquals(10_000, row(trace, "EXCEPTION_NMI").cycles());
    assertEquals(0x55d1_c2f0_3000L, place(trace, HotSpotKind.PAGE));
  }

  @Test
  void ftraceOfANewKernel() throws IOException {
    KvmTrace trace = sample("ftrace-6");

    assertEquals(
        Map.of("EPT_VIOLATION", 2L, "PREEMPTION_TIMER", 1L, "MSR_READ", 1L, "RDMSRLIST", 1L),
        exits(trace)); // 0x4e is 78, which KVM has no name for
    assertEquals(6000, row(trace, "EPT_VIOLATION").cycles());
    assertEquals(2000, row(trace, "EPT_VIOLATION").minCycles());
    assertEquals(4000, row(trace, "EPT_VIOLATION").maxCycles());
    assertEquals(0x1_0a3d_2000L, place(trace, HotSpotKind.PAGE));
    assertEquals(2, spot(trace, HotSpotKind.PAGE).count());
    assertEquals(0x1b, place(trace, HotSpotKind.MSR));
    assertEquals(1, trace.events().get("kvm_apic_accept_irq")); // counted, not read
  }

  @Test
  void theTimelineHoldsEveryExit() throws IOException {
    KvmTrace trace = sample("ftrace-4");

    long sum =
        trace.timeline().rows().stream()
            .flatMap(row -> row.counts().stream())
            .mapToLong(Long::longValue)
            .sum();
    assertEquals(7, sum);
    assertTrue(trace.timeline().slices() <= 16);
    assertTrue(trace.timeline().sliceLength() * trace.timeline().slices() > 80_000);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "no trace at all | TASK-PID",
        "CPU 0/KVM-7 [001] d... 1.0: kvm_exit: reason HLT rip | a line of kvm_exit",
        "CPU 0/KVM-7 [001] d... 1.0: kvm_exit: reason npf rip 0x1 info 0 0 | an exit reason of"
            + " VT-x",
        "CPU 0/KVM-7 [001] d... 1.0: kvm_exit: reason 0xffff rip 0x1 info 0 0 | an exit reason",
        "CPU 0/KVM-7 [001] d... 1.0: kvm_msr: msr_write xyz = 0x1 | a line of kvm_msr",
        "CPU 0/KVM-7 [001] d... 1.0: kvm_entry: | a line of kvm_entry",
      })
  void aBadLineIsNamedOrSkipped(String line, String expected) throws IOException {
    Path file = write("bad.txt", EXIT + line + "\n" + EXIT);

    InputException refused =
        assertThrows(InputException.class, () -> KvmTrace.read(file.toString(), false, 5));
    String message = String.valueOf(refused.getMessage());
    assertTrue(
        message.contains("bad.txt: line 2: expected") && message.contains(expected), message);

    KvmTrace lenient = KvmTrace.read(file.toString(), true, 5);
    assertEquals(1, lenient.skipped());
    assertEquals(2, lenient.totalExits());
  }

  @ParameterizedTest
  @ValueSource(strings = {"PERFILE2 and more", "\u0017\bDtracing and more", ""})
  void filesOfTheToolsThemselvesAndEmptyOnesAreRefused(String content) throws IOException {
    Path file = write("trace.dat", content);

    InputException refused =
        assertThrows(InputException.class, () -> KvmTrace.read(file.toString(), true, 5));
    String message = String.valueOf(refused.getMessage());
    assertTrue(
        message.contains("perf script")
            || message.contains("trace-cmd report")
            || message.contains("the file is empty"),
        message);
  }

  @Test
  void aLineWithoutAnEndIsRefusedBeforeItFillsTheMemory() throws IOException {
    Path file = write("endless.txt", "x".repeat(3_000_000));

    assertThrows(InputException.class, () -> KvmTrace.read(file.toString(), false, 5));
  }

  @Test
  void aRunIsReconciledReasonByReason() throws IOException {
    Path run =
        write(
            "run.json",
            """
            {"trace": {}, "runs": [
              {"paging": "shadow", "policy": "drop",
               "exits": {"total": 9, "byReason": {"EXCEPTION_NMI": 9}}},
              {"paging": "ept", "policy": null,
               "exits": {"total": 5, "byReason": {"EPT_VIOLATION": 4, "HLT": 1}}}]}
            """);

    List<ExitComparison> runs = KvmTraceReport.against(sample("ftrace-6"), run.toString());

    assertEquals(2, runs.size());
    assertEquals("shadow/drop", runs.get(0).second());
    assertEquals("ept", runs.get(1).second());
    assertEquals(
        List.of(
            new ExitComparison.Row("EPT_VIOLATION", 2, 4),
            new ExitComparison.Row("MSR_READ", 1, 0),
            new ExitComparison.Row("PREEMPTION_TIMER", 1, 0),
            new ExitComparison.Row("RDMSRLIST", 1, 0),
            new ExitComparison.Row("HLT", 0, 1)),
        runs.get(1).rows());
    assertEquals(2, runs.get(1).rows().get(0).difference());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{\"runs\": []}",
        "{\"runs\": [{\"exits\": 3}]}",
        "{\"runs\": [{\"exits\": {\"byReason\": {\"HLT\": \"many\"}}}]}",
      })
  void whatIsNoRunIsRefused(String json) throws IOException {
    Path run = write("run.json", json);
    KvmTrace trace = sample("ftrace-6");

    InputException refused =
        assertThrows(InputException.class, () -> KvmTraceReport.against(trace, run.toString()));
    assertTrue(String.valueOf(refused.getMessage()).contains("expected"), refused.getMessage());
  }

  private KvmTrace sample(String name) throws IOException {
    String resource = "kvm/" + name + ".txt";
    String text =
        new String(
            Objects.requireNonNull(KvmTraceTest.class.getResourceAsStream(resource), resource)
                .readAllBytes(),
            StandardCharsets.UTF_8);
    return KvmTrace.read(write(name + ".txt", text).toString(), false, 5);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static Map<String, Long> exits(KvmTrace trace) {
    Map<String, Long> exits = new TreeMap<>();
    trace.exits().forEach(row -> exits.put(row.reason(), row.count()));
    return exits;
  }

  private static ExitRow row(KvmTrace trace, String reason) {
    return trace.exits().stream()
        .filter(row -> row.reason().equals(reason))
        .findFirst()
        .orElseThrow();
  }

  private static ReplayResult.HotSpot spot(KvmTrace trace, HotSpotKind kind) {
    return trace.places().stream().filter(place -> place.kind() == kind).findFirst().orElseThrow();
  }

  private static long place(KvmTrace trace, HotSpotKind kind) {
    return spot(trace, kind).value();
  }
}
