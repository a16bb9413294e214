package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.ActionBatch;
import io.vmxsim.cpu.ActionKind;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.ept.PagingState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RealModeStretchTest {
  private final PagingState registers = new PagingState(46);
  private final RealModeStretch stretch = new RealModeStretch(registers);
  private final ActionBatch recorded = new ActionBatch(8);

  /** The guest leaves protected mode; then its VMM emulates it until it is back there. */
  private void leaveProtectedMode() {
    ActionBatch instruction = new ActionBatch(2);
    instruction.add(ActionKind.INSTRUCTION, 3, 0x1000, ActionBatch.NO_BYTES);
    instruction.add(ActionKind.MOV_TO_CR, 0, 0, CpuState.CR0_ET);
    stretch.begins();
    registers.setCr0(CpuState.CR0_ET);
    registers.setCr3(0x5000);
    registers.setCr4(CpuState.CR4_PAE);
    registers.setCr0(CpuState.CR0_ET | CpuState.CR0_PE);
    stretch.done(instruction, 1); // it is told when the guest runs again
  }

  private List<String> actions() {
    List<String> actions = new ArrayList<>();
    for (int i = 0; i < recorded.count(); i++) {
      actions.add(
          "%s %d %x"
              .formatted(ActionKind.ofCode(recorded.kind(i)), recorded.size(i), recorded.value(i)));
    }
    return actions;
  }

  @Test
  void whatTheVmmHasMadeOfTheRegistersIsRecordedOnceCr0Last() {
    leaveProtectedMode();
    stretch.executing(true, recorded);
    stretch.executing(true, recorded);
    assertEquals(List.of("MOV_TO_CR 4 20", "MOV_TO_CR 3 5000", "MOV_TO_CR 0 11"), actions());
  }

  @Test
  void nothingIsRecordedWhileTheGuestItselfRunsInRealMode() {
    leaveProtectedMode();
    stretch.executing(false, recorded);
    assertEquals(List.of(), actions());
  }
}
