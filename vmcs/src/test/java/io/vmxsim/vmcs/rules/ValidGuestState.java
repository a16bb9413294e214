package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.EventType;
import io.vmxsim.vmcs.InterruptionInformation;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.Random;

/** Chooses RFLAGS, the non-register state and an event at random so that they pass the checks. */
final class ValidGuestState {

  private static final int[] WITH_ERROR_CODE = {8, 10, 11, 12, 13, 14, 17};

  private final Random random;
  private final Scenario scenario;
  private final ValidGuest.Mode mode;
  private final int cpl;

  ValidGuestState(Random random, Scenario scenario, ValidGuest.Mode mode, int cpl) {
    this.random = random;
    this.scenario = scenario;
    this.mode = mode;
    this.cpl = cpl;
  }

  void choose() {
    boolean fredUser = scenario.get(VmcsField.GUEST_CR4) >>> 32 != 0 && cpl == 3;
    long rflags = (random.nextLong() & 0x3D_7FD7L) | 2;
    if (mode == ValidGuest.Mode.VIRTUAL_8086) {
      rflags |= 1 << 17;
    }
    if (fredUser) {
      rflags &= ~(3L << 12);
    }
    scenario.set(VmcsField.GUEST_RFLAGS, rflags);
    event();
    blocking(fredUser);
    activity();
    pendingDebugExceptions();
    linkPointer();
  }

  private EventType injected() {
    return InterruptionInformation.type(scenario.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION));
  }

  private boolean injecting() {
    return InterruptionInformation.isValid(
        scenario.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION));
  }

  private void event() {
    scenario.set(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, random.nextInt() >>> 1);
    scenario.set(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE, random.nextInt(0x10000));
    scenario.set(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH, 1 + random.nextInt(15));
    if (random.nextBoolean()) {
      return;
    }
    EventType[] types = EventType.values();
    EventType type = types[random.nextInt(types.length)];
    if (type == EventType.OTHER_EVENT
        && !scenario.cpu().capabilities().supports(PrimaryControl.MONITOR_TRAP_FLAG)) {
      return;
    }
    boolean protectedMode =
        !scenario.on(SecondaryControl.UNRESTRICTED_GUEST)
            || (scenario.get(VmcsField.GUEST_CR0) & 1) != 0;
    boolean errorCode =
        type == EventType.HARDWARE_EXCEPTION && protectedMode && random.nextBoolean();
    int vector =
        switch (type) {
          case NON_MASKABLE_INTERRUPT -> 2;
          case HARDWARE_EXCEPTION ->
              errorCode
                  ? WITH_ERROR_CODE[random.nextInt(WITH_ERROR_CODE.length)]
                  : random.nextBoolean() ? 18 : 1;
          case OTHER_EVENT -> 0;
          default -> random.nextInt(256);
        };
    scenario.set(
        VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION,
        InterruptionInformation.encode(vector, type, errorCode));
    if (type == EventType.EXTERNAL_INTERRUPT) {
      scenario.set(VmcsField.GUEST_RFLAGS, scenario.get(VmcsField.GUEST_RFLAGS) | 1 << 9);
    }
  }

  private void blocking(boolean fredUser) {
    boolean interrupt =
        injecting()
            && (injected() == EventType.EXTERNAL_INTERRUPT
                || injected() == EventType.NON_MASKABLE_INTERRUPT);
    boolean interruptsOn = (scenario.get(VmcsField.GUEST_RFLAGS) & 1 << 9) != 0;
    long state = interrupt ? 0 : random.nextInt(3);
    if (state == 1 && (!interruptsOn || fredUser)) {
      state = 0;
    }
    boolean toSmm = scenario.on(EntryControl.ENTRY_TO_SMM);
    if (toSmm || (scenario.machine().smm && random.nextBoolean())) {
      state |= 4;
    }
    boolean nmi = interrupt && injected() == EventType.NON_MASKABLE_INTERRUPT;
    if (!(nmi && scenario.on(PinControl.VIRTUAL_NMIS)) && random.nextBoolean()) {
      state |= 8;
    }
    if (scenario.cpu() == TestCpu.RICH && (state & 2) == 0 && random.nextInt(4) == 0) {
      state |= 16;
    }
    scenario.set(VmcsField.GUEST_INTERRUPTIBILITY_STATE, state);
  }

  private void activity() {
    long state = random.nextInt(4);
    boolean shadow = (scenario.get(VmcsField.GUEST_INTERRUPTIBILITY_STATE) & 3) != 0;
    boolean smm = scenario.on(EntryControl.ENTRY_TO_SMM);
    if (shadow || (state == 1 && cpl != 0) || (state == 3 && smm) || !allows(state)) {
      state = 0;
    }
    scenario.set(VmcsField.GUEST_ACTIVITY_STATE, state);
  }

  private boolean allows(long state) {
    if (!injecting() || state == 0) {
      return true;
    }
    int vector =
        InterruptionInformation.vector(scenario.get(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION));
    boolean machineCheck = injected() == EventType.HARDWARE_EXCEPTION && vector == 18;
    boolean nmi = injected() == EventType.NON_MASKABLE_INTERRUPT;
    return switch ((int) state) {
      case 1 -> nmi || machineCheck || injected() == EventType.EXTERNAL_INTERRUPT;
      case 2 -> nmi || machineCheck;
      default -> false;
    };
  }

  private void pendingDebugExceptions() {
    long blocking = scenario.get(VmcsField.GUEST_INTERRUPTIBILITY_STATE) & 3;
    boolean held = blocking != 0 || scenario.get(VmcsField.GUEST_ACTIVITY_STATE) == 1;
    boolean tf = (scenario.get(VmcsField.GUEST_RFLAGS) & 1 << 8) != 0;
    boolean stepping = tf && (scenario.get(VmcsField.GUEST_IA32_DEBUGCTL) & 2) == 0;
    boolean bs = held ? stepping : random.nextBoolean();
    long pending = random.nextInt(16) | (random.nextBoolean() ? 1 << 12 : 0) | (bs ? 1 << 14 : 0);
    if (scenario.cpu() == TestCpu.RICH
        && !(held && stepping)
        && blocking != 2
        && random.nextInt(4) == 0) {
      pending = 1 << 16 | 1 << 12;
    }
    scenario.set(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, pending);
  }

  private void linkPointer() {
    scenario.set(VmcsField.VMCS_LINK_POINTER, -1);
    if (random.nextBoolean()) {
      long pointer = 0x10_0000L * (1 + random.nextInt(1000)) + 0x4000;
      long shadow = scenario.on(SecondaryControl.VMCS_SHADOWING) ? 1L << 31 : 0;
      scenario.set(VmcsField.VMCS_LINK_POINTER, pointer);
      scenario.machine().memory.put(pointer, TestCpu.REVISION | shadow);
    }
  }
}
