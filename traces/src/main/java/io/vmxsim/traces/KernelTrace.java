package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import java.util.function.Consumer;

/**
 * Writes the trace of a small kernel in 4-level paging that runs at CPL 0 with its memory mapped
 * one to one in 4-KByte pages. It is a whole-system trace: paging structures and control registers
 * are in it.
 */
final class KernelTrace {
  static final long PML4 = 0x1000;
  static final int PAGES_PER_TABLE = 512;

  private static final long PDPT = 0x2000;
  private static final long PD = 0x3000;
  private static final long PAGE_TABLES = 0x10_0000;
  private static final long CODE = 0x1_0000;
  private static final long CODE_SIZE = 0x1_0000;

  private static final long PRESENT_WRITABLE = 3;
  private static final long CR0 = 0x8005_0033L; // PG AM WP NE ET MP PE
  private static final long CR4_PAE = 0x20;
  private static final long IA32_EFER = 0xc000_0080L;
  private static final long EFER = 0xd01; // NXE LMA LME SCE

  private final Consumer<ActionBatch> sink;
  private final ActionBatch batch = new ActionBatch(256);
  private long rip = CODE;

  /**
   * Begins a trace with the state the kernel starts in.
   *
   * @param sink takes each batch that is flushed, which is then used again
   * @param pages mapped from address 0 on, a multiple of 512, at least 1024 for the kernel itself
   */
  KernelTrace(Consumer<ActionBatch> sink, int pages) {
    this.sink = sink;
    add(ActionKind.INITIAL_CR, 0, 0, CR0);
    add(ActionKind.INITIAL_CR, 3, 0, PML4);
    add(ActionKind.INITIAL_CR, 4, 0, CR4_PAE);
    add(ActionKind.INITIAL_MSR, 0, IA32_EFER, EFER);
    add(ActionKind.INITIAL_MEMORY, 0, PML4, PDPT | PRESENT_WRITABLE);
    add(ActionKind.INITIAL_MEMORY, 0, PDPT, PD | PRESENT_WRITABLE);
    for (int table = 0; table < pages / PAGES_PER_TABLE; table++) {
      add(
          ActionKind.INITIAL_MEMORY,
          0,
          PD + 8L * table,
          entryAddress(table * PAGES_PER_TABLE) | PRESENT_WRITABLE);
    }
    for (int page = 0; page < pages; page++) {
      add(ActionKind.INITIAL_MEMORY, 0, entryAddress(page), entry(page));
    }
    add(ActionKind.SET_CPL, 0, 0, 0);
    flush();
  }

  /** Where the page-table entry of a page lies. */
  static long entryAddress(int page) {
    return PAGE_TABLES + 8L * page;
  }

  /** A page-table entry that maps a frame. */
  static long entry(long frame) {
    return frame << 12 | PRESENT_WRITABLE;
  }

  /** Writes to the file's first virtual CPU. */
  KernelTrace(TraceWriter writer, int pages) {
    this(batch -> writer.write(0, batch), pages);
  }

  /** Hands on what has been added. */
  void flush() {
    sink.accept(batch);
    batch.clear();
  }

  void add(ActionKind kind, int size, long address, long value) {
    batch.add(kind, size, address, value);
  }

  /** The next instruction, in a loop of 64 KBytes. */
  void instruction(int length) {
    instructionAt(rip, length);
    rip += length;
    if (rip >= CODE + CODE_SIZE - 16) {
      rip = CODE;
    }
  }

  void instructionAt(long address, int length) {
    add(ActionKind.INSTRUCTION, length, address, ActionBatch.NO_BYTES);
  }

  /** An instruction that loads or stores eight bytes of a page. */
  void access(ActionKind kind, int page) {
    instruction(4);
    add(kind, 8, (long) page << 12, 0);
  }

  /** Changes the page-table entry of a page, and says so with INVLPG. */
  void remap(int page, long newEntry) {
    instruction(4);
    add(ActionKind.STORE_VALUE, 8, entryAddress(page), newEntry);
    instruction(3);
    add(ActionKind.INVLPG, 0, (long) page << 12, 0);
  }
}
