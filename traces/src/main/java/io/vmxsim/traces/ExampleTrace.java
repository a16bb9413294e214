package io.vmxsim.traces;

import io.vmxsim.cpu.ActionKind;

/**
 * Generates the trace of a small kernel that does everything a VMM may have to intercept, over and
 * over: CPUID, IN, OUT, RDMSR, WRMSR, HLT and the interrupt that ends it, page-table stores with
 * INVLPG, a page fault and its repair, MOV to CR3.
 */
final class ExampleTrace {
  private static final int PAGES = 2 * KernelTrace.PAGES_PER_TABLE;
  private static final long HANDLERS = 0x8000;

  /**
   * Data pages 0x40 to 0x7f stay as they are; 0x80 is remapped, 0x81 is taken away and given back.
   */
  private static final int FIRST_DATA_PAGE = 0x40;

  private static final int DATA_PAGES = 0x40;
  private static final int REMAPPED_PAGE = 0x80;
  private static final int FAULTING_PAGE = 0x81;

  private static final int IA32_MISC_ENABLE = 0x1a0;
  private static final long MISC_ENABLE = 0x0085_0089;
  private static final int TIMER_VECTOR = 0x20;
  private static final int PAGE_FAULT = 14;
  private static final int PORT = 0x3f8;

  private final KernelTrace kernel;

  private ExampleTrace(KernelTrace kernel) {
    this.kernel = kernel;
  }

  /**
   * Writes the trace; the caller finishes the file.
   *
   * @param rounds how often each of the instructions occurs, at least 1
   */
  static void write(TraceWriter writer, long rounds) {
    ExampleTrace example = new ExampleTrace(new KernelTrace(writer, PAGES));
    for (long round = 0; round < rounds; round++) {
      example.sensitive(round);
      example.remap(round);
      example.fault();
      example.work(round);
      example.kernel.flush();
    }
  }

  private void sensitive(long round) {
    kernel.instruction(2);
    kernel.add(ActionKind.CPUID, 0, 1, 0);
    kernel.instruction(1);
    kernel.add(ActionKind.IN, 1, PORT + 5, 0);
    kernel.instruction(1);
    kernel.add(ActionKind.OUT, 1, PORT, 'a' + round % 26);
    kernel.instruction(2);
    kernel.add(ActionKind.RDMSR, 0, IA32_MISC_ENABLE, 0);
    kernel.instruction(2);
    kernel.add(ActionKind.WRMSR, 0, IA32_MISC_ENABLE, MISC_ENABLE);
    kernel.instruction(1);
    kernel.add(ActionKind.HLT, 0, 0, 0);
    kernel.add(ActionKind.INTERRUPT, TIMER_VECTOR, 0, 0);
    timerHandler();
  }

  private void timerHandler() {
    for (int i = 0; i < 3; i++) {
      kernel.instructionAt(HANDLERS + 0x100 + 4L * i, 4);
    }
    kernel.instructionAt(HANDLERS + 0x10c, 2);
    kernel.add(ActionKind.IRET, 0, 0, 0);
  }

  /** Points a page at another frame. */
  private void remap(long round) {
    kernel.remap(REMAPPED_PAGE, KernelTrace.entry(REMAPPED_PAGE + 2 + round % 8));
    kernel.access(ActionKind.LOAD, REMAPPED_PAGE);
  }

  /** Takes a page away, touches it, and gives it back in the page-fault handler. */
  private void fault() {
    kernel.remap(FAULTING_PAGE, 0);
    kernel.access(ActionKind.LOAD, FAULTING_PAGE);
    kernel.add(ActionKind.EXCEPTION, PAGE_FAULT, 0, (long) FAULTING_PAGE << 12);
    kernel.instructionAt(HANDLERS, 4);
    kernel.add(
        ActionKind.STORE_VALUE,
        8,
        KernelTrace.entryAddress(FAULTING_PAGE),
        KernelTrace.entry(FAULTING_PAGE));
    kernel.instructionAt(HANDLERS + 4, 2);
    kernel.add(ActionKind.IRET, 0, 0, 0);
    kernel.access(ActionKind.LOAD, FAULTING_PAGE);
  }

  private void work(long round) {
    for (int i = 0; i < DATA_PAGES; i++) {
      kernel.access(i % 4 == 0 ? ActionKind.STORE : ActionKind.LOAD, FIRST_DATA_PAGE + i);
    }
    if (round % 2 == 1) {
      kernel.instruction(3);
      kernel.add(ActionKind.MOV_TO_CR, 3, 0, KernelTrace.PML4);
    }
  }
}
