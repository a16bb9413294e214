package io.vmxsim.traces;

import io.vmxsim.ept.MmuStatistics;
import io.vmxsim.traces.ReplayResult.CacheRow;
import io.vmxsim.traces.ReplayResult.TlbRow;
import io.vmxsim.traces.ReplayResult.Walks;
import java.util.ArrayList;
import java.util.List;

/** What several processors have counted, added up. */
final class ReplayCounts {
  private final List<TlbRow> tlb = new ArrayList<>();
  private final List<CacheRow> caches = new ArrayList<>();
  private Walks walks = new Walks(0, 0, 0);
  private ReplayResult.Cycles cycles = new ReplayResult.Cycles(0, 0, 0, 0);

  /** Adds a processor's translation caches and walks; all processors have the same structures. */
  void add(MmuStatistics mmu) {
    List<MmuStatistics.Structure> structures = mmu.structures();
    for (int i = 0; i < structures.size(); i++) {
      MmuStatistics.Structure own = structures.get(i);
      if (i == tlb.size()) {
        tlb.add(new TlbRow(own.name(), 0, 0));
      }
      TlbRow sum = tlb.get(i);
      tlb.set(i, new TlbRow(own.name(), sum.hits() + own.hits(), sum.misses() + own.misses()));
    }
    walks =
        new Walks(
            walks.count() + mmu.walks(),
            walks.entryReads() + mmu.entryReads(),
            walks.cycles() + mmu.walkCycles());
  }

  /** Adds a processor's time. */
  void add(ReplayResult.Cycles own) {
    cycles =
        new ReplayResult.Cycles(
            cycles.guest() + own.guest(),
            cycles.translation() + own.translation(),
            cycles.exit() + own.exit(),
            cycles.vmm() + own.vmm());
  }

  /** Adds a processor's data caches. */
  void add(List<CacheRow> own) {
    for (int i = 0; i < own.size(); i++) {
      if (i == caches.size()) {
        caches.add(own.get(i));
      } else {
        caches.set(i, caches.get(i).plus(own.get(i)));
      }
    }
  }

  List<TlbRow> tlb() {
    return tlb;
  }

  List<CacheRow> caches() {
    return caches;
  }

  Walks walks() {
    return walks;
  }

  ReplayResult.Cycles cycles() {
    return cycles;
  }
}
