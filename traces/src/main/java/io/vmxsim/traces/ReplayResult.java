package io.vmxsim.traces;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a replay found: one trace, and one {@link RunResult} per configuration it was run through,
 * in the order the configurations were asked for.
 *
 * <p>Holds counts and cycles only: no wall-clock value, nothing that differs between two runs with
 * the same arguments. {@link ReplayTextReport}, {@link ReplayJsonReport} and {@link
 * ReplayCsvReport} print it.
 *
 * @param trace what was read
 * @param runs one per configuration
 * @param assumed the numbers in use that no measurement or publication stands behind
 * @param recorded the live run that the trace is a recording of; null if it is none
 */
public record ReplayResult(
    TraceSummary trace,
    List<RunResult> runs,
    List<AssumedNumber> assumed,
    @Nullable RecordedRun recorded) {

  public ReplayResult {
    runs = List.copyOf(runs);
    assumed = List.copyOf(assumed);
  }

  /** Of a trace that is no recording. */
  public ReplayResult(TraceSummary trace, List<RunResult> runs, List<AssumedNumber> assumed) {
    this(trace, runs, assumed, null);
  }

  /**
   * The trace as read, after warm-up and up to the limit.
   *
   * @param source file name, {@code -} for standard input, or the name of the bundled sample
   * @param format the reader's name: {@code lackey}, {@code champsim}, {@code drmemtrace}, {@code
   *     vxt}
   * @param instructions instructions in the trace
   * @param loads data reads; a read-modify-write counts as one load and one store
   * @param stores data writes
   * @param distinctPages distinct 4-KByte pages touched, instruction fetches included
   * @param skipped records skipped because {@code --lenient} was given
   * @param limitReached whether {@code --limit} ended the replay before the trace did
   */
  public record TraceSummary(
      String source,
      String format,
      long instructions,
      long loads,
      long stores,
      long distinctPages,
      long skipped,
      boolean limitReached) {}

  /** How guest addresses are translated in a run. */
  public enum Paging {
    /** No VMM: the guest's own page tables, no VM exits. */
    NATIVE("native"),
    /** The VMM keeps a shadow of the guest's page tables and write-protects those. */
    SHADOW("shadow"),
    /** Two-dimensional: the guest's page tables and extended page tables. */
    EPT("ept");

    private final String label;

    Paging(String label) {
      this.label = label;
    }

    /** The name on the command line and in reports. */
    public String label() {
      return label;
    }
  }

  /**
   * One configuration and what it cost.
   *
   * @param paging how addresses were translated
   * @param policy the shadow policy in lower case; null unless {@code paging} is SHADOW
   * @param guestPage size of the guest's pages: {@code 4K}, {@code 2M}, {@code 1G}; {@link
   *     #ANY_PAGE} where the guest chooses
   * @param hostPage size of the host's pages behind them; equal to {@code guestPage} when native
   * @param cpu name of the CPU profile
   * @param instructions instructions retired, those of the guest kernel model included
   * @param exits VM exits by basic exit reason, in ascending order of reason number
   * @param tlb translation caches, in the order the processor asks them
   * @param walks page walks
   * @param caches modelled data caches, from the nearest on; empty unless asked for
   * @param cycles where the time went
   * @param hotSpots what caused the most exits; empty unless asked for
   * @param details for pictures; null unless asked for
   */
  public record RunResult(
      Paging paging,
      @Nullable String policy,
      String guestPage,
      String hostPage,
      String cpu,
      long instructions,
      List<ExitRow> exits,
      List<TlbRow> tlb,
      Walks walks,
      List<CacheRow> caches,
      Cycles cycles,
      List<HotSpot> hotSpots,
      @Nullable RunDetails details) {

    /** The page size of a guest that runs live: it chooses, for each page. */
    public static final String ANY_PAGE = "any";

    public RunResult {
      exits = List.copyOf(exits);
      tlb = List.copyOf(tlb);
      caches = List.copyOf(caches);
      hotSpots = List.copyOf(hotSpots);
    }

    /** VM exits by the name of their reason. */
    public Map<String, Long> exitsByReason() {
      Map<String, Long> counts = new TreeMap<>();
      exits.forEach(row -> counts.put(row.reason(), row.count()));
      return counts;
    }

    /** Without data caches and details. */
    public RunResult(
        Paging paging,
        @Nullable String policy,
        String guestPage,
        String hostPage,
        String cpu,
        long instructions,
        List<ExitRow> exits,
        List<TlbRow> tlb,
        Walks walks,
        Cycles cycles,
        List<HotSpot> hotSpots) {
      this(
          paging,
          policy,
          guestPage,
          hostPage,
          cpu,
          instructions,
          exits,
          tlb,
          walks,
          List.of(),
          cycles,
          hotSpots,
          null);
    }

    /** Paging mode and policy: {@code shadow/update}. */
    public String mode() {
      return policy == null ? paging.label() : paging.label() + "/" + policy;
    }

    /** VM exits of all reasons. */
    public long totalExits() {
      return exits.stream().mapToLong(ExitRow::count).sum();
    }

    /** VM exits of one reason, named as in {@link ExitRow#reason}. */
    public long exitsFor(String reason) {
      return exits.stream()
          .filter(row -> row.reason().equals(reason))
          .mapToLong(ExitRow::count)
          .sum();
    }

    /** The part of {@link #totalExits} that the guest kernel model caused, not the trace. */
    public long guestModelExits() {
      return exits.stream().mapToLong(ExitRow::fromGuestModel).sum();
    }

    /** Cycles from a VM exit to the next VM entry, over all exits. */
    public long exitCycles() {
      return exits.stream().mapToLong(ExitRow::cycles).sum();
    }
  }

  /**
   * The exits of one reason. A duration runs from the VM exit to the end of the next VM entry, in
   * cycles.
   *
   * @param reason as KVM's trace prints it, for example {@code EPT_VIOLATION}
   * @param count exits; at least 1
   * @param fromGuestModel those of them that the guest kernel model caused
   * @param cycles sum of the durations
   * @param minCycles shortest
   * @param maxCycles longest
   * @param squaredCycles sum of the squares of the durations, for the deviation
   */
  public record ExitRow(
      String reason,
      long count,
      long fromGuestModel,
      long cycles,
      long minCycles,
      long maxCycles,
      double squaredCycles) {

    /** Mean duration in cycles. */
    public double mean() {
      return (double) cycles / count;
    }

    /** Standard error of the mean as a fraction of it, the {@code +-} of {@code perf kvm stat}. */
    public double relativeDeviation() {
      if (count < 2 || cycles == 0) {
        return 0;
      }
      double variance = Math.max(0, squaredCycles - mean() * cycles) / (count - 1);
      return Math.sqrt(variance / count) / mean();
    }
  }

  /**
   * One translation cache.
   *
   * @param structure its name in the CPU profile, for example {@code STLB}
   * @param hits lookups it answered
   * @param misses lookups it could not answer
   */
  public record TlbRow(String structure, long hits, long misses) {}

  /**
   * Look-ups of one modelled data cache.
   *
   * @param level its name: {@code L1D}, {@code L2}, {@code L3}
   * @param walkHits entries of page walks that it held
   * @param walkMisses those it did not
   * @param dataHits lines of loads and stores that it held
   * @param dataMisses those it did not
   */
  public record CacheRow(
      String level, long walkHits, long walkMisses, long dataHits, long dataMisses) {
    CacheRow since(CacheRow earlier) {
      return new CacheRow(
          level,
          walkHits - earlier.walkHits,
          walkMisses - earlier.walkMisses,
          dataHits - earlier.dataHits,
          dataMisses - earlier.dataMisses);
    }

    CacheRow plus(CacheRow other) {
      return new CacheRow(
          level,
          walkHits + other.walkHits,
          walkMisses + other.walkMisses,
          dataHits + other.dataHits,
          dataMisses + other.dataMisses);
    }
  }

  /**
   * Page walks, of all dimensions together.
   *
   * @param count walks started because no TLB held the translation
   * @param entryReads paging-structure entries read from memory, guest and EPT
   * @param cycles that the walks took
   */
  public record Walks(long count, long entryReads, long cycles) {

    /** Cycles per walk. */
    public double cyclesPerWalk() {
      return count == 0 ? 0 : (double) cycles / count;
    }

    /** Entry reads per walk: 4 for an uncached native 4-level walk, 24 for the same under EPT. */
    public double readsPerWalk() {
      return count == 0 ? 0 : (double) entryReads / count;
    }
  }

  /**
   * Cycles by who spent them; {@code docs/cycles.md} defines each.
   *
   * @param guest the guest's instructions, had every translation been free
   * @param translation TLB misses and page walks
   * @param exit VM exits and VM entries themselves
   * @param vmm the VMM's handlers and userspace
   */
  public record Cycles(long guest, long translation, long exit, long vmm) {

    public long total() {
      return guest + translation + exit + vmm;
    }
  }

  /** What an exit is charged to in the table of hot spots. */
  public enum HotSpotKind {
    INSTRUCTION,
    PAGE,
    PORT,
    MSR;

    /** The name in reports. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A place that caused many exits.
   *
   * @param kind what {@code value} is
   * @param value instruction address, guest-linear page address, port or MSR number
   * @param reason the exits' reason
   * @param count exits of that reason
   */
  public record HotSpot(HotSpotKind kind, long value, String reason, long count) {

    /** The place in hexadecimal. */
    public String where() {
      return "0x" + Long.toHexString(value);
    }
  }

  /**
   * A profile number that was used though it is marked assumed.
   *
   * @param cpu the profile
   * @param key its key there, for example {@code vm-exit}
   * @param value as the profile has it
   * @param unit its unit
   * @param source why that value was assumed
   */
  public record AssumedNumber(String cpu, String key, String value, String unit, String source) {}
}
