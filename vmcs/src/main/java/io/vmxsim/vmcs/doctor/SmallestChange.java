package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmxCapabilities;
import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntryRule;
import io.vmxsim.vmcs.rules.EntryRules;
import io.vmxsim.vmcs.rules.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Looks for the fewest bits to change so that a broken rule is broken no more. Rules are black
 * boxes here: it changes the fields they read, and asks them.
 */
final class SmallestChange {

  private static final int MOST = 3;
  private static final int MOST_BROKEN = 2;

  private static final Comparator<Remedy> SMALLEST =
      Comparator.comparingInt((Remedy r) -> r.breaks().size())
          .thenComparingInt(r -> r.satisfies() ? 0 : 1)
          .thenComparingInt(r -> Long.bitCount(r.before() ^ r.after()))
          .thenComparingInt(r -> -r.field().type().compareTo(VmcsField.Type.CONTROL))
          .thenComparingInt(r -> Long.numberOfLeadingZeros(r.before() ^ r.after()));

  private final EntryContext context;
  private final Vmcs vmcs;
  private final Set<VmcsField> known;
  private final VmxCapabilities capabilities;

  /** The context must be about {@code vmcs}, which is changed and restored. */
  SmallestChange(EntryContext context, Vmcs vmcs, Set<VmcsField> known) {
    this.context = context;
    this.vmcs = vmcs;
    this.known = known;
    capabilities = context.capabilities();
  }

  /** Up to three ways out, each in another field, the smallest first; empty if none was found. */
  List<Remedy> of(EntryRule rule) {
    Set<EntryRule> before = Set.copyOf(EntryRules.broken(context));
    List<Remedy> remedies = new ArrayList<>();
    for (VmcsField field : rule.fields()) {
      if (known.contains(field)) {
        inField(rule, field, before).stream().min(SMALLEST).ifPresent(remedies::add);
      }
    }
    remedies.sort(SMALLEST);
    remedies.removeIf(remedy -> remedy.breaks().size() > MOST_BROKEN);
    return List.copyOf(remedies.subList(0, Math.min(MOST, remedies.size())));
  }

  private List<Remedy> inField(EntryRule rule, VmcsField field, Set<EntryRule> before) {
    long original = vmcs.get(field);
    List<Remedy> remedies = new ArrayList<>();
    for (long candidate : candidates(rule, field, original)) {
      long changed = candidate & field.width().mask();
      boolean switchesVector = ((changed ^ original) & activating(rule, field)) != 0;
      if (changed != original && !switchesVector && isMended(rule, field, changed)) {
        long fewest = withFewestChanges(rule, field, original, changed);
        remedies.add(remedy(rule, field, original, fewest, before));
      }
    }
    vmcs.set(field, original);
    return remedies;
  }

  /** Controls without which a vector the rule reads counts as 0: to clear one mends too much. */
  private static long activating(EntryRule rule, VmcsField field) {
    long mask = 0;
    for (ControlWord word : ControlWord.values()) {
      Control control = word.activatedBy();
      if (control != null
          && control.word().field() == field
          && rule.fields().contains(word.field())) {
        mask |= control.mask();
      }
    }
    return mask;
  }

  private boolean isMended(EntryRule rule, VmcsField field, long value) {
    vmcs.set(field, value);
    Verdict verdict = rule.verdict(context);
    return verdict == Verdict.HOLDS || verdict == Verdict.NOT_APPLICABLE;
  }

  /** Takes changed bits back, one by one, as long as the rule stays mended. */
  private long withFewestChanges(EntryRule rule, VmcsField field, long original, long changed) {
    long value = changed;
    for (long left = original ^ changed; left != 0; left &= left - 1) {
      long less = value ^ Long.lowestOneBit(left);
      if (less != original && isMended(rule, field, less)) {
        value = less;
      }
    }
    return value;
  }

  private Remedy remedy(
      EntryRule rule, VmcsField field, long original, long value, Set<EntryRule> before) {
    vmcs.set(field, value);
    boolean satisfies = rule.verdict(context) == Verdict.HOLDS;
    List<EntryRule> after = EntryRules.broken(context);
    List<EntryRule> mends = new ArrayList<>(before);
    mends.removeAll(after);
    mends.remove(rule);
    mends.sort(Comparator.comparingInt(EntryRules.list()::indexOf));
    List<EntryRule> breaks = new ArrayList<>(after);
    breaks.removeAll(before);
    vmcs.set(field, original);
    return new Remedy(field, original, value, satisfies, mends, breaks);
  }

  /** Each bit by itself, then values that the rules' text has in mind. */
  private List<Long> candidates(EntryRule rule, VmcsField field, long value) {
    List<Long> candidates = new ArrayList<>();
    for (int bit = 0; bit < field.width().bits(); bit++) {
      candidates.add(value ^ 1L << bit);
    }
    candidates.addAll(
        List.of(
            0L,
            -1L,
            value << 16 >> 16,
            value << 7 >> 7,
            value & ~(-1L << context.cpu().physicalAddressBits()),
            value & 0xFFFF_FFFFL,
            0xF3L,
            0xFFFFL,
            with(value, 0xFF, 2)));
    for (long small = 0; small < 16; small++) {
      candidates.add(with(value, 0xF, small)); // a type
      candidates.add(with(value, 0x7, small)); // a memory type
      candidates.add(with(value, 0x38, small << 3)); // a page-walk length
      candidates.add(with(value, 0x700, small << 8)); // an event's type
      candidates.add(with(value, 0x60, small << 5)); // a privilege level
      candidates.add(with(value, 0x3, small)); // a requested privilege level
    }
    addControlsAndRegisters(field, value, candidates);
    for (VmcsField other : rule.fields()) {
      candidates.add(vmcs.get(other) << 4); // a base in virtual-8086 mode
      candidates.add(vmcs.get(other));
    }
    return candidates;
  }

  /** The value with the bits in {@code mask} taken from {@code bits}. */
  private static long with(long value, long mask, long bits) {
    return (value & ~mask) | (bits & mask);
  }

  private void addControlsAndRegisters(VmcsField field, long value, List<Long> candidates) {
    for (ControlWord word : ControlWord.values()) {
      if (word.field() == field) {
        candidates.add((value | capabilities.adjust(word, 0)) & capabilities.mayBeOne(word));
        candidates.add(value & capabilities.mayBeOne(word));
        candidates.add(value | capabilities.adjust(word, 0));
      }
    }
    candidates.add((value | capabilities.cr0Fixed1()) & capabilities.cr0MayBe1());
    candidates.add((value | capabilities.cr4Fixed1()) & capabilities.cr4MayBe1());
  }
}
