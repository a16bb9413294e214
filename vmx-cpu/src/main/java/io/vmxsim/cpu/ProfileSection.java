package io.vmxsim.cpu;

import io.vmxsim.vmcs.ExitReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The sections of a profile. Each knows which keys it takes, their unit and the form of their
 * values, so that reader, {@code --set} and report agree.
 */
public enum ProfileSection {
  /** What CPUID returns: {@code leaf} or {@code leaf/subleaf}, in hexadecimal. */
  CPUID {
    private final Pattern keys = Pattern.compile("0x[0-9A-F]{1,8}(/0x[0-9A-F]{1,2})?");

    @Override
    @Nullable String unitOf(String key) {
      return keys.matcher(key).matches() ? "registers" : null;
    }

    @Override
    Form formOf(String key) {
      return new Form(
          "four registers EAX EBX ECX EDX, each 0x and 8 hexadecimal digits",
          Pattern.compile("0x[0-9A-F]{8}( 0x[0-9A-F]{8}){3}"));
    }

    @Override
    List<String> keys() {
      return List.of();
    }
  },

  /** The VMX capability MSRs, by the SDM's names. One that the CPU lacks is left out. */
  VMX {
    @Override
    @Nullable String unitOf(String key) {
      return keys().contains(key) ? "msr" : null;
    }

    @Override
    Form formOf(String key) {
      return new Form("0x and 16 hexadecimal digits", Pattern.compile("0x[0-9A-F]{16}"));
    }

    @Override
    List<String> keys() {
      List<String> names = new ArrayList<>();
      for (VmxMsr msr : VmxMsr.values()) {
        names.add(msr.name());
      }
      return names;
    }
  },

  /** Shapes of TLBs and paging-structure caches. */
  GEOMETRY {
    private final Pattern tlb =
        Pattern.compile("[A-Za-z0-9-]+\\.(serves|pages|entries|ways|index)");
    private final Pattern cache = Pattern.compile("(guest|ept)\\.(pml5e|pml4e|pdpte|pde)");

    @Override
    @Nullable String unitOf(String key) {
      if (cache.matcher(key).matches()) {
        return "entries";
      }
      return tlb.matcher(key).matches() ? key.substring(key.indexOf('.') + 1) : null;
    }

    @Override
    Form formOf(String key) {
      return switch (key.substring(key.indexOf('.') + 1)) {
        case "serves" ->
            new Form(
                "some of: load store fetch second-level guest-physical",
                words("load|store|fetch|second-level|guest-physical"));
        case "pages" -> new Form("some of: 4K 2M 1G", words("4K|2M|1G"));
        case "index" -> new Form("modulo or xor-fold", Pattern.compile("modulo|xor-fold"));
        default -> NUMBER;
      };
    }

    @Override
    List<String> keys() {
      List<String> names = new ArrayList<>();
      for (String dimension : List.of("guest", "ept")) {
        for (String cacheName : List.of("pml5e", "pml4e", "pdpte", "pde")) {
          names.add(dimension + "." + cacheName);
        }
      }
      return names;
    }
  },

  /** Prices in core cycles, and the clock that cycles are counted by; see docs/cycles.md. */
  COSTS {
    @Override
    @Nullable String unitOf(String key) {
      if (key.equals(CLOCK)) {
        return "MHz";
      }
      return keys().contains(key) || byReason(key) ? "cycles" : null;
    }

    @Override
    Form formOf(String key) {
      return key.equals(CLOCK) ? POSITIVE : NUMBER;
    }

    @Override
    List<String> keys() {
      List<String> names = new ArrayList<>();
      names.add(CLOCK);
      for (Cost cost : Cost.values()) {
        names.add(cost.key());
      }
      for (InstructionClass instructionClass : InstructionClass.values()) {
        names.add(instructionClass.key());
      }
      names.add(CostModel.EXIT);
      names.add(CostModel.HANDLER);
      return names;
    }

    private static boolean byReason(String key) {
      for (ExitReason reason : ExitReason.values()) {
        if (key.equals(CostModel.exitKey(reason)) || key.equals(CostModel.handlerKey(reason))) {
          return true;
        }
      }
      return false;
    }
  };

  static final Form POSITIVE =
      new Form("a whole number from 1 to 999999", Pattern.compile("[1-9][0-9]{0,5}"));

  /** The key of the core's clock, which is also the TSC's. */
  static final String CLOCK = "clock";

  /** The form of a value: in words, for errors, and as a pattern. */
  record Form(String expected, Pattern pattern) {}

  // Nine digits always fit an int, which TLB sizes and translation costs are.
  static final Form NUMBER =
      new Form("a whole number from 0 to 999999999", Pattern.compile("[0-9]{1,9}"));

  /** The unit that {@code key} is given in; null if this section has no such key. */
  abstract @Nullable String unitOf(String key);

  /** The form of a value of {@code key}, which this section has. */
  abstract Form formOf(String key);

  /** The keys that are known by name; a missing one is an error in costs and in cache sizes. */
  abstract List<String> keys();

  /** The name between brackets. */
  public String title() {
    return name().toLowerCase(Locale.ROOT);
  }

  private static Pattern words(String word) {
    return Pattern.compile("(" + word + ")( (" + word + "))*");
  }
}
