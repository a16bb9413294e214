package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;

/**
 * Generates the trace of a small kernel that does everything a VMM may have to intercept, over and
 * over: CPUID, IN, OUT, RDMSR, WRMSR, HLT and the interrupt that ends it, page-table stores with
 * INVLPG, a page fault and its repair, MOV to CR3. It is a whole-system trace: paging structures
 * and control registers are in it.
 */
public final class ExampleTrace {
  private static final long PML4 = 0x1000;
  private static final long PDPT = 0x2000;
  private static final long PD = 0x3000;

  /** Maps the lowest 2 MBytes one to one, itself included. */
  private static final long PT = 0x4000;

  private static final long CODE = 0x10000;
  private static final long CODE_SIZE = 0x10000;
  private static final long HANDLERS = 0x8000;

  /**
   * Data pages 0x40 to 0x7f stay as they are; 0x80 is remapped, 0x81 is taken away and given back.
   */
  private static final int FIRST_DATA_PAGE = 0x40;

  private static final int DATA_PAGES = 0x40;
  private static final int REMAPPED_PAGE = 0x80;
  private static final int FAULTING_PAGE = 0x81;

  private static final long PRESENT_WRITABLE = 3;
  private static final long CR0 = 0x8005_0033L; // PG AM WP NE ET MP PE
  private static final long CR4_PAE = 0x20;
  private static final long IA32_EFER = 0xc000_0080L;
  private static final long EFER = 0xd01; // NXE LMA LME SCE
  private static final int IA32_MISC_ENABLE = 0x1a0;
  private static final long MISC_ENABLE = 0x0085_0089;
  private static final int TIMER_VECTOR = 0x20;
  private static final int PAGE_FAULT = 14;
  private static final int PORT = 0x3f8;

  private final ActionBatch batch = new ActionBatch(256);
  private long rip = CODE;

  private ExampleTrace() {}

  /**
   * Writes the trace; the caller finishes the file.
   *
   * @param rounds how often each of the instructions occurs, at least 1
   */
  public static void write(TraceWriter writer, int rounds) {
    ExampleTrace example = new ExampleTrace();
    writer.note(
        "generated: " + rounds + " rounds of sensitive instructions and page-table changes");
    example.initialState();
    for (int round = 0; round < rounds; round++) {
      example.sensitive(round);
      example.remap(round);
      example.fault();
      example.work(round);
      writer.write(0, example.batch);
      example.batch.clear();
    }
  }

  private void initialState() {
    batch.add(ActionKind.INITIAL_CR, 0, 0, CR0);
    batch.add(ActionKind.INITIAL_CR, 3, 0, PML4);
    batch.add(ActionKind.INITIAL_CR, 4, 0, CR4_PAE);
    batch.add(ActionKind.INITIAL_MSR, 0, IA32_EFER, EFER);
    batch.add(ActionKind.INITIAL_MEMORY, 0, PML4, PDPT | PRESENT_WRITABLE);
    batch.add(ActionKind.INITIAL_MEMORY, 0, PDPT, PD | PRESENT_WRITABLE);
    batch.add(ActionKind.INITIAL_MEMORY, 0, PD, PT | PRESENT_WRITABLE);
    for (int page = 0; page < 512; page++) {
      batch.add(ActionKind.INITIAL_MEMORY, 0, PT + 8L * page, entry(page));
    }
    batch.add(ActionKind.SET_CPL, 0, 0, 0);
  }

  private static long entry(long frame) {
    return frame << 12 | PRESENT_WRITABLE;
  }

  private void sensitive(int round) {
    instruction(2);
    batch.add(ActionKind.CPUID, 0, 1, 0);
    instruction(1);
    batch.add(ActionKind.IN, 1, PORT + 5, 0);
    instruction(1);
    batch.add(ActionKind.OUT, 1, PORT, 'a' + round % 26);
    instruction(2);
    batch.add(ActionKind.RDMSR, 0, IA32_MISC_ENABLE, 0);
    instruction(2);
    batch.add(ActionKind.WRMSR, 0, IA32_MISC_ENABLE, MISC_ENABLE);
    instruction(1);
    batch.add(ActionKind.HLT, 0, 0, 0);
    batch.add(ActionKind.INTERRUPT, TIMER_VECTOR, 0, 0);
    handler(3);
  }

  /** Points a page at another frame, and says so with INVLPG. */
  private void remap(int round) {
    store(PT + 8 * REMAPPED_PAGE, entry(REMAPPED_PAGE + 2 + round % 8));
    instruction(3);
    batch.add(ActionKind.INVLPG, 0, (long) REMAPPED_PAGE << 12, 0);
    access(ActionKind.LOAD, REMAPPED_PAGE);
  }

  /** Takes a page away, touches it, and gives it back in the page-fault handler. */
  private void fault() {
    store(PT + 8 * FAULTING_PAGE, 0);
    instruction(3);
    batch.add(ActionKind.INVLPG, 0, (long) FAULTING_PAGE << 12, 0);
    access(ActionKind.LOAD, FAULTING_PAGE);
    batch.add(ActionKind.EXCEPTION, PAGE_FAULT, 0, (long) FAULTING_PAGE << 12);
    batch.add(ActionKind.INSTRUCTION, 4, HANDLERS, ActionBatch.NO_BYTES);
    batch.add(ActionKind.STORE_VALUE, 8, PT + 8 * FAULTING_PAGE, entry(FAULTING_PAGE));
    batch.add(ActionKind.INSTRUCTION, 2, HANDLERS + 4, ActionBatch.NO_BYTES);
    batch.add(ActionKind.IRET, 0, 0, 0);
    access(ActionKind.LOAD, FAULTING_PAGE);
  }

  private void work(int round) {
    for (int i = 0; i < DATA_PAGES; i++) {
      access(i % 4 == 0 ? ActionKind.STORE : ActionKind.LOAD, FIRST_DATA_PAGE + i);
    }
    if (round % 2 == 1) {
      instruction(3);
      batch.add(ActionKind.MOV_TO_CR, 3, 0, PML4);
    }
  }

  private void handler(int instructions) {
    for (int i = 0; i < instructions; i++) {
      batch.add(ActionKind.INSTRUCTION, 4, HANDLERS + 0x100 + 4L * i, ActionBatch.NO_BYTES);
    }
    batch.add(
        ActionKind.INSTRUCTION, 2, HANDLERS + 0x100 + 4L * instructions, ActionBatch.NO_BYTES);
    batch.add(ActionKind.IRET, 0, 0, 0);
  }

  private void store(long address, long value) {
    instruction(4);
    batch.add(ActionKind.STORE_VALUE, 8, address, value);
  }

  private void access(ActionKind kind, int page) {
    instruction(4);
    batch.add(kind, 8, (long) page << 12, 0);
  }

  private void instruction(int length) {
    batch.add(ActionKind.INSTRUCTION, length, rip, ActionBatch.NO_BYTES);
    rip += length;
    if (rip >= CODE + CODE_SIZE - 16) {
      rip = CODE;
    }
  }
}
