package io.vmxsim.cpu.board;

import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.RunOutcome;
import io.vmxsim.ept.PagingState;

/**
 * A processor as a machine's software sees it and its schedule drives it: a physical one of the
 * bare machine, or a virtual one that a VMM runs on a physical one.
 */
public interface LogicalProcessor {

  /**
   * Runs until it has retired {@code budget} instructions, waits, or is at its end.
   *
   * @param budget instructions, positive
   */
  RunOutcome run(long budget);

  /**
   * A processor that has the registers of the software: the physical one itself, or one that a VMM
   * has filled in.
   */
  Processor registers();

  /**
   * CR0, CR3, CR4 and IA32_EFER as the software sees them; those of a virtual processor as its VMM
   * knew them last.
   */
  PagingState paging();

  /** Whether it executes instructions, rather than waits or has ended. */
  boolean isActive();

  /** Whether it waits for a start-up IPI. */
  boolean waitsForStartUp();

  /**
   * Cycles until time alone brings about what ends its wait: 0 if that is there, -1 if it never
   * will be.
   */
  long cyclesUntilEvent();

  /** Takes the start-up IPI that has come. */
  void startUp();

  /** It executes no further instruction: a device has ended or suspended the machine. */
  void stop();

  /** An INIT, after which the bootstrap processor is at the reset vector and the others wait. */
  void init();

  /** Goes on in real mode, after an INIT, at a physical address below 1 MByte. */
  void wakeAt(int address);
}
