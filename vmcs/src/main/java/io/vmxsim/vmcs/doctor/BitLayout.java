package io.vmxsim.vmcs.doctor;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import java.util.ArrayList;
import java.util.List;

/**
 * The named bits of a register or field.
 *
 * <p>Written as {@code name:bit} and {@code name:high-low}, the latter with the meanings of its
 * values from 0 on in parentheses where they have any; separated by commas.
 */
public final class BitLayout {

  /**
   * Neighbouring bits with a name.
   *
   * @param name the SDM's name
   * @param low the lowest bit's position
   * @param width how many bits
   * @param meanings what the values from 0 on mean; empty if they are numbers
   */
  public record Part(String name, int low, int width, List<String> meanings) {

    /** The part's bits, in place. */
    public long mask() {
      return (-1L >>> (64 - width)) << low;
    }

    /** The part's value within {@code word}. */
    public long in(long word) {
      return (word & mask()) >>> low;
    }

    /** Name and value, as in {@code IF=0} and {@code type=NMI}. */
    public String with(long word) {
      long value = in(word);
      if (value < meanings.size()) {
        return name + "=" + meanings.get((int) value);
      }
      return width > 4 ? "%s=0x%x".formatted(name, value) : name + "=" + value;
    }

    /** Where it is: {@code bit 9} or {@code bits 10:8}. */
    public String position() {
      return width == 1 ? "bit " + low : "bits " + (low + width - 1) + ":" + low;
    }
  }

  private final List<Part> parts;

  private BitLayout(List<Part> parts) {
    this.parts = List.copyOf(parts);
  }

  /** The layout written down in {@code text}. */
  static BitLayout of(String text) {
    List<Part> parts = new ArrayList<>();
    for (String row : text.split(",\\s*", -1)) {
      int colon = row.lastIndexOf(':');
      String where = row.substring(colon + 1);
      List<String> meanings = List.of();
      int open = where.indexOf('(');
      if (open >= 0) {
        meanings = List.of(where.substring(open + 1, where.length() - 1).split("\\|", -1));
        where = where.substring(0, open);
      }
      String[] ends = where.split("-", -1);
      int high = Integer.parseInt(ends[0]);
      int low = Integer.parseInt(ends[ends.length - 1]);
      parts.add(new Part(row.substring(0, colon), low, high - low + 1, meanings));
    }
    return new BitLayout(parts);
  }

  /** The layout of a vector of controls. */
  static BitLayout of(ControlWord word) {
    List<Part> parts = new ArrayList<>();
    for (Control control : word.controls()) {
      parts.add(new Part(control.name(), control.bit(), 1, List.of()));
    }
    return new BitLayout(parts);
  }

  /** The parts, as the SDM orders them. */
  public List<Part> parts() {
    return parts;
  }

  /**
   * The value in words: the bits that are 1 by name, what has more bits with its value, and bits
   * that have no name by number. Empty for a value that has nothing to say.
   */
  public String decode(long value) {
    List<String> words = new ArrayList<>();
    long named = 0;
    for (Part part : parts) {
      named |= part.mask();
      boolean says = part.in(value) != 0 || !part.meanings().isEmpty();
      if (says) {
        words.add(part.width() == 1 && part.meanings().isEmpty() ? part.name() : part.with(value));
      }
    }
    for (long left = value & ~named; left != 0; left &= left - 1) {
      words.add("bit " + Long.numberOfTrailingZeros(left));
    }
    return String.join(", ", words);
  }
}
