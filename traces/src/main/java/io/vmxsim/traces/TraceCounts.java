package io.vmxsim.traces;

/** What a reader has delivered so far. */
public final class TraceCounts {
  long records;
  long instructions;
  long loads;
  long stores;
  long skipped;
  long withoutOperands;

  /**
   * Records of the format's own kind: lines, ChampSim instructions, drmemtrace entries, actions.
   */
  public long records() {
    return records;
  }

  /** Instructions. */
  public long instructions() {
    return instructions;
  }

  /** Data reads; a read-modify-write counts as one load and one store. */
  public long loads() {
    return loads;
  }

  /** Data writes. */
  public long stores() {
    return stores;
  }

  /** Records skipped because they made no sense and the reading is lenient. */
  public long skipped() {
    return skipped;
  }

  /**
   * Sensitive instructions that cannot be replayed because the trace does not hold their operands
   * and they would change state: RDMSR, WRMSR, MOV to CR, INVLPG and their like in drmemtrace.
   */
  public long withoutOperands() {
    return withoutOperands;
  }

  /** Takes over the counts of {@code other}. */
  public void copyFrom(TraceCounts other) {
    records = other.records;
    instructions = other.instructions;
    loads = other.loads;
    stores = other.stores;
    skipped = other.skipped;
    withoutOperands = other.withoutOperands;
  }

  @Override
  public String toString() {
    return String.format(
        "%d records, %d instructions, %d loads, %d stores, %d skipped",
        records, instructions, loads, stores, skipped);
  }
}
