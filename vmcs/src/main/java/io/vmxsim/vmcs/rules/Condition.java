package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.VmcsField;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** A predicate of a context that knows what it reads: the building block of rules. */
final class Condition {

  /** A predicate of a context; it reads nothing but what its owner declares. */
  @FunctionalInterface
  interface Test {
    boolean holds(EntryContext context);
  }

  private final Test test;
  private final Map<VmcsField, Long> bits;
  private final Set<EntryInput> inputs;

  private Condition(Test test, Map<VmcsField, Long> bits, Set<EntryInput> inputs) {
    this.test = test;
    this.bits = bits;
    this.inputs = inputs;
  }

  /** “The control is 1”, and so is the control that activates its vector. */
  static Condition on(Control control) {
    ControlWord word = control.word();
    VmcsField field = word.field();
    Control activatedBy = word.activatedBy();
    Condition one = set(field, control.mask());
    return activatedBy == null ? one : on(activatedBy).and(one);
  }

  /** “The control is 0”, or the control that activates its vector is. */
  static Condition off(Control control) {
    return not(on(control));
  }

  /** The bits in {@code mask} are all 1. */
  static Condition set(VmcsField field, long mask) {
    return matches(field, mask, mask);
  }

  /** The bits in {@code mask} are all 0. */
  static Condition clear(VmcsField field, long mask) {
    return matches(field, mask, 0);
  }

  /** The bits in {@code mask} have this value. */
  static Condition matches(VmcsField field, long mask, long value) {
    Map<VmcsField, Long> read = new EnumMap<>(VmcsField.class);
    read.put(field, mask);
    return new Condition(
        c -> (c.get(field) & mask) == value, read, EnumSet.noneOf(EntryInput.class));
  }

  /** Any predicate that reads these fields at most. */
  static Condition reading(Test test, VmcsField... fields) {
    Map<VmcsField, Long> read = new EnumMap<>(VmcsField.class);
    for (VmcsField field : fields) {
      read.put(field, -1L);
    }
    return new Condition(test, read, EnumSet.noneOf(EntryInput.class));
  }

  /** A predicate of the surroundings. */
  static Condition asking(EntryInput input, Test test) {
    return new Condition(test, new EnumMap<>(VmcsField.class), EnumSet.of(input));
  }

  static Condition not(Condition condition) {
    return new Condition(c -> !condition.holds(c), condition.bits, condition.inputs);
  }

  Condition and(Condition other) {
    return with(other, c -> holds(c) && other.holds(c));
  }

  Condition or(Condition other) {
    return with(other, c -> holds(c) || other.holds(c));
  }

  private Condition with(Condition other, Test both) {
    Map<VmcsField, Long> allBits = new EnumMap<>(VmcsField.class);
    allBits.putAll(bits);
    other.bits.forEach((field, mask) -> allBits.merge(field, mask, (a, b) -> a | b));
    Set<EntryInput> allInputs = EnumSet.copyOf(inputs);
    allInputs.addAll(other.inputs);
    return new Condition(both, allBits, allInputs);
  }

  boolean holds(EntryContext context) {
    return test.holds(context);
  }

  /** The bits it may read, by field. */
  Map<VmcsField, Long> bits() {
    return bits;
  }

  Set<EntryInput> inputs() {
    return inputs;
  }
}
