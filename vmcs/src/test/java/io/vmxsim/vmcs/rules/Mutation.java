package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random changes to a valid VM entry. */
final class Mutation {

  private static final VmcsField[] FIELDS = VmcsField.values();

  private Mutation() {}

  /** A valid VM entry after one to three changes. */
  static Scenario mutated(Random random) {
    Scenario scenario = ValidVmcs.scenario(random);
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      change(random, scenario);
    }
    return scenario;
  }

  static void change(Random random, Scenario scenario) {
    VmcsField field = FIELDS[random.nextInt(FIELDS.length)];
    int bits = field.width().bits();
    switch (random.nextInt(8)) {
      case 0 -> scenario.set(field, random.nextLong());
      case 1 -> scenario.set(field, 0);
      case 2 -> scenario.set(field, random.nextInt(32));
      case 3 -> surroundings(random, scenario);
      default -> scenario.flip(field, random.nextInt(bits));
    }
  }

  private static void surroundings(Random random, Scenario scenario) {
    FakeMachine machine = scenario.machine();
    long link = scenario.get(VmcsField.VMCS_LINK_POINTER);
    switch (random.nextInt(6)) {
      case 0 -> machine.longMode ^= true;
      case 1 -> machine.smm ^= true;
      case 2 -> machine.tracing ^= true;
      case 3 -> machine.currentVmcs = link;
      case 4 -> machine.executiveVmcs = link;
      default -> {
        List<Long> addresses = new ArrayList<>(machine.memory.keySet());
        if (!addresses.isEmpty()) {
          long address = addresses.get(random.nextInt(addresses.size()));
          machine.memory.merge(address, 1L << random.nextInt(64), (a, b) -> a ^ b);
        }
      }
    }
  }
}
