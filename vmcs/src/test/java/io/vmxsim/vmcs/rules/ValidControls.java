package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.Control;
import io.vmxsim.vmcs.ControlWord;
import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.ExitControl;
import io.vmxsim.vmcs.PinControl;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.TertiaryControl;
import io.vmxsim.vmcs.VmFunction;
import io.vmxsim.vmcs.VmcsField;
import java.util.List;
import java.util.Random;

/** Chooses VMX controls at random that pass the checks on them. */
final class ValidControls {

  private static final List<Control> NEED_EPT =
      List.of(
          SecondaryControl.ENABLE_PML,
          SecondaryControl.UNRESTRICTED_GUEST,
          SecondaryControl.MODE_BASED_EXECUTE_CONTROL_FOR_EPT,
          SecondaryControl.SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT,
          SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES,
          TertiaryControl.PEBS_USES_GUEST_PHYSICAL_ADDRESSES,
          TertiaryControl.ENABLE_HLAT,
          TertiaryControl.EPT_PAGING_WRITE_CONTROL,
          TertiaryControl.GUEST_PAGING_VERIFICATION,
          VmFunction.EPTP_SWITCHING);

  private static final List<VmcsField> PAGES =
      List.of(
          VmcsField.ADDRESS_OF_IO_BITMAP_A,
          VmcsField.ADDRESS_OF_IO_BITMAP_B,
          VmcsField.ADDRESS_OF_MSR_BITMAPS,
          VmcsField.VIRTUAL_APIC_ADDRESS,
          VmcsField.APIC_ACCESS_ADDRESS,
          VmcsField.PML_ADDRESS,
          VmcsField.SUB_PAGE_PERMISSION_TABLE_POINTER,
          VmcsField.EPTP_LIST_ADDRESS,
          VmcsField.VMREAD_BITMAP_ADDRESS,
          VmcsField.VMWRITE_BITMAP_ADDRESS,
          VmcsField.VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS,
          VmcsField.LOW_PASID_DIRECTORY_ADDRESS,
          VmcsField.HIGH_PASID_DIRECTORY_ADDRESS,
          VmcsField.POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,
          VmcsField.PID_POINTER_TABLE_ADDRESS,
          VmcsField.HYPERVISOR_MANAGED_LINEAR_ADDRESS_TRANSLATION_POINTER,
          VmcsField.VM_EXIT_MSR_STORE_ADDRESS,
          VmcsField.VM_EXIT_MSR_LOAD_ADDRESS,
          VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS);

  private final Random random;
  private final Scenario scenario;

  ValidControls(Random random, Scenario scenario) {
    this.random = random;
    this.scenario = scenario;
  }

  void choose(boolean unrestricted, boolean ia32eGuest) {
    for (ControlWord word : ControlWord.values()) {
      long wanted = random.nextLong();
      if (random.nextBoolean()) {
        wanted &= random.nextLong(); // fewer controls
      }
      scenario.set(word.field(), scenario.cpu().capabilities().adjust(word, wanted));
    }
    surroundings(ia32eGuest);
    scenario.turn(SecondaryControl.UNRESTRICTED_GUEST, unrestricted);
    apic();
    nmis();
    tracing();
    if (NEED_EPT.stream().anyMatch(scenario::on)) {
      scenario.turn(SecondaryControl.ENABLE_EPT, true);
    }
    if (scenario.on(ExitControl.SAVE_VMX_PREEMPTION_TIMER_VALUE)) {
      scenario.turn(PinControl.ACTIVATE_VMX_PREEMPTION_TIMER, true);
    }
    values();
  }

  private void surroundings(boolean ia32eGuest) {
    FakeMachine machine = scenario.machine();
    machine.smm = random.nextInt(4) == 0;
    machine.longMode = ia32eGuest || random.nextBoolean();
    scenario.turn(EntryControl.IA_32E_MODE_GUEST, ia32eGuest);
    scenario.turn(ExitControl.HOST_ADDRESS_SPACE_SIZE, machine.longMode);
    boolean deactivate = scenario.on(EntryControl.DEACTIVATE_DUAL_MONITOR_TREATMENT);
    scenario.turn(EntryControl.DEACTIVATE_DUAL_MONITOR_TREATMENT, machine.smm && deactivate);
    boolean toSmm = scenario.on(EntryControl.ENTRY_TO_SMM);
    scenario.turn(EntryControl.ENTRY_TO_SMM, machine.smm && !deactivate && toSmm);
  }

  private void apic() {
    if (!scenario.on(PrimaryControl.USE_TPR_SHADOW)) {
      scenario.turn(SecondaryControl.VIRTUALIZE_X2APIC_MODE, false);
      scenario.turn(SecondaryControl.APIC_REGISTER_VIRTUALIZATION, false);
      scenario.turn(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY, false);
      scenario.turn(TertiaryControl.IPI_VIRTUALIZATION, false);
    }
    if (scenario.on(SecondaryControl.VIRTUALIZE_X2APIC_MODE)) {
      scenario.turn(SecondaryControl.VIRTUALIZE_APIC_ACCESSES, false);
    }
    boolean delivery = scenario.on(SecondaryControl.VIRTUAL_INTERRUPT_DELIVERY);
    if (delivery) {
      scenario.turn(PinControl.EXTERNAL_INTERRUPT_EXITING, true);
    } else {
      scenario.turn(PinControl.PROCESS_POSTED_INTERRUPTS, false);
      scenario.turn(TertiaryControl.APIC_TIMER_VIRTUALIZATION, false);
    }
    if (scenario.on(PinControl.PROCESS_POSTED_INTERRUPTS)) {
      scenario.turn(ExitControl.ACKNOWLEDGE_INTERRUPT_ON_EXIT, true);
    }
    if (scenario.on(TertiaryControl.APIC_TIMER_VIRTUALIZATION)) {
      scenario.turn(PrimaryControl.RDTSC_EXITING, false);
    }
  }

  private void nmis() {
    if (scenario.on(PinControl.VIRTUAL_NMIS)) {
      scenario.turn(PinControl.NMI_EXITING, true);
    } else {
      scenario.turn(PrimaryControl.NMI_WINDOW_EXITING, false);
    }
  }

  private void tracing() {
    if (scenario.on(SecondaryControl.INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES)) {
      scenario.turn(EntryControl.LOAD_IA32_RTIT_CTL, true);
      scenario.turn(ExitControl.CLEAR_IA32_RTIT_CTL, true);
    }
    scenario.machine().tracing =
        !scenario.on(EntryControl.LOAD_IA32_RTIT_CTL) && random.nextBoolean();
  }

  /** The fields that controls lead to; they are proper whether or not the control is 1. */
  private void values() {
    scenario.set(VmcsField.CR3_TARGET_COUNT, random.nextInt(5));
    for (VmcsField field : PAGES) {
      scenario.set(field, page());
    }
    scenario.set(
        VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER,
        random.nextBoolean() ? 1 : 1 + random.nextInt(0xFFFF));
    scenario.set(VmcsField.POSTED_INTERRUPT_NOTIFICATION_VECTOR, random.nextInt(256));
    scenario.set(VmcsField.VIRTUAL_TIMER_VECTOR, random.nextInt(256));
    scenario.set(VmcsField.TSC_MULTIPLIER, random.nextBoolean() ? 1 : random.nextLong() | 1);
    scenario.set(VmcsField.EPT_POINTER, page() | 3 << 3 | 6);
    int vtpr = random.nextInt(256);
    scenario.machine().memory.put(scenario.get(VmcsField.VIRTUAL_APIC_ADDRESS) + 0x80, (long) vtpr);
    scenario.set(VmcsField.TPR_THRESHOLD, random.nextInt((vtpr >>> 4) + 1));
    area(VmcsField.VM_EXIT_MSR_STORE_ADDRESS, VmcsField.VM_EXIT_MSR_STORE_COUNT, 16);
    area(VmcsField.VM_EXIT_MSR_LOAD_ADDRESS, VmcsField.VM_EXIT_MSR_LOAD_COUNT, 16);
    area(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS, VmcsField.VM_ENTRY_MSR_LOAD_COUNT, 16);
    area(VmcsField.PID_POINTER_TABLE_ADDRESS, VmcsField.LAST_PID_POINTER_INDEX, 8);
    msrLoadArea();
  }

  /** A few entries, now and then at the very end of the physical-address space. */
  private void area(VmcsField address, VmcsField count, int entryBytes) {
    int entries = random.nextInt(4);
    scenario.set(count, entries);
    if (random.nextInt(8) == 0) {
      scenario.set(address, (1L << TestCpu.PHYSICAL_BITS) - 4L * entryBytes);
    }
  }

  private void msrLoadArea() {
    long count = scenario.get(VmcsField.VM_ENTRY_MSR_LOAD_COUNT);
    long address = scenario.get(VmcsField.VM_ENTRY_MSR_LOAD_ADDRESS);
    for (int i = 0; i < count; i++) {
      scenario.machine().memory.put(address + 16L * i, 0x174L + random.nextInt(3));
      scenario.machine().memory.put(address + 16L * i + 8, random.nextLong() >>> 1);
    }
  }

  /** Below half of the physical-address space, so that no area reaches its end. */
  private long page() {
    long address = random.nextLong() >>> (65 - TestCpu.PHYSICAL_BITS);
    return (address | 1 << 20) & -0x1000L;
  }
}
