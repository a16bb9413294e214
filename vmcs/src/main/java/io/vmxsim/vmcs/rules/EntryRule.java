package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.SdmRef;
import io.vmxsim.vmcs.VmcsField;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One check of VM entry: a sentence of the SDM that can be asked of a context. Rules are pure; they
 * load nothing and remember nothing.
 */
public final class EntryRule {

  private final String id;
  private final EntrySection section;
  private final SdmRef source;
  private final EntryFailure failure;
  private final long qualification;
  private final String requirement;
  private final @Nullable Condition whenFields;
  private final @Nullable Condition whenInputs;
  private final Condition then;
  private final Map<VmcsField, Long> bits = new EnumMap<>(VmcsField.class);
  private final Set<EntryInput> inputs;
  private final Map<String, String> fallsWith;

  private EntryRule(Draft draft, Condition then) {
    id = draft.id;
    section = draft.section;
    source = draft.source;
    failure = draft.failure;
    qualification = draft.qualification;
    requirement = draft.requirement;
    whenFields = draft.whenFields;
    whenInputs = draft.whenInputs;
    this.then = then;
    inputs = EnumSet.copyOf(then.inputs());
    addBits(then);
    if (whenFields != null) {
      addBits(whenFields);
    }
    if (whenInputs != null) {
      addBits(whenInputs);
      inputs.addAll(whenInputs.inputs());
    }
    fallsWith = Map.copyOf(draft.fallsWith);
  }

  private void addBits(Condition condition) {
    condition.bits().forEach((field, mask) -> bits.merge(field, mask, (a, b) -> a | b));
  }

  /** The rule's name: lower case, words separated by hyphens, unique. */
  public String id() {
    return id;
  }

  /** The section of the checks this rule belongs to. */
  public EntrySection section() {
    return section;
  }

  /** Where the SDM says so: a section of the pinned edition, or of a later one if newer. */
  public SdmRef source() {
    return source;
  }

  /** What must hold, in one sentence. */
  public String requirement() {
    return requirement;
  }

  /** How a VM entry fails that breaks this rule first. */
  public EntryFailure failure() {
    return failure;
  }

  /**
   * The exit qualification where {@link #failure()} has an exit reason; for the MSR-load area the
   * number of the entry that fails is to be asked of {@link MsrLoadRules#firstRefusedEntry}.
   */
  public long qualification() {
    return qualification;
  }

  /** The fields the rule may read, control vectors included, in field order. */
  public Set<VmcsField> fields() {
    return Collections.unmodifiableSet(bits.keySet());
  }

  /** The bits of {@code field} the rule may read; 0 if it does not read the field. */
  public long bits(VmcsField field) {
    return bits.getOrDefault(field, 0L);
  }

  /** What else the rule may ask for. */
  public Set<EntryInput> inputs() {
    return Collections.unmodifiableSet(inputs);
  }

  /**
   * The rules that the smallest violation of this one also breaks, with the reason, by id. They are
   * consequences of it rather than causes.
   */
  public Map<String, String> fallsWith() {
    return fallsWith;
  }

  /** What the rule says of a context. */
  public Verdict verdict(EntryContext context) {
    try {
      if (!applies(context)) {
        return Verdict.NOT_APPLICABLE;
      }
      return then.holds(context) ? Verdict.HOLDS : Verdict.BROKEN;
    } catch (UnknownInput unknown) {
      return Verdict.UNKNOWN;
    }
  }

  /** Whether the verdict is {@link Verdict#BROKEN}, for a context that knows all inputs. */
  boolean isBroken(EntryContext context) {
    return applies(context) && !then.holds(context);
  }

  private boolean applies(EntryContext context) {
    return fieldsAllow(context) && (whenInputs == null || whenInputs.holds(context));
  }

  /** Whether those conditions hold that depend on fields alone. */
  boolean fieldsAllow(EntryContext context) {
    return whenFields == null || whenFields.holds(context);
  }

  @Override
  public String toString() {
    return id;
  }

  /** A rule being written down: what precedes “then”. */
  static final class Draft {
    private final RuleList list;
    private final String id;
    private final String requirement;
    private final EntrySection section;
    private final Map<String, String> fallsWith = new TreeMap<>();
    private SdmRef source;
    private EntryFailure failure;
    private long qualification;
    private @Nullable Condition whenFields;
    private @Nullable Condition whenInputs;

    Draft(RuleList list, EntrySection section, String id, String requirement) {
      this.list = list;
      this.section = section;
      this.id = id;
      this.requirement = requirement;
      source = section.pinned();
      failure = section.failure();
    }

    /** The check is newer than the pinned edition. */
    Draft newer() {
      source = section.newer();
      return this;
    }

    /** The check is made if this and all other conditions hold. */
    Draft when(Condition condition) {
      if (condition.inputs().isEmpty()) {
        whenFields = whenFields == null ? condition : whenFields.and(condition);
      } else {
        whenInputs = whenInputs == null ? condition : whenInputs.and(condition);
      }
      return this;
    }

    /** A failure other than the section's. */
    Draft failing(EntryFailure other) {
      failure = other;
      return this;
    }

    /** An exit qualification other than 0. */
    Draft qualified(long exitQualification) {
      qualification = exitQualification;
      return this;
    }

    /** The smallest violation breaks another rule, too. */
    Draft fallsWith(String other, String why) {
      fallsWith.put(other, why);
      return this;
    }

    /** What must hold; the rule is complete. */
    void then(Condition requirement) {
      list.add(new EntryRule(this, requirement));
    }

    /** What must hold, reading these fields at most; the rule is complete. */
    void then(Condition.Test requirement, VmcsField... reads) {
      then(Condition.reading(requirement, reads));
    }
  }
}
