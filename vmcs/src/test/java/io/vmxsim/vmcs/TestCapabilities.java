package io.vmxsim.vmcs;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Capability MSRs as the SDM's appendix A has them, of processors that support chosen controls. */
final class TestCapabilities {

  static final int REVISION = 0x12;
  static final long BASIC = REVISION | (0x1000L << 32) | (6L << 50);
  static final long MISC = (1L << 5) | (7L << 6) | (4L << 16);

  private static final Map<ControlWord, Long> DEFAULT1 =
      Map.of(
          ControlWord.PIN_BASED, 0x16L,
          ControlWord.PRIMARY_PROCESSOR_BASED, 0x0401_E172L,
          ControlWord.VM_EXIT, 0x0003_6DFFL,
          ControlWord.VM_ENTRY, 0x0000_11FFL);

  private TestCapabilities() {}

  /** A processor that supports every control there is. */
  static VmxCapabilities everything() {
    return new VmxCapabilities(msrs(allControls().toArray(Control[]::new)));
  }

  /** A processor that supports these controls and the default1 controls only. */
  static VmxCapabilities supporting(Control... controls) {
    return new VmxCapabilities(msrs(controls));
  }

  /** Without TRUE capability MSRs. */
  static Map<Integer, Long> msrs(Control... controls) {
    Map<ControlWord, Long> ones = new EnumMap<>(ControlWord.class);
    DEFAULT1.forEach(ones::put);
    for (Control control : controls) {
      ones.merge(control.word(), control.mask(), (a, b) -> a | b);
    }
    Map<Integer, Long> msrs = new TreeMap<>();
    ones.forEach(
        (word, allowed) ->
            msrs.put(
                word.capabilityMsr(),
                word.hasAllowed0Settings()
                    ? (allowed << 32) | DEFAULT1.getOrDefault(word, 0L)
                    : allowed));
    msrs.put(0x480, BASIC);
    msrs.put(0x485, MISC);
    msrs.put(0x486, 0x8000_0021L);
    msrs.put(0x487, 0xFFFF_FFFFL);
    msrs.put(0x488, 0x2000L);
    msrs.put(0x489, 0x7727_FFL);
    msrs.put(0x48A, 0x52L);
    if (List.of(controls).contains(SecondaryControl.ENABLE_EPT)
        || List.of(controls).contains(SecondaryControl.ENABLE_VPID)) {
      msrs.put(0x48C, (1L << 6) | (1L << 14) | (1L << 32));
    }
    return msrs;
  }

  static Stream<Control> allControls() {
    return Stream.of(
            PinControl.values(),
            PrimaryControl.values(),
            SecondaryControl.values(),
            TertiaryControl.values(),
            ExitControl.values(),
            SecondaryExitControl.values(),
            EntryControl.values(),
            VmFunction.values())
        .flatMap(Stream::of);
  }
}
