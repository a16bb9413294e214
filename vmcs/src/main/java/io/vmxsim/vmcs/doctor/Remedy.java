package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsText;
import io.vmxsim.vmcs.rules.EntryRule;
import java.util.ArrayList;
import java.util.List;

/**
 * A change to one field after which a broken rule is broken no more.
 *
 * @param field the field
 * @param before its value now
 * @param after its value then
 * @param satisfies whether the rule holds then; else it does not apply any more
 * @param mends other broken rules that are broken no more either
 * @param breaks rules that would be broken then and are not now
 */
public record Remedy(
    VmcsField field,
    long before,
    long after,
    boolean satisfies,
    List<EntryRule> mends,
    List<EntryRule> breaks) {

  private static final int WIDEST_BY_NAME = 15;
  private static final int BITS_BY_NUMBER = 4;

  /** The change in words: {@code set IF in GUEST_RFLAGS (0x…02 → 0x…0202)}. */
  public String words() {
    String values = "(%s → %s)".formatted(VmcsText.hex(field, before), VmcsText.hex(field, after));
    List<String> set = new ArrayList<>();
    List<String> clear = new ArrayList<>();
    List<String> make = new ArrayList<>();
    BitLayout layout = FieldDecoder.layout(field, before);
    long unnamed = before ^ after;
    for (BitLayout.Part part : layout == null ? List.<BitLayout.Part>of() : layout.parts()) {
      if ((unnamed & part.mask()) != 0 && part.width() <= WIDEST_BY_NAME) {
        unnamed &= ~part.mask();
        boolean bit = part.width() == 1 && part.meanings().isEmpty();
        List<String> kind = bit ? part.in(after) == 0 ? clear : set : make;
        kind.add(bit ? part.name() : part.with(after));
      }
    }
    if (Long.bitCount(unnamed) > BITS_BY_NUMBER) {
      return "change %s %s".formatted(field, values);
    }
    for (long left = unnamed; left != 0; left &= left - 1) {
      int bit = Long.numberOfTrailingZeros(left);
      (((after >>> bit) & 1) == 0 ? clear : set).add("bit " + bit);
    }
    return sentence(set, clear, make) + " in " + field + " " + values;
  }

  private static String sentence(List<String> set, List<String> clear, List<String> make) {
    List<String> parts = new ArrayList<>();
    if (!set.isEmpty()) {
      parts.add("set " + String.join(", ", set));
    }
    if (!clear.isEmpty()) {
      parts.add("clear " + String.join(", ", clear));
    }
    if (!make.isEmpty()) {
      parts.add("make " + String.join(", ", make));
    }
    return String.join(" and ", parts);
  }
}
