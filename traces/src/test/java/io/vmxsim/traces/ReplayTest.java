package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.guests.GuestOsOptions;
import io.vmxsim.traces.ReplayResult.CacheRow;
import io.vmxsim.traces.ReplayResult.ExitRow;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class ReplayTest {
  private static final long DATA = 0x7f00_0000_0000L;
  private static final CpuProfile CPU = CpuProfile.named("skylake-sp");

  @Test
  void nativeReplayHasNoExits() {
    RunResult run = run(touching(100), Paging.NATIVE);
    assertEquals(0, run.totalExits());
    assertTrue(run.walks().count() > 100);
    assertEquals(0, run.cycles().exit());
    assertEquals(0, run.cycles().vmm());
  }

  @Test
  void underEptEachFreshFrameCostsOneViolationAndPageFaultsNone() {
    RunResult few = run(touching(100), Paging.EPT);
    RunResult more = run(touching(300), Paging.EPT);
    assertEquals(200, count(more, "EPT_VIOLATION") - count(few, "EPT_VIOLATION"));
    assertEquals(0, count(more, "EXCEPTION_NMI"));
    assertEquals(0, count(more, "INVLPG"));
  }

  @Test
  void underShadowPagingAFirstTouchExitsForItsFaultItsTableWriteAndItsZeroing() {
    RunResult few = run(touching(100), Paging.SHADOW);
    RunResult more = run(touching(300), Paging.SHADOW);
    assertEquals(
        200 * 3,
        count(more, "EXCEPTION_NMI") - count(few, "EXCEPTION_NMI"),
        "update policy: the guest's fault, its PTE write, and the frame's zeroing through the"
            + " direct map");
    assertEquals(0, count(more, "EPT_VIOLATION"));
  }

  @Test
  void oneReadingOfTheTraceGivesWhatReadingItForEachGives() {
    ListedTrace trace = touching(500);
    List<ReplayConfiguration> all = new ArrayList<>();
    for (Paging paging : Paging.values()) {
      all.add(configuration(paging));
    }
    ReplayResult together = replay(options(all), trace);
    for (int i = 0; i < all.size(); i++) {
      assertEquals(
          together.runs().get(i), replay(options(List.of(all.get(i))), trace).runs().get(0));
    }
  }

  @Test
  void warmUpIsRunButNotCounted() {
    ListedTrace trace = new ListedTrace();
    for (int i = 0; i < 400; i++) {
      trace.load(DATA + (i % 200) * 4096L);
    }
    ReplayOptions all = options(List.of(configuration(Paging.EPT)));
    ReplayOptions warm =
        new ReplayOptions(all.configurations(), 200, Long.MAX_VALUE, 0, 0, 1, 0, all.guest());
    ReplayResult result = replay(warm, trace);
    RunResult run = result.runs().get(0);
    assertEquals(
        0, run.totalExits() - run.guestModelExits(), "all that the trace touches is mapped");
    assertEquals(200, result.trace().instructions());
    assertEquals(200, result.trace().loads());
    assertEquals(201, result.trace().distinctPages());
  }

  @Test
  void limitCutsTheTraceInInstructions() {
    ReplayOptions all = options(List.of(configuration(Paging.NATIVE)));
    ReplayOptions limited = new ReplayOptions(all.configurations(), 0, 50, 0, 0, 1, 0, all.guest());
    ReplayResult result = replay(limited, touching(100));
    assertEquals(50, result.trace().instructions());
    assertTrue(result.trace().limitReached());
  }

  @Test
  void ticksByInstructionsComeEquallyOftenInEveryMode() {
    ListedTrace trace = new ListedTrace();
    for (int i = 0; i < 50_000; i++) {
      trace.load(DATA);
    }
    List<ReplayConfiguration> both =
        List.of(configuration(Paging.EPT), configuration(Paging.SHADOW));
    ReplayOptions ticking =
        new ReplayOptions(both, 0, Long.MAX_VALUE, 0, 10_000, 1, 0, GuestOsOptions.DEFAULT);
    ReplayResult result = replay(ticking, trace);
    long ticks = count(result.runs().get(0), "EXTERNAL_INTERRUPT");
    assertTrue(ticks >= 4, "ticks: " + ticks);
    assertEquals(ticks, count(result.runs().get(1), "EXTERNAL_INTERRUPT"));
    assertEquals(2 * ticks, count(result.runs().get(0), "MSR_WRITE"), "EOI and the next deadline");
  }

  @Test
  void severalTracesAreProcessesThatTakeTurns() {
    ReplayOptions options =
        new ReplayOptions(
            List.of(configuration(Paging.SHADOW)),
            0,
            Long.MAX_VALUE,
            0,
            10_000,
            1,
            0,
            GuestOsOptions.DEFAULT);
    ListedTrace trace = new ListedTrace();
    for (int i = 0; i < 100_000; i++) {
      trace.load(DATA);
    }
    Supplier<TraceReader> reader = trace::reader;
    ReplayResult result = new Replay(options, List.of(reader, reader)).run();
    assertEquals(200_000, result.trace().instructions());
    assertTrue(count(result.runs().get(0), "CR_ACCESS") > 20, "a CR3 load per switch");
  }

  /** Where lines are found changes what things cost, and nothing that is counted. */
  @Test
  void dataCachesChangePricesAlone() {
    for (Paging paging : Paging.values()) {
      ReplayOptions plain = options(List.of(configuration(paging)));
      RunResult without = replay(plain, touching(500)).runs().get(0);
      RunResult with = replay(plain.withDataCaches(true), touching(500)).runs().get(0);
      assertEquals(without.exits(), with.exits());
      assertEquals(without.tlb(), with.tlb());
      assertEquals(without.walks().entryReads(), with.walks().entryReads());
      assertEquals(List.of(), without.caches());

      CacheRow first = with.caches().get(0);
      CacheRow last = with.caches().get(2);
      assertEquals("L1D", first.level());
      assertEquals("L3", last.level());
      assertEquals(with.walks().entryReads(), first.walkHits() + first.walkMisses());
      assertTrue(first.dataHits() + first.dataMisses() >= 1000, first.toString());
      assertTrue(first.dataHits() >= 500, "each page is loaded right after its store: " + first);
      assertTrue(with.cycles().guest() > without.cycles().guest());
      assertEquals(without.cycles().vmm(), with.cycles().vmm());
    }
  }

  @Test
  void sensitiveInstructionsExitEquallyUnderEptAndShadowPaging() {
    ListedTrace trace = new ListedTrace();
    trace.instruction(0x40_0000).add(ActionKind.SET_CPL, 0, 0, 0);
    for (int i = 0; i < 100; i++) {
      trace.instruction(0x40_0010).add(ActionKind.CPUID, 0, 1, 0);
      trace.instruction(0x40_0020).add(ActionKind.IN, 1, 0x60, 0);
      trace.instruction(0x40_0030).add(ActionKind.OUT, 1, 0x80, 7);
      trace.instruction(0x40_0040).add(ActionKind.RDMSR, 0, 0x1b, 0);
      trace.instruction(0x40_0050).add(ActionKind.WRMSR, 0, 0x6e0, 0);
      trace.instruction(0x40_0060).add(ActionKind.HLT, 0, 0, 0);
    }
    for (Paging paging : List.of(Paging.EPT, Paging.SHADOW)) {
      RunResult run = run(trace, paging);
      assertEquals(100, count(run, "CPUID"), paging.label());
      assertEquals(200, count(run, "IO_INSTRUCTION"), paging.label());
      assertEquals(100, count(run, "MSR_READ"), paging.label());
      assertEquals(100, count(run, "MSR_WRITE"), paging.label());
      assertEquals(100, count(run, "HLT"), paging.label());
    }
    assertEquals(0, run(trace, Paging.NATIVE).totalExits());
  }

  private static ListedTrace touching(int pages) {
    ListedTrace trace = new ListedTrace();
    for (int i = 0; i < pages; i++) {
      trace.store(DATA + i * 4096L).load(DATA + i * 4096L);
    }
    return trace;
  }

  private static ReplayConfiguration configuration(Paging paging) {
    return ReplayConfiguration.of(paging, CPU);
  }

  private static ReplayOptions options(List<ReplayConfiguration> configurations) {
    GuestOsOptions keepMapped =
        new GuestOsOptions(64L << 30, 12, 30, false, false, true, true, 1, false);
    return new ReplayOptions(configurations, 0, Long.MAX_VALUE, 0, 0, 1, 0, keepMapped);
  }

  private static RunResult run(ListedTrace trace, Paging paging) {
    return replay(options(List.of(configuration(paging))), trace).runs().get(0);
  }

  private static ReplayResult replay(ReplayOptions options, ListedTrace trace) {
    return new Replay(options, List.of(trace::reader)).run();
  }

  private static long count(RunResult run, String reason) {
    return run.exits().stream()
        .filter(row -> row.reason().equals(reason))
        .mapToLong(ExitRow::count)
        .sum();
  }
}
