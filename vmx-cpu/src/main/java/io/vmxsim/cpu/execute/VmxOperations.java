package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.StepOutcome;
import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.vmcs.ExitReason;

/** The VMX instructions as machine code: operands found, the rest by {@link VmxInstructions}. */
final class VmxOperations {
  private final Processor processor;
  private final CpuState state;
  private final Operands operands;
  private final Progress progress;
  private final Faults faults;
  private final VmxInstructions vmx;

  VmxOperations(Processor processor, Operands operands, Progress progress, Faults faults) {
    this.processor = processor;
    this.operands = operands;
    this.progress = progress;
    this.faults = faults;
    state = processor.state();
    vmx = processor.vmx();
  }

  void execute(Instruction in) {
    progress.settle();
    if (processor.inNonRoot()) { // else there is no VM exit that would report it
      long displacement = ExitOperands.displacement(in, operands.nextRip());
      vmx.decoded(in.length, ExitOperands.both(in), displacement);
    }
    switch (in.op) {
      case VMXON -> settle(vmx.vmxon(pointer(in)));
      case VMXOFF -> settle(vmx.vmxoff());
      case VMCLEAR -> settle(vmx.vmclear(pointer(in)));
      case VMPTRLD -> settle(vmx.vmptrld(pointer(in)));
      case VMPTRST -> {
        settle(vmx.admit(ExitReason.VMPTRST));
        operands.probeStore(in, 8);
        settle(vmx.vmptrst());
        operands.store(in, 8, vmx.value());
      }
      case VMREAD -> {
        if (in.isMemory) {
          settle(vmx.admitAccess(ExitReason.VMREAD, register(in)));
          operands.probeStore(in, in.operandSize);
        }
        VmxOutcome outcome = vmx.vmread(register(in));
        settle(outcome);
        if (outcome == VmxOutcome.SUCCEED) {
          operands.store(in, in.operandSize, vmx.value());
        }
      }
      case VMWRITE -> {
        settle(vmx.admitAccess(ExitReason.VMWRITE, register(in)));
        long value = Val.zeroExtend(operands.load(in), in.operandSize);
        settle(vmx.vmwrite(register(in), value));
      }
      case VMLAUNCH -> enter(true);
      case VMRESUME -> enter(false);
      case VMCALL -> {
        if (processor.inNonRoot()) {
          faults.conclude(processor.sensitive().vmcall(in.length));
        } else {
          settle(vmx.vmcall());
        }
      }
      case VMFUNC -> settle(vmx.vmfunc());
      case INVEPT -> {
        settle(vmx.admit(ExitReason.INVEPT));
        long eptp = operands.loadAt(in, 0, 8);
        operands.loadAt(in, 8, 8);
        settle(vmx.invept(register(in), eptp));
      }
      case INVVPID -> {
        settle(vmx.admit(ExitReason.INVVPID));
        long vpid = operands.loadAt(in, 0, 8);
        settle(vmx.invvpid(register(in), vpid, operands.loadAt(in, 8, 8)));
      }
      default -> throw new IllegalStateException("no VMX instruction: " + in.op);
    }
  }

  private long pointer(Instruction in) {
    boolean refused = !vmx.isOn() && (state.cr4() & CpuState.CR4_VMXE) == 0;
    return refused || state.cpl() > 0 || processor.inNonRoot() ? 0 : operands.load(in, 8);
  }

  private long register(Instruction in) {
    return Val.zeroExtend(state.register(in.reg), operands.segments.bits64() ? 8 : 4);
  }

  /**
   * After a VM entry the guest's state is in force, and after a failed one the host's: nothing of
   * this instruction is left to do.
   */
  private void enter(boolean launch) {
    progress.suspend();
    VmxOutcome outcome = launch ? vmx.vmlaunch() : vmx.vmresume();
    settle(outcome);
    if (outcome == VmxOutcome.SUCCEED) {
      processor.countUnpriced();
    }
    if (outcome == VmxOutcome.SUCCEED || outcome == VmxOutcome.ENTRY_FAILED) {
      faults.conclude(StepOutcome.FAULTED);
    } else {
      progress.resume();
    }
  }

  /** What did not complete the instruction ends it here. */
  private void settle(VmxOutcome outcome) {
    switch (outcome) {
      case INVALID_OPCODE -> throw faults.invalidOpcode();
      case GENERAL_PROTECTION -> throw faults.generalProtection(0);
      case VM_EXIT -> faults.require(StepOutcome.EXIT);
      default -> {}
    }
  }
}
