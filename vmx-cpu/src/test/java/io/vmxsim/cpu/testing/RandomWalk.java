package io.vmxsim.cpu.testing;

import io.vmxsim.cpu.ModelledControls;
import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntryRule;
import io.vmxsim.vmcs.rules.EntryRules;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Changes one field of a VMCS after another at random and takes back whatever breaks a rule of VM
 * entry, so that the rules themselves say what a valid VMCS is and no second list of them is
 * needed.
 */
final class RandomWalk {
  private static final int ROUNDS = 2;

  private final TestGuest guest;
  private final Random random;
  private final VmxCapabilities capabilities;
  private final Vmcs vmcs;
  private final EntryContext context;

  RandomWalk(TestGuest guest, Random random) {
    this.guest = guest;
    this.random = random;
    capabilities = guest.profile().vmxCapabilities();
    vmcs = guest.copy();
    context =
        new EntryContext(
            capabilities,
            guest.profile().cpuFacts(),
            guest.processor().vmx().entryContext().environment(),
            vmcs);
    EntryRule broken = EntryRules.firstBroken(context);
    if (broken != null) {
      throw new IllegalStateException("the walk begins where none can go on: " + broken);
    }
  }

  /** Walks over these fields, those that the processor lacks aside. */
  void over(Set<VmcsField> fields) {
    List<VmcsField> order = new ArrayList<>(fields);
    order.removeIf(field -> !field.existsOn(capabilities));
    for (int round = 0; round < ROUNDS; round++) {
      Collections.shuffle(order, random);
      order.forEach(this::change);
    }
    order.forEach(field -> guest.with(field, vmcs.get(field)));
  }

  /** Sets one field, unless that breaks a rule. */
  void set(VmcsField field, long value) {
    propose(field, value);
    guest.with(field, vmcs.get(field));
  }

  private void change(VmcsField field) {
    for (int attempt = 0; attempt < 3; attempt++) {
      propose(field, proposal(field, vmcs.get(field)) & field.width().mask());
    }
  }

  private void propose(VmcsField field, long value) {
    long before = vmcs.get(field);
    vmcs.set(field, value);
    if (EntryRules.firstBroken(context) != null || !isModelled(field)) {
      vmcs.set(field, before);
    }
  }

  /** A bit more or less, a small number, an address, or anything. */
  private long proposal(VmcsField field, long before) {
    return switch (random.nextInt(5)) {
      case 0, 1 -> before ^ 1L << random.nextInt(field.width().bits());
      case 2 -> random.nextInt(0x1_0000);
      case 3 -> random.nextLong() >> 17 & -(random.nextBoolean() ? 1 : 0x1000);
      default -> random.nextLong();
    };
  }

  private boolean isModelled(VmcsField field) {
    for (ControlWord word : ControlWord.values()) {
      if (word.field() == field) {
        for (Control control : word.controls()) {
          if (control.in(vmcs.get(field)) && !ModelledControls.models(control)) {
            return false;
          }
        }
      }
    }
    return true;
  }
}
