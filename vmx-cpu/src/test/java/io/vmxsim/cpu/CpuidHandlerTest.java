package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.testing.TestGuest;
import io.vmxsim.cpu.testing.TestGuests;
import io.vmxsim.vmcs.VmcsField;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The property of a hypervisor's author that README.md shows; a test holds the two equal. */
class CpuidHandlerTest {
  /** The hypervisor. */
  private static final class MyHypervisor {
    static void handleCpuid(Processor cpu) {
      cpu.state().setRegister(CpuState.RAX, 0x16);
      cpu.vmx().vmread(VmcsField.GUEST_RIP.encoding());
      long rip = cpu.vmx().value();
      cpu.vmx().vmread(VmcsField.VM_EXIT_INSTRUCTION_LENGTH.encoding());
      cpu.vmx().vmwrite(VmcsField.GUEST_RIP.encoding(), rip + cpu.vmx().value());
    }
  }

  // README: begin
  @Provide
  Arbitrary<TestGuest> guestsAtCpuid() {
    return TestGuests.running("skylake-sp", "0f a2 0f 01 c1"); // CPUID, VMCALL
  }

  @Property(tries = 100)
  void cpuidChangesNothingInTheVmcsButRip(@ForAll("guestsAtCpuid") TestGuest guest) {
    guest.enter();
    Map<VmcsField, Long> before = guest.fields();
    MyHypervisor.handleCpuid(guest.processor());
    assertEquals(Set.of(VmcsField.GUEST_RIP), guest.changedSince(before));
  }
  // README: end
}
