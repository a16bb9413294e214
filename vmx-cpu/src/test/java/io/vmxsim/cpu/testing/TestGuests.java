package io.vmxsim.cpu.testing;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.vmcs.VmcsField;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Random guests for jqwik's properties. */
public final class TestGuests {
  /** Lists in memory, which a random address does not have. */
  private static final Set<VmcsField> IN_MEMORY =
      EnumSet.of(
          VmcsField.VM_EXIT_MSR_STORE_COUNT,
          VmcsField.VM_EXIT_MSR_LOAD_COUNT,
          VmcsField.VM_ENTRY_MSR_LOAD_COUNT,
          VmcsField.VMCS_LINK_POINTER);

  /** Fields that make something happen before the first instruction. */
  private static final Set<VmcsField> EVENTS =
      EnumSet.of(
          VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION,
          VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS,
          VmcsField.GUEST_ACTIVITY_STATE,
          VmcsField.GUEST_INTERRUPT_STATUS,
          VmcsField.GUEST_DEADLINE,
          VmcsField.GUEST_DEADLINE_SHADOW);

  /** What 64-bit code without memory operands through FS and GS runs alike with. */
  private static final Set<VmcsField> WITHOUT_INFLUENCE_ON_CODE =
      EnumSet.of(
          VmcsField.GUEST_FS_BASE,
          VmcsField.GUEST_GS_BASE,
          VmcsField.GUEST_FS_SELECTOR,
          VmcsField.GUEST_GS_SELECTOR,
          VmcsField.GUEST_DS_SELECTOR,
          VmcsField.GUEST_ES_SELECTOR,
          VmcsField.GUEST_LDTR_SELECTOR,
          VmcsField.GUEST_TR_SELECTOR,
          VmcsField.GUEST_TR_BASE,
          VmcsField.GUEST_GDTR_BASE,
          VmcsField.GUEST_GDTR_LIMIT,
          VmcsField.GUEST_IDTR_BASE,
          VmcsField.GUEST_IDTR_LIMIT,
          VmcsField.GUEST_IA32_SYSENTER_CS,
          VmcsField.GUEST_IA32_SYSENTER_ESP,
          VmcsField.GUEST_IA32_SYSENTER_EIP,
          VmcsField.CR0_READ_SHADOW,
          VmcsField.CR4_READ_SHADOW,
          VmcsField.CR0_GUEST_HOST_MASK,
          VmcsField.CR4_GUEST_HOST_MASK,
          VmcsField.EXCEPTION_BITMAP,
          VmcsField.TSC_OFFSET,
          VmcsField.VM_EXIT_CONTROLS);

  private static final int HLT = 1;

  private TestGuests() {}

  /**
   * Guests in any mode, with any state and any controls that the processor accepts, at an
   * instruction boundary without events, active or halted. Their code and page tables are not
   * there: let them leave at once.
   */
  public static Arbitrary<TestGuest> inAnyState(String cpu) {
    return Arbitraries.randomValue(random -> anyState(cpu, random));
  }

  /**
   * Guests in 64-bit mode at CPL 0 with this code and with anything in general registers, status
   * flags and the state that the code does not depend on. RDI and RSI point to free memory.
   */
  public static Arbitrary<TestGuest> running(String cpu, String hex) {
    return Arbitraries.randomValue(random -> running(cpu, hex, random.nextLong()));
  }

  /** One of {@link #running(String, String)}, the same for the same seed. */
  public static TestGuest running(String cpu, String hex, long seed) {
    return anyRegisters(TestGuest.on(cpu).running(hex), new Random(seed));
  }

  private static TestGuest anyState(String cpu, Random random) {
    TestGuest guest = TestGuest.on(cpu);
    GuestMode[] modes = GuestMode.values();
    GuestMode mode = modes[random.nextInt(modes.length)];
    if (mode.isOfferedBy(guest)) {
      mode.enter(guest);
    }
    Set<VmcsField> fields = EnumSet.allOf(VmcsField.class);
    fields.removeIf(
        field ->
            field.type() == VmcsField.Type.READ_ONLY_DATA
                || field.type() == VmcsField.Type.HOST_STATE);
    fields.removeAll(IN_MEMORY);
    fields.removeAll(EVENTS);
    RandomWalk walk = new RandomWalk(guest, random);
    walk.over(fields);
    if (random.nextInt(4) == 0) {
      walk.set(VmcsField.GUEST_ACTIVITY_STATE, HLT);
    }
    anyGeneralRegisters(guest, random);
    return guest;
  }

  private static TestGuest anyRegisters(TestGuest guest, Random random) {
    new RandomWalk(guest, random).over(WITHOUT_INFLUENCE_ON_CODE);
    anyGeneralRegisters(guest, random);
    guest.with(VmcsField.GUEST_RFLAGS, CpuState.FIXED_1 | (random.nextLong() & 0x8d5));
    guest.registers().setRegister(CpuState.RDI, TestGuest.DATA + 8L * random.nextInt(0x1000));
    guest.registers().setRegister(CpuState.RSI, TestGuest.DATA + 8L * random.nextInt(0x1000));
    return guest;
  }

  private static void anyGeneralRegisters(TestGuest guest, Random random) {
    for (int register = 0; register < 16; register++) {
      if (register != CpuState.RSP) {
        guest.registers().setRegister(register, random.nextLong());
      }
    }
  }
}
