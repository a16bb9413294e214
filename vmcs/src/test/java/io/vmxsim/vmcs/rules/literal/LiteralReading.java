package io.vmxsim.vmcs.rules.literal;

import io.vmxsim.vmcs.rules.EntryContext;
import io.vmxsim.vmcs.rules.EntrySection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The sections of the literal reading. */
public final class LiteralReading {

  private static final Map<EntrySection, Function<EntryContext, Reading>> SECTIONS =
      new EnumMap<>(EntrySection.class);

  static {
    SECTIONS.put(EntrySection.EXECUTION_CONTROLS, ExecutionControlFields::new);
    SECTIONS.put(EntrySection.EXIT_CONTROLS, ExitControlFields::new);
    SECTIONS.put(EntrySection.ENTRY_CONTROLS, EntryControlFields::new);
    SECTIONS.put(EntrySection.HOST_REGISTERS, HostRegisters::new);
    SECTIONS.put(EntrySection.HOST_SEGMENTS, HostSegments::new);
    SECTIONS.put(EntrySection.ADDRESS_SPACE_SIZE, AddressSpaceSize::new);
    SECTIONS.put(EntrySection.GUEST_REGISTERS, GuestRegisters::new);
    SECTIONS.put(EntrySection.GUEST_SEGMENTS, GuestSegments::new);
    SECTIONS.put(EntrySection.GUEST_DESCRIPTOR_TABLES, GuestDescriptorTables::new);
    SECTIONS.put(EntrySection.GUEST_RIP_RFLAGS, GuestRipRflags::new);
    SECTIONS.put(EntrySection.GUEST_NON_REGISTER_STATE, GuestNonRegisterState::new);
    SECTIONS.put(EntrySection.GUEST_PDPTES, GuestPdptes::new);
    SECTIONS.put(EntrySection.MSR_LOADING, MsrLoading::new);
  }

  private LiteralReading() {}

  /** The sections that a VM entry breaks. */
  public static Set<EntrySection> brokenSections(EntryContext context) {
    Set<EntrySection> broken = EnumSet.noneOf(EntrySection.class);
    SECTIONS.forEach(
        (section, reading) -> {
          if (!reading.apply(context).proper()) {
            broken.add(section);
          }
        });
    return broken;
  }
}
