package io.vmxsim.validation.peers;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.GuestWalk;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.validation.peers.PeerRow.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Random page tables, walked here and by QEMU's monitor: {@code info tlb} lists what they map, with
 * the flags of the entry that maps it, and {@code gva2gpa} translates single addresses.
 */
public final class WalksOnQemu {
  private static final long TABLES = 16 << 20;
  private static final long CR0_PE = 1;
  private static final long OFFSETS = 0xfff;
  private static final int ASKED = 25;
  private static final int ADDRESS_BITS = 40;

  private static final Pattern LINE = Pattern.compile("([0-9a-f]{16}): ([0-9a-f]{16}) (\\S{9})");
  private static final Pattern TRANSLATED = Pattern.compile("gpa: 0x([0-9a-f]+)");

  /** The flags that {@code info tlb} prints, in its order, by their bit of the entry. */
  private static final int[] FLAG_BITS = {63, 8, 7, 6, 5, 4, 3, 2, 1};

  private static final String FLAG_LETTERS = "XGPDACTUW";

  private final PhysicalMemory memory = new PhysicalMemory(ADDRESS_BITS);
  private final PagingState state = new PagingState(ADDRESS_BITS);
  private final WalkResult result = new WalkResult();
  private final PagingMode mode;
  private final List<RandomTables> tables = new ArrayList<>();
  private final Random random;
  private long lastEntry;
  private final GuestWalk walk =
      new GuestWalk(memory, (dimension, level, address, entry) -> lastEntry = entry, null);

  private int pages;
  private int asked;
  private final List<String> differences = new ArrayList<>();

  private WalksOnQemu(PagingMode mode, long seed, int count) {
    this.mode = mode;
    random = new Random(seed);
    long next = TABLES;
    for (int i = 0; i < count; i++) {
      tables.add(new RandomTables(memory, mode, next, random));
      next = tables.get(i).end();
    }
  }

  /** Compares as many random tables of each paging mode, and tells of each mode. */
  public static void run(long seed, int count, Consumer<PeerRow> rows) {
    if (!PeerProcess.isInstalled("qemu-system-x86_64")) {
      rows.accept(new PeerRow("qemu", Verdict.SKIPPED, "there is no program qemu-system-x86_64"));
      return;
    }
    for (PagingMode mode : PagingMode.values()) {
      if (mode != PagingMode.NONE) {
        rows.accept(new WalksOnQemu(mode, seed, count).compare());
      }
    }
  }

  private PeerRow compare() {
    try {
      Path file = Files.createTempFile("vmxsim", ".tables");
      Files.write(file, image());
      try (QemuMonitor qemu = new QemuMonitor(file, TABLES)) {
        for (RandomTables each : tables) {
          use(qemu, each);
          compare(qemu, each);
        }
      }
      Files.delete(file);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
    String detail = "%d page tables, %d pages, %d addresses".formatted(tables.size(), pages, asked);
    return differences.isEmpty()
        ? new PeerRow("qemu " + mode, Verdict.SAME, detail)
        : new PeerRow(
            "qemu " + mode,
            Verdict.DIFFERENT,
            detail + "; " + differences.size() + " differ: " + differences.get(0));
  }

  private byte[] image() {
    byte[] bytes = new byte[(int) (tables.get(tables.size() - 1).end() - TABLES)];
    memory.readBytes(TABLES, bytes, 0, bytes.length);
    return bytes;
  }

  /** Gives both processors the control registers of the mode. */
  private void use(QemuMonitor qemu, RandomTables each) throws IOException {
    boolean ia32e = mode.topLevel() >= 4;
    long cr4 =
        (mode == PagingMode.BITS32 ? PagingState.CR4_PSE : PagingState.CR4_PAE)
            | (mode == PagingMode.FIVE_LEVEL ? PagingState.CR4_LA57 : 0);
    long efer = (ia32e ? PagingState.EFER_LME : 0) | PagingState.EFER_NXE;
    qemu.set(QemuMonitor.CR0, CR0_PE);
    qemu.set(QemuMonitor.CR4, cr4);
    qemu.set(QemuMonitor.EFER, efer);
    qemu.set(QemuMonitor.CR3, each.root());
    qemu.set(QemuMonitor.CR0, CR0_PE | PagingState.CR0_PG);
    state.setControlRegisters(PagingState.CR0_PG, each.root(), cr4, efer);
    for (int i = 0; mode == PagingMode.PAE && i < 4; i++) {
      state.setPdpte(i, memory.read64(each.root() + 8L * i));
    }
  }

  private void compare(QemuMonitor qemu, RandomTables each) throws IOException {
    Map<Long, String> here = new TreeMap<>();
    for (long address : each.addresses()) {
      long linear = canonical(address);
      if (walk.walk(state, linear, Access.READ, result) == WalkResult.Status.OK) {
        here.put(linear, page(result.physicalAddress(), lastEntry));
      }
    }
    pages += here.size();
    Map<Long, String> there = listed(qemu.ask("info tlb"));
    if (!here.equals(there)) {
      differences.add("info tlb: here " + here + ", there " + there);
    }
    for (int i = 0; i < ASKED; i++) {
      List<Long> some = each.addresses();
      long base = random.nextInt(8) == 0 ? anyAddress() : some.get(random.nextInt(some.size()));
      translate(qemu, canonical(base) ^ random.nextInt(1 << 22));
    }
  }

  private void translate(QemuMonitor qemu, long linear) throws IOException {
    asked++;
    boolean mapped = walk.walk(state, linear, Access.READ, result) == WalkResult.Status.OK;
    Matcher found = TRANSLATED.matcher(qemu.ask("gva2gpa %#x".formatted(linear)));
    Long there = found.find() ? Long.valueOf(Long.parseUnsignedLong(found.group(1), 16)) : null;
    Long here = mapped ? Long.valueOf(result.physicalAddress()) : null;
    if (here == null ? there != null : !here.equals(there)) {
      differences.add("gva2gpa %#x: here %s, there %s".formatted(linear, here, there));
    }
  }

  private static Map<Long, String> listed(String text) {
    Map<Long, String> pages = new TreeMap<>();
    Matcher line = LINE.matcher(text);
    while (line.find()) {
      long frame = Long.parseUnsignedLong(line.group(2), 16) & ((1L << ADDRESS_BITS) - 1);
      boolean large = line.group(3).charAt(2) == 'P';
      pages.put(
          Long.parseUnsignedLong(line.group(1), 16),
          "%x %s".formatted(frame & (large ? -1L << 21 : ~OFFSETS), line.group(3)));
    }
    return pages;
  }

  /** As {@code info tlb} prints it. */
  private static String page(long frame, long entry) {
    StringBuilder flags = new StringBuilder();
    for (int i = 0; i < FLAG_BITS.length; i++) {
      flags.append((entry >>> FLAG_BITS[i] & 1) != 0 ? FLAG_LETTERS.charAt(i) : '-');
    }
    boolean large = flags.charAt(2) == 'P';
    return "%x %s".formatted(frame & (large ? -1L << 21 : ~OFFSETS), flags);
  }

  private long anyAddress() {
    return mode.topLevel() >= 4 ? random.nextLong() >>> 16 : (random.nextInt() & 0xffff_ffffL);
  }

  /** Bits above those that the mode translates are those of the highest of them. */
  private long canonical(long linear) {
    int unused = mode == PagingMode.FIVE_LEVEL ? 7 : 16;
    return mode.topLevel() >= 4 ? linear << unused >> unused : linear & 0xffff_ffffL;
  }
}
