package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A processor's way to check: it remembers the fields of the last VM entry that passed and asks
 * only the rules that read a bit of a field that is another now, and those that read anything
 * besides fields, as far as those fields let them apply. As rules are functions of their inputs,
 * the answer is that of all rules; it does not matter whether the fields are those of the same
 * VMCS.
 *
 * <p>Left out are the basic checks, which VMLAUNCH and VMRESUME make, and those on the MSR-load
 * area, whose entries the processor checks as it loads them.
 */
@SuppressWarnings("EnumOrdinal") // arrays indexed by field
public final class EntryChecker {

  private static final EntryRule[] RULES = rules();
  private static final int WORDS = (RULES.length + 63) / 64;
  private static final Readers[][] READERS = readersByField();
  private static final long[] ASKERS = askers();

  private static final VmcsField[] FIELDS = VmcsField.values();

  /** The rules that read these bits of a field. */
  private static final class Readers {
    private final long mask;
    private final long[] rules = new long[WORDS];

    Readers(long mask) {
      this.mask = mask;
    }
  }

  private final EntryContext context;
  private final long[] due = new long[WORDS];
  private final long[] asking = new long[WORDS]; // of ASKERS, those to which lastGood's fields lead
  private final Vmcs lastGood;
  private boolean anyGood;

  /** The fields that differ from {@link #lastGood}. */
  private final int[] changed = new int[VmcsField.COUNT];

  private int changes;

  /** A checker for the processor of {@code context}, whose VMCS does not matter. */
  public EntryChecker(EntryContext context) {
    this.context = context;
    lastGood = new Vmcs(context.capabilities().revisionId());
  }

  /** The first rule, in the order of the SDM's text, that a VM entry with {@code vmcs} breaks. */
  public @Nullable EntryRule firstBroken(Vmcs vmcs) {
    context.about(vmcs);
    findDue(vmcs);
    for (int word = 0; word < WORDS; word++) {
      for (long left = due[word]; left != 0; left &= left - 1) {
        EntryRule rule = RULES[word * 64 + Long.numberOfTrailingZeros(left)];
        if (rule.isBroken(context)) {
          return rule;
        }
      }
    }
    remember(vmcs);
    return null;
  }

  private void remember(Vmcs vmcs) {
    for (int word = 0; word < WORDS; word++) {
      for (long left = due[word] & ASKERS[word]; left != 0; left &= left - 1) {
        long rule = Long.lowestOneBit(left);
        boolean applies = RULES[word * 64 + Long.numberOfTrailingZeros(left)].fieldsAllow(context);
        asking[word] = applies ? asking[word] | rule : asking[word] & ~rule;
      }
    }
    for (int i = 0; i < changes; i++) {
      VmcsField field = FIELDS[changed[i]];
      lastGood.set(field, vmcs.get(field));
    }
    anyGood = true;
  }

  private void findDue(Vmcs vmcs) {
    changes = 0;
    int field = vmcs.firstDifference(lastGood, 0);
    while (field >= 0) {
      changed[changes++] = field;
      field = vmcs.firstDifference(lastGood, field + 1);
    }
    if (!anyGood) {
      Arrays.fill(due, -1L);
      due[WORDS - 1] = -1L >>> (WORDS * 64 - RULES.length);
      return;
    }
    System.arraycopy(asking, 0, due, 0, WORDS);
    for (int i = 0; i < changes; i++) {
      addReaders(vmcs, changed[i]);
    }
  }

  /** The rules that read a bit of a field that is another now are due. */
  private void addReaders(Vmcs vmcs, int field) {
    long difference = vmcs.get(FIELDS[field]) ^ lastGood.get(FIELDS[field]);
    for (Readers readers : READERS[field]) {
      if ((difference & readers.mask) != 0) {
        for (int word = 0; word < WORDS; word++) {
          due[word] |= readers.rules[word];
        }
      }
    }
  }

  private static EntryRule[] rules() {
    List<EntryRule> checked =
        EntryRules.list().stream()
            .filter(rule -> rule.section() != EntrySection.BASIC)
            .filter(rule -> rule.section() != EntrySection.MSR_LOADING)
            .toList();
    return checked.toArray(EntryRule[]::new);
  }

  private static Readers[][] readersByField() {
    Readers[][] readers = new Readers[VmcsField.COUNT][];
    for (VmcsField field : VmcsField.values()) {
      Map<Long, Readers> byMask = new TreeMap<>();
      for (int i = 0; i < RULES.length; i++) {
        long mask = RULES[i].bits(field);
        if (mask != 0) {
          byMask.computeIfAbsent(mask, Readers::new).rules[i / 64] |= 1L << i;
        }
      }
      readers[field.ordinal()] = byMask.values().toArray(Readers[]::new);
    }
    return readers;
  }

  private static long[] askers() {
    long[] askers = new long[WORDS];
    for (int i = 0; i < RULES.length; i++) {
      if (!RULES[i].inputs().isEmpty()) {
        askers[i / 64] |= 1L << i;
      }
    }
    return askers;
  }
}
