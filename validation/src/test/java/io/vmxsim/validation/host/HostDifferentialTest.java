package io.vmxsim.validation.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import io.vmxsim.cpu.StatusFlags;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Disassembler;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.vmcs.NotModelledException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random instructions here and on a processor, which must leave the same: on the host where there
 * is gcc and an Intel processor of the Ice Lake generation or later, and from stored vectors
 * everywhere.
 *
 * <p>{@code -Dvmxsim.host.cases=N} for other than the short run on the host, {@code
 * -Dvmxsim.host.seed=N} for another sequence, {@code -Dvmxsim.host.only=OPERATION} for cases of one
 * kind, {@code -Dvmxsim.host.each=N} to show more than one case of each operation that differs,
 * {@code -Dvmxsim.host.record=FILE} to record the first cases instead.
 */
class HostDifferentialTest {
  private static final long FLAGS = StatusFlags.MASK | 1 << 10;
  private static final int REPORTED = Integer.getInteger("vmxsim.host.reported", 20);
  private static final int EACH = Integer.getInteger("vmxsim.host.each", 1);
  private static final int RECORDED = 12_000;

  private final SimulatedProcessor simulated = new SimulatedProcessor();
  private final HostState here = new HostState();
  private final HostState there = new HostState();
  private final Map<Op, Integer> differing = new EnumMap<>(Op.class);
  private final Map<Op, Integer> covered = new EnumMap<>(Op.class);
  private final StringBuilder report = new StringBuilder();

  private interface Reference {
    HostFault run(HostCases one, HostState output) throws IOException;
  }

  @Test
  void everyInstructionLeavesWhatTheHostLeaves(@TempDir Path directory)
      throws IOException, InterruptedException {
    long seed = Long.getLong("vmxsim.host.seed", 1);
    try (@Nullable HostProcessor host = HostProcessor.start(directory, seed)) {
      if (host == null) {
        abort("needs gcc and an Intel processor with AVX2, SHA, GFNI and VAES");
        return;
      }
      String record = System.getProperty("vmxsim.host.record");
      if (record == null) {
        compare(
            (one, output) -> host.next(output), seed, Long.getLong("vmxsim.host.cases", 30_000));
      } else {
        HostVectors.record(host, seed, RECORDED, Path.of(record));
      }
    }
  }

  @Test
  void everyInstructionLeavesWhatWasRecorded() throws IOException {
    HostVectors vectors = HostVectors.stored();
    compare(vectors::next, vectors.seed(), vectors.count());
  }

  /** Who adds an operation runs it here, or says in {@link LeftOut} why not. */
  @Test
  void everyOperationIsRunOrLeftOutForAReason() {
    Set<Op> missing = EnumSet.allOf(Op.class);
    missing.removeIf(LeftOut::contains);
    missing.removeAll(new HostCases(1, Decoder.ofEverything()).reached(6_000_000));
    assertEquals(EnumSet.noneOf(Op.class), missing);
  }

  private void compare(Reference reference, long seed, long count) throws IOException {
    HostCases cases = new HostCases(seed, SimulatedProcessor.decoder());
    for (long i = 0; i < count; i++) {
      cases.next();
      compare(cases, reference.run(cases, there));
    }
    assertEquals("", differing.isEmpty() ? "" : differing + "\n" + report);
    assertTrue(
        covered.size() > (HostCases.ONLY.isEmpty() ? 300 : 0),
        "only " + covered.size() + " operations");
  }

  private void compare(HostCases one, HostFault faultThere) {
    HostFault faultHere;
    try {
      faultHere = simulated.run(one, here);
    } catch (NotModelledException stop) {
      return; // docs/NOT_MODELLED.md
    }
    covered.merge(one.instruction.op, 1, Integer::sum);
    long flags = FLAGS;
    if (faultThere.isNone()) {
      if (UndefinedResults.isResult(one.instruction, one.input)) {
        return;
      }
      flags &= ~UndefinedResults.flags(one.instruction, one.input);
      Approximations.settle(one.instruction, here, there);
    }
    if (Approximations.isPartlyDone(one.instruction, faultThere)) {
      here.takeRegisters(there);
    }
    String differences =
        Approximations.areAlike(one.instruction, faultHere, faultThere)
            ? here.differences(there, flags)
            : "  " + faultHere + ", expected " + faultThere + "\n" + here.differences(there, flags);
    if (!differences.isEmpty()) {
      note(one, differences);
    }
  }

  private void note(HostCases one, String differences) {
    if (differing.merge(one.instruction.op, 1, Integer::sum) <= EACH
        && differing.size() <= REPORTED) {
      report
          .append(HexFormat.of().formatHex(one.code, 0, one.instruction.length))
          .append("  ")
          .append(Disassembler.text(one.instruction, 0))
          .append('\n')
          .append(one.input.describe())
          .append(differences);
    }
  }
}
