package io.vmxsim.cpu.gdb;

import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.execute.Executor;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.ept.WalkResult.Status;

/**
 * Memory as the software on a processor sees it, through its paging and EPT, for somebody who looks
 * on: no access is refused for lack of rights, nothing is cached or marked as accessed.
 */
final class LinearMemory {
  /** Tried in turn: who may, varies with SMAP, SMEP, protection keys and execute-only pages. */
  private static final int[] ACCESSES = {
    Access.READ, Access.READ | Access.USER, Access.FETCH, Access.FETCH | Access.USER
  };

  static final long NOWHERE = -1;

  private final Processor processor;
  private final WalkResult result = new WalkResult();

  LinearMemory(Processor processor) {
    this.processor = processor;
  }

  /** The physical address behind a linear address, or {@link #NOWHERE}. */
  long physical(long linear) {
    if (processor.isCanonical(linear)) {
      for (int access : ACCESSES) {
        if (processor.mmu().walker().look(linear, access, result, null) == Status.OK) {
          return result.physicalAddress();
        }
      }
    }
    return NOWHERE;
  }

  /** How many of {@code count} bytes from {@code linear} on are there; they are in {@code into}. */
  int read(long linear, byte[] into, int count) {
    for (int done = 0; done < count; ) {
      int run = run(linear + done, count - done);
      long address = physicalInRam(linear + done);
      if (address == NOWHERE) {
        return done;
      }
      processor.memory().readBytes(address, into, done, run);
      done += run;
    }
    return count;
  }

  /** Writes bytes, and says so to what has decoded code; false if not all of them are there. */
  boolean write(long linear, byte[] from) {
    for (int done = 0; done < from.length; ) {
      int run = run(linear + done, from.length - done);
      long address = physicalInRam(linear + done);
      if (address == NOWHERE) {
        return false;
      }
      processor.memory().writeBytes(address, from, done, run);
      ((Executor) processor.guest()).code().written(address);
      done += run;
    }
    return true;
  }

  private long physicalInRam(long linear) {
    long address = physical(linear);
    return address != NOWHERE && processor.bus().isRam(address) ? address : NOWHERE;
  }

  /** Bytes up to the end of the page, at most {@code count}. */
  private static int run(long linear, int count) {
    int left = PhysicalMemory.PAGE_BYTES - (int) (linear & (PhysicalMemory.PAGE_BYTES - 1));
    return Math.min(left, count);
  }
}
