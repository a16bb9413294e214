package io.vmxsim.cpu;

import io.vmxsim.ept.DataCaches;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds the data caches of a CPU: their shapes from CPUID leaf 4, their latencies from its prices.
 */
final class DataCacheReader {
  private static final int LEAF = 4;
  private static final int DATA = 1;
  private static final int UNIFIED = 3;
  private static final int EAX = 0;
  private static final int EBX = 1;
  private static final int ECX = 2;

  private DataCacheReader() {}

  /** SDM volume 2, CPUID, table 3-8, leaf 04H "Deterministic Cache Parameters". */
  static DataCaches of(Cpuid cpuid, CostModel costs) {
    List<DataCaches.Level> levels = new ArrayList<>();
    for (int subleaf = 0; (cpuid.register(LEAF, subleaf, EAX) & 31) != 0; subleaf++) {
      int type = cpuid.register(LEAF, subleaf, EAX) & 31;
      int level = cpuid.register(LEAF, subleaf, EAX) >>> 5 & 7;
      int shape = cpuid.register(LEAF, subleaf, EBX);
      int ways = (shape >>> 22) + 1;
      int sets = cpuid.register(LEAF, subleaf, ECX) + 1;
      boolean holdsData = type == DATA || type == UNIFIED;
      if (holdsData && level <= 3) {
        levels.add(new DataCaches.Level(name(level, type), sets, ways, costs.of(hit(level))));
      }
    }
    return new DataCaches(levels, costs.of(Cost.CACHE_MEMORY));
  }

  private static String name(int level, int type) {
    return "L" + level + (type == DATA ? "D" : "");
  }

  private static Cost hit(int level) {
    return switch (level) {
      case 1 -> Cost.CACHE_L1_HIT;
      case 2 -> Cost.CACHE_L2_HIT;
      default -> Cost.CACHE_L3_HIT;
    };
  }
}
