package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.OTHER_REGION;
import static io.vmxsim.cpu.VmxFixture.PML4;
import static io.vmxsim.cpu.VmxFixture.VMCS_REGION;
import static io.vmxsim.cpu.VmxFixture.VMXON_REGION;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vmxsim.vmcs.NotModelledException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** "Software Access to VMCS Structures" (24.11.1): a VMCS is active on one processor at a time. */
class ActiveVmcssTest {
  private VmxInstructions one;
  private VmxInstructions other;

  @BeforeEach
  void twoProcessorsInVmxOperation() {
    VmxFixture f = new VmxFixture();
    Processor second = new Processor(f.processor.profile(), f.memory);
    second.state().startIn64BitMode(PML4);
    VmxInstructions.ofOneMachine(List.of(f.processor, second));
    one = f.vmx();
    other = second.vmx();
    assertEquals(VmxOutcome.SUCCEED, one.vmxon(VMXON_REGION));
    assertEquals(VmxOutcome.SUCCEED, other.vmxon(OTHER_REGION));
    assertEquals(VmxOutcome.SUCCEED, one.vmclear(VMCS_REGION));
    assertEquals(VmxOutcome.SUCCEED, one.vmptrld(VMCS_REGION));
  }

  @Test
  void aVmcsThatIsActiveElsewhereIsNamed() {
    NotModelledException stop =
        assertThrows(NotModelledException.class, () -> other.vmptrld(VMCS_REGION));
    assertEquals(
        "VMPTRLD of the VMCS at 0x2000, which is active on another processor: it needs a VMCLEAR"
            + " there first",
        stop.feature());
    assertThrows(NotModelledException.class, () -> other.vmclear(VMCS_REGION));
  }

  @Test
  void afterVmclearItMayBeUsedElsewhere() {
    assertEquals(VmxOutcome.SUCCEED, one.vmclear(VMCS_REGION));
    assertEquals(VmxOutcome.SUCCEED, other.vmptrld(VMCS_REGION));
    assertThrows(NotModelledException.class, () -> one.vmptrld(VMCS_REGION));
  }

  @Test
  void aProcessorThatHasLeftVmxOperationHasNoneActive() {
    assertEquals(VmxOutcome.SUCCEED, one.vmxoff());
    assertEquals(VmxOutcome.SUCCEED, other.vmptrld(VMCS_REGION));
  }
}
