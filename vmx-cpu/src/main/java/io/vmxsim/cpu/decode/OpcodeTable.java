package io.vmxsim.cpu.decode;

import io.vmxsim.cpu.CpuidFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The opcode maps of one processor in one kind of mode: those of SDM volume 2, appendix A, without
 * the rows whose CPUID feature it lacks.
 *
 * <p>A later row replaces an earlier one where both apply, so a processor without TZCNT has BSF in
 * its place.
 */
final class OpcodeTable {
  private static final List<String> FILES =
      List.of("one-byte", "two-byte", "three-byte", "x87", "simd-0f", "simd-0f38", "simd-0f3a");

  /** Every row there is, in the order of the files. */
  static final List<OpcodeRow> ROWS =
      FILES.stream().flatMap(OpcodeTable::lines).map(OpcodeRow::parse).toList();

  /** Slots of an opcode that ModRM extends: reg with memory, then 8 rm for each reg. */
  private static final int EXTENDED = 8 + 64;

  private static final int VEX_PAGES = 8;
  private static final int PAGES = VEX_PAGES + 12;
  private static final int OPCODES = 256;

  /** The tables made so far, by the features that they are for: machines share them. */
  private static final Map<Set<CpuidFeature>, OpcodeTable> TABLES64 = new ConcurrentHashMap<>();

  private static final Map<Set<CpuidFeature>, OpcodeTable> TABLES_OTHER = new ConcurrentHashMap<>();

  private final OpcodeRow[][] slots = new OpcodeRow[PAGES * OpcodeRow.PREFIXES.size() * OPCODES][];

  /** The table for a processor that has {@code features}; nobody changes it. */
  static OpcodeTable of(boolean bits64, Predicate<CpuidFeature> features) {
    Set<CpuidFeature> present = EnumSet.noneOf(CpuidFeature.class);
    Arrays.stream(CpuidFeature.values()).filter(features).forEach(present::add);
    return (bits64 ? TABLES64 : TABLES_OTHER)
        .computeIfAbsent(present, key -> new OpcodeTable(bits64, key::contains));
  }

  private OpcodeTable(boolean bits64, Predicate<CpuidFeature> features) {
    for (OpcodeRow row : ROWS) {
      if (row.isIn(bits64)) {
        add(row, features);
      }
    }
  }

  private static Stream<String> lines(String file) {
    String name = file + ".opcodes";
    try (InputStream in = OpcodeTable.class.getResourceAsStream(name)) {
      byte[] bytes = Objects.requireNonNull(in, name).readAllBytes();
      return new String(bytes, StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** Where the opcodes of a map without VEX start; {@code map} 0 to 3. */
  static int legacyPage(int map, int w) {
    return map * 2 + w;
  }

  /** Where the VEX-encoded opcodes of a map start; {@code map} 1 to 3. */
  static int vexPage(int map, int w, int l) {
    return VEX_PAGES + ((map - 1) * 2 + w) * 2 + l;
  }

  /**
   * The rows of an opcode: null if there are none, one if ModRM does not matter, else for {@link
   * #select}.
   *
   * @param slot what {@link #slot} gave
   */
  OpcodeRow @Nullable [] rows(int slot) {
    return slots[slot];
  }

  /** The row that a ModRM byte picks. */
  static @Nullable OpcodeRow select(OpcodeRow[] rows, int modRm) {
    if (rows.length == 1) {
      return rows[0];
    }
    return rows[extended(modRm)];
  }

  private static int extended(int modRm) {
    return modRm < 0xC0 ? modRm >> 3 & 7 : 8 + (modRm & 0x3F);
  }

  /**
   * Where an opcode is.
   *
   * @param page {@link #legacyPage} or {@link #vexPage}
   * @param prefix column of {@link OpcodeRow#PREFIXES}
   */
  static int slot(int page, int prefix, int opcode) {
    return (page << 2 | prefix) << 8 | opcode;
  }

  private void add(OpcodeRow row, Predicate<CpuidFeature> features) {
    for (int w = 0; w < 2; w++) {
      if (!row.takesW(w)) {
        continue;
      }
      if (row.isLegacyOn(features)) {
        add(row, legacyPage(row.map, w));
      }
      for (int l = 0; l < 2; l++) {
        if (row.isVexOn(features, l)) {
          add(row, vexPage(row.map, w, l));
        }
      }
    }
  }

  private void add(OpcodeRow row, int page) {
    for (int prefix = 0; prefix < OpcodeRow.PREFIXES.size(); prefix++) {
      if (row.prefix == OpcodeRow.ANY_PREFIX || row.prefix == prefix) {
        for (int opcode = row.opcode; opcode < row.opcode + row.opcodes; opcode++) {
          int slot = slot(page, prefix, opcode);
          slots[slot] = with(slots[slot], row);
        }
      }
    }
  }

  private static OpcodeRow[] with(OpcodeRow @Nullable [] before, OpcodeRow row) {
    if (row.extension < 0 && !row.memoryOnly && !row.registerOnly) {
      return new OpcodeRow[] {row};
    }
    OpcodeRow[] rows = new OpcodeRow[EXTENDED];
    if (before != null && before.length == 1) {
      Arrays.fill(rows, before[0]);
    } else if (before != null) {
      System.arraycopy(before, 0, rows, 0, EXTENDED);
    }
    for (int modRm = 0; modRm < 0x100; modRm++) {
      if (takes(row, modRm)) {
        rows[extended(modRm)] = row;
      }
    }
    return rows;
  }

  private static boolean takes(OpcodeRow row, int modRm) {
    boolean memory = modRm < 0xC0;
    if (memory ? row.registerOnly : row.memoryOnly) {
      return false;
    }
    return row.extension < 0
        || (row.extension >= 0xC0 && row.extension == modRm)
        || (row.extension < 8 && row.extension == (modRm >> 3 & 7));
  }
}
