package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/**
 * Random VM entries that break no rule: any mode of the guest, any combination of controls that the
 * checks allow. Fields that no check looks at hold anything.
 */
public final class ValidVmcs {

  private ValidVmcs() {}

  /** Any valid VM entry. */
  public static Arbitrary<Scenario> scenarios() {
    return Arbitraries.randomValue(ValidVmcs::scenario);
  }

  static Scenario scenario(Random random) {
    TestCpu cpu = random.nextBoolean() ? TestCpu.RICH : TestCpu.LEAN;
    FakeMachine machine = new FakeMachine();
    Vmcs vmcs = new Vmcs(TestCpu.REVISION);
    Scenario scenario = new Scenario(cpu, machine, vmcs);
    for (VmcsField field : VmcsField.values()) {
      scenario.set(field, random.nextLong());
    }
    machine.launch = random.nextBoolean();
    vmcs.setLaunched(!machine.launch);
    ValidGuest.Mode[] modes = ValidGuest.Mode.values();
    ValidGuest.Mode mode = modes[random.nextInt(modes.length)];
    boolean unrestricted = mode.needsUnrestricted() || random.nextInt(3) == 0;
    new ValidControls(random, scenario).choose(unrestricted, mode.isIa32e());
    new ValidHost(random, scenario).choose();
    new ValidGuest(random, scenario, mode).choose();
    return scenario;
  }
}
