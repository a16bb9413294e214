package io.vmxsim.vmcs.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.vmcs.InputException;
import io.vmxsim.vmcs.Vmcs;
import io.vmxsim.vmcs.VmcsField;
import io.vmxsim.vmcs.VmcsFile;
import io.vmxsim.vmcs.doctor.VmcsDump.Form;
import io.vmxsim.vmcs.rules.EntryFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmcsDumpsTest {

  private static VmcsDump only(String log) {
    List<VmcsDump> dumps = VmcsDumps.log("log", log);
    assertEquals(1, dumps.size());
    return dumps.get(0);
  }

  private static long get(VmcsDump dump, VmcsField field) {
    assertTrue(dump.known().contains(field), field::name);
    return dump.vmcs().get(field);
  }

  @Test
  void readsTheOlderLayoutOfKvm() {
    VmcsDump dump = only(DumpTexts.OLD_KVM);

    assertEquals(Form.KVM, dump.form());
    assertEquals(List.of(), dump.unread());
    assertEquals(Set.of(), dump.absent());
    assertEquals(0x8005_0033L, get(dump, VmcsField.GUEST_CR0));
    assertEquals(0x8005_0031L, get(dump, VmcsField.CR0_READ_SHADOW));
    assertEquals(0x2222, get(dump, VmcsField.GUEST_IA32_SYSENTER_EIP));
    assertEquals(0xA09B, get(dump, VmcsField.GUEST_CS_ACCESS_RIGHTS));
    assertEquals(0xFFFF_FE00_0000_3000L, get(dump, VmcsField.GUEST_TR_BASE));
    assertEquals(0xFFF, get(dump, VmcsField.GUEST_IDTR_LIMIT));
    assertEquals(0xD01, get(dump, VmcsField.GUEST_IA32_EFER));
    assertEquals(0x40, get(dump, VmcsField.HOST_TR_SELECTOR));
    assertEquals(0x16_26F0, get(dump, VmcsField.HOST_CR4));
    assertEquals(0xB5A0_6DFAL, get(dump, VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS));
    assertEquals(0x2B_EFFF, get(dump, VmcsField.VM_EXIT_CONTROLS));
    assertEquals(1, get(dump, VmcsField.VIRTUAL_PROCESSOR_IDENTIFIER));
    assertFalse(dump.known().contains(VmcsField.VMCS_LINK_POINTER));
  }

  @Test
  void readsTheNewerLayoutOfKvmOutOfTheKernelLog() {
    VmcsDump dump = only("[    1.0] usb 1-1: new device\n" + DumpTexts.newKvm());

    assertEquals("VMCS 00000000f971be22, last attempted VM-entry on CPU 3", dump.title());
    assertEquals(3, dump.line());
    assertEquals(List.of(), dump.unread());
    assertEquals(Set.of(), dump.absent());
    assertEquals(0x10, get(dump, VmcsField.TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS));
    assertEquals(0x3F, get(dump, VmcsField.PIN_BASED_VM_EXECUTION_CONTROLS));
    assertEquals(0x0407_0506_0007_0106L, get(dump, VmcsField.GUEST_IA32_PAT));
  }

  @Test
  void readsTheLayoutOfXen() {
    VmcsDump dump = only(DumpTexts.XEN_SEGMENTS);

    assertEquals(Form.XEN, dump.form());
    assertEquals(0x10, get(dump, VmcsField.GUEST_CS_SELECTOR));
    assertEquals(0x7FDB_9D9C_2700L, get(dump, VmcsField.GUEST_FS_BASE));
    assertEquals(0xFFFF_8800_1F40_C000L, get(dump, VmcsField.GUEST_GDTR_BASE));
    assertEquals(0x206F, get(dump, VmcsField.GUEST_TR_LIMIT));
    assertEquals(0xFFFF_8800_18CF_7F50L, get(dump, VmcsField.GUEST_RSP));
    assertEquals(0xFFFF_FFFF_8184_F058L, get(dump, VmcsField.GUEST_RIP));
    assertEquals(List.of(), dump.unread());
  }

  @Test
  void readsTheLayoutOfXenUpTo46() {
    VmcsDump dump = only(DumpTexts.OLD_XEN);

    assertEquals(3, get(dump, VmcsField.GUEST_INTERRUPTIBILITY_STATE));
    assertEquals(1, get(dump, VmcsField.GUEST_ACTIVITY_STATE));
    assertEquals(0x7040_6000_7040_6L, get(dump, VmcsField.GUEST_IA32_PAT));
    assertEquals(0xFFFF_FF5C_0D19_A2E4L, get(dump, VmcsField.TSC_OFFSET));
    assertEquals(0x40, get(dump, VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
    assertEquals(0xFFFF_8300_0000_1000L, get(dump, VmcsField.HOST_RSP));
    assertEquals(0xFFFF_828C_0000_2000L, get(dump, VmcsField.HOST_RIP));
    assertEquals(0x10, get(dump, VmcsField.HOST_SS_SELECTOR));
    assertEquals(0xE018, get(dump, VmcsField.HOST_DS_SELECTOR));
    assertEquals(0x40C0, get(dump, VmcsField.EXCEPTION_BITMAP));
    assertEquals(2, get(dump, VmcsField.EXIT_QUALIFICATION));
    assertEquals(List.of(), dump.unread());
  }

  @Test
  void whatXenPrintedShorterOnceIsCutOffInANewerDump() {
    String newer = DumpTexts.OLD_XEN.replaceAll("(?m)^.*(target_count|TSC Offset).*\n", "");

    VmcsDump dump = only(newer);

    assertFalse(dump.known().contains(VmcsField.GUEST_INTERRUPTIBILITY_STATE));
    assertFalse(dump.known().contains(VmcsField.EXIT_QUALIFICATION));
    assertTrue(dump.unread().toString().contains("qualification=00000002"));
  }

  @Test
  void anEferThatTheVmcsDoesNotHoldIsNotAField() {
    String efer = "EFER =     0x0000000000000d01  PAT = 0x0407050600070106";
    for (String other :
        List.of("EFER= 0x0000000000000d01 (effective)", "EFER= 0x0000000000000d01 (autoload)")) {
      VmcsDump dump = only(DumpTexts.OLD_KVM.replace(efer, other));

      assertFalse(dump.known().contains(VmcsField.GUEST_IA32_EFER), other);
      assertEquals(List.of(), dump.unread());
    }
  }

  @Test
  void theMsrsOfTheEntryAreCounted() {
    String msrs =
        """
        MSR guest autoload:
           0: msr=0xc0000080 value=0x0000000000000d01
           1: msr=0x00000600 value=0xffff888000000000
        MSR host autoload:
           0: msr=0x0000038f value=0x0000000000000000
        *** Host State ***
        """;
    VmcsDump dump = only(DumpTexts.OLD_KVM.replace("*** Host State ***\n", msrs));

    assertEquals(2, dump.entryMsrs().size());
    assertEquals(0xFFFF_8880_0000_0000L, dump.entryMsrs().get(1).value());
    assertEquals(2, get(dump, VmcsField.VM_ENTRY_MSR_LOAD_COUNT));
  }

  @Test
  void severalDumpsInOneLogAreApart() {
    String log = DumpTexts.newKvm() + "[ 700.1] device gone\n" + DumpTexts.newKvm();

    List<VmcsDump> dumps = VmcsDumps.log("log", log + DumpTexts.XEN_SEGMENTS);

    assertEquals(
        List.of(Form.KVM, Form.KVM, Form.XEN), dumps.stream().map(VmcsDump::form).toList());
    assertEquals(List.of(), dumps.get(0).unread());
    assertEquals(dumps.get(0).known(), dumps.get(1).known());
  }

  @Test
  void theExitReasonOfAFailedEntryIsTheReport() {
    Reported reported = only(DumpTexts.OLD_KVM).reported();

    assertNotNull(reported);
    assertEquals(EntryFailure.GUEST_STATE, reported.failure());
    assertEquals(0, reported.qualification());
  }

  @Test
  void anExitReasonOfAnEarlierExitIsNoReport() {
    assertNull(only(DumpTexts.OLD_KVM.replace("80000021", "0000000c")).reported());
  }

  @Test
  void theHardwareErrorThatQemuPrintsIsTheReport() {
    String earlier = DumpTexts.OLD_KVM.replace("80000021", "0000000c");

    Reported before = only("KVM: entry failed, hardware error 0x7\n" + earlier).reported();
    Reported after = only(earlier + "KVM: entry failed, hardware error 0x8\n").reported();

    assertNotNull(before);
    assertEquals(EntryFailure.CONTROLS, before.failure());
    assertNotNull(after);
    assertEquals(EntryFailure.HOST_STATE, after.failure());
  }

  @Test
  void aGarbledLineIsNamedAndTheRestOfItRead() {
    VmcsDump dump = only(DumpTexts.OLD_KVM.replace("limit=0xffffffff, base=0x00007f3d", "l%%@="));

    assertEquals(1, dump.unread().size());
    assertEquals(12, dump.unread().get(0).number());
    assertEquals(0x1C000, get(dump, VmcsField.GUEST_FS_ACCESS_RIGHTS));
    assertEquals(Set.of(VmcsField.GUEST_FS_LIMIT, VmcsField.GUEST_FS_BASE), dump.absent());
  }

  @Test
  void aForeignLineInTheMiddleIsNamed() {
    VmcsDump dump =
        only(DumpTexts.OLD_KVM.replace("*** Host State ***", "eth0: link up\n*** Host State ***"));

    assertEquals(List.of("eth0: link up"), dump.unread().stream().map(l -> l.text()).toList());
    assertEquals(Set.of(), dump.absent());
  }

  @Test
  void linesThatAMailerBrokeAreRead() {
    String mail =
        DumpTexts.newKvm().lines().map(l -> "> " + l + "\n").collect(Collectors.joining());

    VmcsDump dump = only(mail.replace(", shadow", ",\n> shadow"));

    assertEquals(List.of(), dump.unread());
    assertEquals(Set.of(), dump.absent());
    assertEquals(0x8005_0031L, get(dump, VmcsField.CR0_READ_SHADOW));
  }

  @Test
  void aLogWithoutADumpIsRefused() {
    assertThrows(InputException.class, () -> VmcsDumps.log("log", "nothing here\n"));
  }

  @Property(tries = 500)
  void whatATruncatedDumpGivesIsWhatTheWholeGives(@ForAll @IntRange(min = 0, max = 2400) int cut) {
    VmcsDump whole = only(DumpTexts.OLD_KVM);
    String begun = DumpTexts.OLD_KVM.substring(0, Math.min(cut + 19, DumpTexts.OLD_KVM.length()));

    VmcsDump part = only(begun);

    assertEquals(whole.vmcs(), withRestOf(part, whole));
  }

  @Property(tries = 1000)
  void whatAGarbledDumpGivesIsWhatTheWholeGives(
      @ForAll @IntRange(min = 20, max = 2400) int at,
      @ForAll @IntRange(min = 1, max = 9) int length) {
    VmcsDump whole = only(DumpTexts.OLD_KVM);
    int end = Math.min(at + length, DumpTexts.OLD_KVM.length());
    StringBuilder garbled = new StringBuilder(DumpTexts.OLD_KVM);
    for (int i = Math.min(at, end); i < end; i++) {
      garbled.setCharAt(i, garbled.charAt(i) == '\n' ? '\n' : '~');
    }

    for (VmcsDump part : VmcsDumps.log("log", garbled.toString())) {
      assertEquals(whole.vmcs(), withRestOf(part, whole));
    }
  }

  private static Vmcs withRestOf(VmcsDump part, VmcsDump whole) {
    Vmcs vmcs = whole.vmcs().copy();
    part.known().forEach(field -> vmcs.set(field, part.vmcs().get(field)));
    return vmcs;
  }

  @Test
  void aVmcsFileKnowsTheFieldsItHas(@TempDir Path folder) throws IOException {
    Vmcs vmcs = new Vmcs(0x12);
    vmcs.set(VmcsField.VM_INSTRUCTION_ERROR, 7);
    String json = VmcsFile.toJson(vmcs).replaceFirst("\"GUEST_CR3\" : \"0x0{16}\",", "");

    VmcsDump dump = VmcsDumps.read(Files.writeString(folder.resolve("v.json"), json)).get(0);

    assertEquals(Form.JSON, dump.form());
    assertEquals(VmcsField.COUNT - 1, dump.known().size());
    assertFalse(dump.known().contains(VmcsField.GUEST_CR3));
    assertNotNull(dump.reported());
    assertEquals(EntryFailure.CONTROLS, dump.reported().failure());
  }
}
