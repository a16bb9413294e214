package io.vmxsim.traces;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.Cycles;
import io.vmxsim.cpu.ExitObserver;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.traces.ReplayResult.AssumedNumber;
import io.vmxsim.traces.ReplayResult.Paging;
import io.vmxsim.traces.ReplayResult.RunResult;
import io.vmxsim.vmm.HiddenFeatures;
import io.vmxsim.vmm.VmOptions;
import io.vmxsim.vmm.VmPaging;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kernel that runs live under the VMM, watched from its first instruction on: at its end this
 * says what a replay says of one of its runs, over all processors together.
 */
public final class LiveRun {
  private final String source;
  private final Machine machine;
  private final CpuProfile cpu;
  private final VmOptions options;
  private final ExitStatistics exits;
  private final List<ExitRecorder> recorders = new ArrayList<>();
  private final @Nullable RunDetails details;
  private final @Nullable Recording recording;
  private @Nullable RunResult result;

  /** As below, without details and without a recording. */
  public LiveRun(String source, Machine machine, CpuProfile cpu, VmOptions options, int top) {
    this(source, machine, cpu, options, top, false, null);
  }

  /**
   * Watches a machine that has not run yet.
   *
   * @param source what the kernel is called
   * @param options how the VMM runs it
   * @param top how many hot spots of each kind to report
   * @param detailed whether to keep what pictures need
   * @param recording what is to be told of the exits besides; or null
   */
  public LiveRun(
      String source,
      Machine machine,
      CpuProfile cpu,
      VmOptions options,
      int top,
      boolean detailed,
      @Nullable Recording recording) {
    this.source = source;
    this.machine = machine;
    this.cpu = cpu;
    this.options = options;
    this.recording = recording;
    exits = new ExitStatistics(top);
    details = detailed ? new RunDetails(cpu.clockMhz()) : null;
    for (int i = 0; i < machine.processorCount(); i++) {
      Processor processor = machine.processor(i);
      ExitRecorder recorder = new ExitRecorder(processor, i, () -> false, exits, details);
      recorders.add(recorder);
      if (details != null) {
        processor.mmu().walker().observe(details.walkGrid());
      }
      processor
          .transitions()
          .setExitObserver(recording == null ? recorder : both(recorder, recording.exits(i)));
    }
  }

  /** Begins the recording, if there is one: with the CPU as the command line names it. */
  public void record(String cpuName) {
    if (recording != null) {
      recording.begin(cpuName, soFar());
    }
  }

  private static ExitObserver both(ExitObserver first, ExitObserver second) {
    return (reason, vmcs) -> {
      first.exited(reason, vmcs);
      second.exited(reason, vmcs);
    };
  }

  /** What has been counted up to the end, which is now; ends the recording. */
  public RunResult result() {
    RunResult counted = result;
    if (counted == null) {
      recorders.forEach(ExitRecorder::close);
      counted = soFar();
      result = counted;
      if (recording != null) {
        recording.finish(counted);
      }
    }
    return counted;
  }

  private RunResult soFar() {
    boolean shadow = options.paging() == VmPaging.SHADOW;
    ReplayCounts counts = counts();
    return new RunResult(
        shadow ? Paging.SHADOW : Paging.EPT,
        shadow ? options.shadowPolicy().name().toLowerCase(Locale.ROOT) : null,
        RunResult.ANY_PAGE,
        options.hostPage().toString(),
        cpu.name(),
        machine.instructions(),
        exits.rows(),
        counts.tlb(),
        counts.walks(),
        List.of(),
        counts.cycles(),
        exits.hotSpots(),
        details);
  }

  private List<Processor> processors() {
    List<Processor> all = new ArrayList<>();
    for (int i = 0; i < machine.processorCount(); i++) {
      all.add(machine.processor(i));
    }
    return all;
  }

  private ReplayCounts counts() {
    ReplayCounts counts = new ReplayCounts();
    for (Processor processor : processors()) {
      Cycles own = processor.cycles();
      counts.add(processor.mmu().statistics());
      counts.add(
          new ReplayResult.Cycles(
              own.guest, processor.mmu().translationCycles(), own.exit, own.vmm));
    }
    return counts;
  }

  /** What the kernel is called. */
  public String source() {
    return source;
  }

  /** The numbers it used that neither a measurement nor a publication stands behind. */
  public List<AssumedNumber> assumed() {
    return ReplayRun.assumed(cpu, machine.processor(0).costs());
  }

  private List<String> hidden() {
    Set<CpuidFeature> hidden = new LinkedHashSet<>(machine.hiddenFeatures());
    hidden.addAll(HiddenFeatures.of(cpu, options.paging()));
    return hidden.stream().map(CpuidFeature::name).toList();
  }

  /** How long it ran, and what the VMM hid of the processor. */
  public String summary() {
    List<String> hiding = new ArrayList<>(List.of("VMX"));
    hiding.addAll(hidden());
    return "%s instructions; CPUID hides %s"
        .formatted(TextTable.grouped(machine.instructions()), String.join(", ", hiding));
  }

  /** For people: a summary, then the run as {@code replay} shows it. */
  public String text() {
    return source + ": " + summary() + "\n" + ReplayTextReport.run(result(), assumed());
  }

  /** For programs: {@code docs/run.schema.json}. Equal runs give equal bytes. */
  public String json() {
    return ReplayJsonReport.document(
        json -> {
          json.writeObjectFieldStart("guest");
          json.writeStringField("source", source);
          json.writeNumberField("processors", machine.processorCount());
          json.writeNumberField("instructions", machine.instructions());
          json.writeArrayFieldStart("hiddenFeatures");
          for (String feature : hidden()) {
            json.writeString(feature);
          }
          json.writeEndArray();
          json.writeEndObject();
          ReplayJsonReport.writeRuns(json, List.of(result()), assumed());
        });
  }
}
