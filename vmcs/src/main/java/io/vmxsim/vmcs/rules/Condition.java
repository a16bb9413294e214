package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.VmcsField;
import java.util.EnumSet;
import java.util.Set;

/** A predicate of a context that knows what it reads: the building block of rules. */
final class Condition {

  /** A predicate of a context; it reads nothing but what its owner declares. */
  @FunctionalInterface
  interface Test {
    boolean holds(EntryContext context);
  }

  private final Test test;
  private final Set<VmcsField> fields;
  private final Set<EntryInput> inputs;

  private Condition(Test test, Set<VmcsField> fields, Set<EntryInput> inputs) {
    this.test = test;
    this.fields = fields;
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
    return reading(c -> (c.get(field) & mask) == value, field);
  }

  /** Any predicate that reads these fields at most. */
  static Condition reading(Test test, VmcsField... fields) {
    Set<VmcsField> read = EnumSet.noneOf(VmcsField.class);
    read.addAll(Set.of(fields));
    return new Condition(test, read, EnumSet.noneOf(EntryInput.class));
  }

  /** A predicate of the surroundings. */
  static Condition asking(EntryInput input, Test test) {
    return new Condition(test, EnumSet.noneOf(VmcsField.class), EnumSet.of(input));
  }

  static Condition not(Condition condition) {
    return new Condition(c -> !condition.holds(c), condition.fields, condition.inputs);
  }

  Condition and(Condition other) {
    return with(other, c -> holds(c) && other.holds(c));
  }

  Condition or(Condition other) {
    return with(other, c -> holds(c) || other.holds(c));
  }

  private Condition with(Condition other, Test both) {
    Set<VmcsField> allFields = EnumSet.copyOf(fields);
    allFields.addAll(other.fields);
    Set<EntryInput> allInputs = EnumSet.copyOf(inputs);
    allInputs.addAll(other.inputs);
    return new Condition(both, allFields, allInputs);
  }

  boolean holds(EntryContext context) {
    return test.holds(context);
  }

  Set<VmcsField> fields() {
    return fields;
  }

  Set<EntryInput> inputs() {
    return inputs;
  }
}
