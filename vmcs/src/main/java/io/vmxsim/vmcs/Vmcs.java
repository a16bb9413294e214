package io.vmxsim.vmcs;

import java.util.Arrays;

/**
 * The state of one VMCS, as the processor keeps it while the VMCS is active.
 *
 * <p>{@link #get} and {@link #set} are how the processor itself reaches its fields: no existence,
 * access or width check. Software comes through {@link VmcsAccess}. Whoever sets a field passes no
 * bits beyond its width, so a value read never has them. Memory holds a VMCS in the form {@link
 * VmcsRegion} defines.
 *
 * <p>Source: SDM (June 2016) 24.1 “Overview”, 24.2 “Format of the VMCS Region”.
 */
@SuppressWarnings("EnumOrdinal") // arrays indexed by field
public final class Vmcs {

  private final long[] values = new long[VmcsField.COUNT];
  private int revisionIdentifier;
  private boolean shadow;
  private boolean launched;

  /**
   * An ordinary VMCS, launch state clear, all fields zero.
   *
   * @param revisionIdentifier bits 30:0 of the region's first word
   * @throws IllegalArgumentException if bit 31 is set
   */
  public Vmcs(int revisionIdentifier) {
    setRevisionIdentifier(revisionIdentifier);
  }

  /** The field's value, zero-extended. */
  public long get(VmcsField field) {
    return values[field.ordinal()];
  }

  /** Sets the field; {@code value} has no bits beyond the field's width. */
  public void set(VmcsField field, long value) {
    values[field.ordinal()] = value;
  }

  /**
   * Whether {@code control} is in force: it is 1, and so is the control that activates its vector,
   * if there is one.
   */
  public boolean enabled(Control control) {
    ControlWord word = control.word();
    Control activatedBy = word.activatedBy();
    return control.in(get(word.field())) && (activatedBy == null || enabled(activatedBy));
  }

  /** The 31-bit VMCS revision identifier. */
  public int revisionId() {
    return revisionIdentifier;
  }

  /** The shadow-VMCS indicator. */
  public boolean isShadow() {
    return shadow;
  }

  /** Makes this a shadow VMCS or an ordinary one. */
  public void setShadow(boolean shadow) {
    this.shadow = shadow;
  }

  /** Whether the launch state is “launched”; otherwise it is “clear”. */
  public boolean launched() {
    return launched;
  }

  /** VMLAUNCH sets the launch state, VMCLEAR clears it. */
  public void setLaunched(boolean launched) {
    this.launched = launched;
  }

  /** Sets all fields to zero and the launch state to clear; identifier and indicator stay. */
  public void clear() {
    Arrays.fill(values, 0);
    launched = false;
  }

  /** A VMCS of its own with the same state. */
  public Vmcs copy() {
    Vmcs copy = new Vmcs(revisionIdentifier);
    copy.copyFrom(this);
    return copy;
  }

  /** Takes over the whole state of {@code other}. */
  public void copyFrom(Vmcs other) {
    System.arraycopy(other.values, 0, values, 0, values.length);
    revisionIdentifier = other.revisionIdentifier;
    shadow = other.shadow;
    launched = other.launched;
  }

  /**
   * The ordinal of the first field, from ordinal {@code from} on, whose value differs from that in
   * {@code other}; -1 if there is none.
   */
  public int firstDifference(Vmcs other, int from) {
    int end = values.length;
    int distance = Arrays.mismatch(values, from, end, other.values, from, end);
    return distance < 0 ? -1 : from + distance;
  }

  /** Sets the 31-bit VMCS revision identifier. */
  void setRevisionIdentifier(int identifier) {
    if (identifier < 0) {
      throw new IllegalArgumentException(
          "a VMCS revision identifier has 31 bits: 0x" + Integer.toHexString(identifier));
    }
    revisionIdentifier = identifier;
  }

  /** Equality of the whole state. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Vmcs that
        && revisionIdentifier == that.revisionIdentifier
        && shadow == that.shadow
        && launched == that.launched
        && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }
}
