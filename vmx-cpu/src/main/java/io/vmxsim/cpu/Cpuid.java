package io.vmxsim.cpu;

import io.vmxsim.cpu.apic.ApicFeatures;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What CPUID returns on one logical processor (SDM volume 2, “CPUID—CPU Identification”).
 *
 * <p>OSXSAVE and OSPKE follow CR4. The initial APIC ID, the x2APIC ID and the XSAVE area sizes are
 * those of the dump the profile was made from; {@link CpuidInstruction} makes them this
 * processor's.
 */
public final class Cpuid {
  static final int EAX = 0;
  static final int EBX = 1;
  static final int ECX = 2;
  static final int EDX = 3;

  private static final int EXTENDED = 0x80000000;
  private static final int FEATURES = 0x1;
  private static final int STRUCTURED_FEATURES = 0x7;
  private static final int EXTENDED_FEATURES = 0x80000001;
  private static final int SYSCALL = 1 << 11;
  private static final int TIME_STAMP_COUNTER = 0x15;
  private static final int ADDRESS_SIZES = 0x80000008;
  private static final int OSXSAVE = 1 << 27;
  private static final int OSPKE = 1 << 4;
  private static final int CR4_OSXSAVE_BIT = 18;
  private static final int CR4_PKE_BIT = 22;

  /** Sorted; leaf in the upper bits, subleaf in the low 8. */
  private final long[] keys;

  private final boolean[] indexed;
  private final int[] registers;

  private Cpuid(SortedMap<Long, int[]> rows, Map<Long, Boolean> indexedRows) {
    keys = new long[rows.size()];
    indexed = new boolean[keys.length];
    registers = new int[keys.length * 4];
    int row = 0;
    for (Map.Entry<Long, int[]> entry : rows.entrySet()) {
      keys[row] = entry.getKey();
      indexed[row] = indexedRows.getOrDefault(entry.getKey(), false);
      System.arraycopy(entry.getValue(), 0, registers, row * 4, 4);
      row++;
    }
    addSyscall();
    clear(FEATURES, ECX, OSXSAVE);
    clear(STRUCTURED_FEATURES, ECX, OSPKE);
  }

  /** From the {@code [cpuid]} entries of a profile. */
  static Cpuid of(Iterable<ProfileEntry> entries) {
    TreeMap<Long, int[]> rows = new TreeMap<>();
    Map<Long, Boolean> indexedRows = new TreeMap<>();
    for (ProfileEntry entry : entries) {
      if (entry.section() != ProfileSection.CPUID) {
        continue;
      }
      int slash = entry.key().indexOf('/');
      String leaf = slash < 0 ? entry.key() : entry.key().substring(0, slash);
      int subleaf = slash < 0 ? 0 : Integer.decode(entry.key().substring(slash + 1));
      String[] words = entry.value().split(" ", -1);
      int[] row = new int[4];
      for (int i = 0; i < 4; i++) {
        row[i] = Long.decode(words[i]).intValue();
      }
      long key = key(Long.decode(leaf).intValue(), subleaf);
      rows.put(key, row);
      indexedRows.put(key, slash >= 0);
    }
    return new Cpuid(rows, indexedRows);
  }

  /**
   * The effect of executing CPUID: writes EAX, EBX, ECX, EDX to {@code out[0..3]}.
   *
   * <p>A leaf above the highest basic or extended one gives the highest basic leaf; a leaf or
   * subleaf in between that the profile lacks gives zeros. Nothing is allocated.
   */
  public void query(int leaf, int subleaf, long cr4, int[] out) {
    int effective = effectiveLeaf(leaf);
    int row = find(effective, subleaf);
    for (int i = 0; i < 4; i++) {
      out[i] = row < 0 ? 0 : registers[row * 4 + i];
    }
    if (effective == FEATURES) {
      out[ECX] |= (int) (cr4 >>> CR4_OSXSAVE_BIT & 1) * OSXSAVE;
    } else if (effective == STRUCTURED_FEATURES && row >= 0 && subleaf == 0) {
      out[ECX] |= (int) (cr4 >>> CR4_PKE_BIT & 1) * OSPKE;
    } else if (row < 0 && (effective == 0xB || effective == 0x1F)) {
      // Beyond the last level the topology leaves still return the level number and x2APIC ID.
      out[ECX] = subleaf & 0xFF;
      out[EDX] = register(effective, 0, EDX);
    }
  }

  /** The leaf whose values CPUID returns for a value of EAX. */
  int effectiveLeaf(int leaf) {
    return Integer.compareUnsigned(leaf, highest(leaf & EXTENDED)) > 0 ? highest(0) : leaf;
  }

  /** Whether the processor reports {@code feature}. */
  public boolean has(CpuidFeature feature) {
    return feature.in(this);
  }

  /** Whether XGETBV takes 1 in ECX. */
  public boolean hasXgetbv1() {
    return (register(0xD, 1, EAX) >>> 2 & 1) != 0;
  }

  /** MAXPHYADDR: the width of physical addresses, in bits; 36 without leaf 80000008H. */
  public int maxPhyAddr() {
    int bits = register(ADDRESS_SIZES, 0, EAX) & 0xFF;
    return bits == 0 ? 36 : bits;
  }

  /** Cycles of the time-stamp counter for one of the core crystal clock; 1 if not reported. */
  int cyclesPerCrystalTick() {
    int denominator = register(TIME_STAMP_COUNTER, 0, EAX);
    int numerator = register(TIME_STAMP_COUNTER, 0, EBX);
    return denominator == 0 ? 1 : Math.max(1, numerator / denominator);
  }

  /** What a local APIC of this processor has. */
  public ApicFeatures apicFeatures() {
    return new ApicFeatures(
        has(CpuidFeature.X2APIC),
        has(CpuidFeature.TSC_DEADLINE),
        maxPhyAddr(),
        cyclesPerCrystalTick());
  }

  /** The width of linear addresses, in bits; 32 without leaf 80000008H. */
  public int linearAddressBits() {
    int bits = register(ADDRESS_SIZES, 0, EAX) >>> 8 & 0xFF;
    return bits == 0 ? 32 : bits;
  }

  /** One register of a leaf as the profile has it; 0 if it has no such leaf. */
  int register(int leaf, int subleaf, int register) {
    int row = find(leaf, subleaf);
    return row < 0 ? 0 : registers[row * 4 + register];
  }

  /** The highest leaf listed in the range that starts at {@code range}: 0 or 80000000H. */
  int highestListed(int range) {
    int highest = range;
    for (long key : keys) {
      int leaf = (int) (key >>> 8);
      if ((leaf & EXTENDED) == range) {
        highest = leaf;
      }
    }
    return highest;
  }

  /** The highest leaf reported for the range that starts at {@code range}. */
  int highest(int range) {
    return register(range, 0, EAX);
  }

  private int find(int leaf, int subleaf) {
    int row = Arrays.binarySearch(keys, key(leaf, 0));
    if (row < 0 || !indexed[row]) {
      return row;
    }
    return (subleaf & ~0xFF) != 0 ? -1 : Arrays.binarySearch(keys, key(leaf, subleaf));
  }

  /** Dumps made outside 64-bit mode lack SYSCALL, which every processor with that mode has. */
  private void addSyscall() {
    int row = find(EXTENDED_FEATURES, 0);
    if (row >= 0 && has(CpuidFeature.LM)) {
      registers[row * 4 + EDX] |= SYSCALL;
    }
  }

  private void clear(int leaf, int register, int bits) {
    int row = find(leaf, 0);
    if (row >= 0) {
      registers[row * 4 + register] &= ~bits;
    }
  }

  private static long key(int leaf, int subleaf) {
    return (leaf & 0xFFFFFFFFL) << 8 | subleaf;
  }
}
