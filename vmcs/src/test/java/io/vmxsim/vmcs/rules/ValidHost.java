package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import java.util.Random;

/** Chooses a host state at random that passes the checks on it. */
final class ValidHost {

  private static final List<VmcsField> CANONICAL =
      List.of(
          VmcsField.HOST_IA32_SYSENTER_ESP,
          VmcsField.HOST_IA32_SYSENTER_EIP,
          VmcsField.HOST_FS_BASE,
          VmcsField.HOST_GS_BASE,
          VmcsField.HOST_GDTR_BASE,
          VmcsField.HOST_IDTR_BASE,
          VmcsField.HOST_TR_BASE,
          VmcsField.HOST_IA32_INTERRUPT_SSP_TABLE_ADDR);

  private final Random random;
  private final Scenario scenario;
  private final ValidValues values;

  ValidHost(Random random, Scenario scenario) {
    this.random = random;
    this.scenario = scenario;
    values = new ValidValues(random, scenario.cpu());
  }

  void choose() {
    boolean wide = scenario.on(ExitControl.HOST_ADDRESS_SPACE_SIZE);
    long cr4 = values.cr4() | 1 << 5;
    if (!wide) {
      cr4 &= ~(1L << 17 | 1L << 32);
    }
    long cr0 = values.cr0() | (cr4 >>> 23 & 1) << 16;
    scenario.set(VmcsField.HOST_CR0, cr0);
    scenario.set(VmcsField.HOST_CR4, cr4);
    scenario.set(VmcsField.HOST_CR3, values.cr3());
    CANONICAL.forEach(field -> scenario.set(field, values.canonical()));
    selectors();
    scenario.set(VmcsField.HOST_RIP, values.address(wide));
    if (scenario.on(ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL)) {
      scenario.set(VmcsField.HOST_IA32_PERF_GLOBAL_CTRL, random.nextLong() & 0x7_0000_000FL);
    }
    scenario.set(VmcsField.HOST_IA32_PAT, values.pat());
    if (scenario.on(ExitControl.LOAD_IA32_EFER)) {
      scenario.set(VmcsField.HOST_IA32_EFER, (random.nextLong() & 0x801) | (wide ? 0x500 : 0));
    }
    if (scenario.on(ExitControl.LOAD_CET_STATE)) {
      scenario.set(VmcsField.HOST_IA32_S_CET, values.supervisorCet(wide));
      scenario.set(VmcsField.HOST_SSP, values.address(wide) & ~3L);
    }
    if (scenario.on(ExitControl.LOAD_PKRS)) {
      scenario.set(VmcsField.HOST_IA32_PKRS, random.nextLong() >>> 32);
    }
    values.fred(scenario, "HOST");
  }

  private void selectors() {
    for (String register : List.of("CS", "SS", "DS", "ES", "FS", "GS", "TR")) {
      long selector = random.nextInt(4) == 0 ? 8 : (random.nextInt(0x10000) & ~7) | 0x100;
      scenario.set(VmcsField.valueOf("HOST_" + register + "_SELECTOR"), selector);
    }
  }
}
