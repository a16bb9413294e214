package io.vmxsim.traces;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.ept.PagingState;

/**
 * Instructions that a recording does not hold: those of real mode that a VMM emulates. Their
 * accesses follow the instruction that began it, and what they have made of the control registers
 * is recorded when the guest runs again.
 */
final class RealModeStretch {
  private final PagingState registers;
  private boolean inRealMode;
  private long cr3;
  private long cr4;
  private long efer;

  /**
   * @param registers the guest's, as its VMM knew them last
   */
  RealModeStretch(PagingState registers) {
    this.registers = registers;
  }

  /** The guest begins a sensitive instruction, behind which a VMM may go on in its place. */
  void begins() {
    cr3 = registers.cr3();
    cr4 = registers.cr4();
    efer = registers.efer();
  }

  /** That instruction is done; a VMM may have gone on meanwhile. */
  void done(ActionBatch batch, int action) {
    long loaded = batch.value(action) & CpuState.CR0_PE;
    boolean moves = batch.kind(action) == ActionKind.MOV_TO_CR.code() && batch.size(action) == 0;
    if (moves || (batch.kind(action) == ActionKind.LMSW.code() && loaded != 0)) {
      inRealMode = loaded == 0;
    }
  }

  /**
   * The guest is about to execute an instruction itself.
   *
   * @param isProtected whether the processor that runs it is in protected mode
   * @param target takes what has changed unseen
   */
  void executing(boolean isProtected, ActionBatch target) {
    if (!inRealMode || !isProtected) {
      return;
    }
    inRealMode = false;
    if (efer != registers.efer()) {
      long msr = Msr.IA32_EFER.address() & 0xffff_ffffL;
      target.add(ActionKind.WRMSR, 0, msr, registers.efer());
    }
    if (cr4 != registers.cr4()) {
      target.add(ActionKind.MOV_TO_CR, 4, 0, registers.cr4());
    }
    if (cr3 != registers.cr3()) {
      target.add(ActionKind.MOV_TO_CR, 3, 0, registers.cr3());
    }
    target.add(ActionKind.MOV_TO_CR, 0, 0, registers.cr0());
  }
}
