package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.testing.TestGuest;
import io.vmxsim.cpu.testing.TestGuests;
import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.PrimaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;

/** A guest does not notice a VM exit and the VM entry after it, wherever they come. */
class ContinuationTest {
  private static final String VMCALL = "0f01c1";

  /** Instructions that run the same with anything in registers; RSI and RDI point to memory. */
  private static final List<String> INSTRUCTIONS =
      List.of(
          "4801d8", // ADD RAX, RBX
          "4819ca", // SBB RDX, RCX
          "480fafc3", // IMUL RAX, RBX
          "48f7e3", // MUL RBX
          "48d3c0", // ROL RAX, CL
          "49d1d8", // RCR R8, 1
          "4d31c8", // XOR R8, R9
          "480fc8", // BSWAP RAX
          "0f92c1", // SETB CL
          "480f44c3", // CMOVE RAX, RBX
          "f5", // CMC
          "f9", // STC
          "fa", // CLI
          "fb", // STI, with its shadow
          "50", // PUSH RAX
          "5b", // POP RBX
          "9c", // PUSHFQ
          "488907", // MOV [RDI], RAX
          "480306", // ADD RAX, [RSI]
          "48871f", // XCHG [RDI], RBX
          "f0480fc10f", // LOCK XADD [RDI], RCX
          "a4", // MOVSB
          "480fba2f05", // BTS qword [RDI], 5
          "7500", // JNE to the next
          "e800000000", // CALL the next
          "66480f6ec0", // MOVQ XMM0, RAX
          "660fd4c0", // PADDQ XMM0, XMM0
          "f30f7f07"); // MOVDQU [RDI], XMM0

  /** A program, and before which of its instructions the guest is interrupted. */
  private record Interrupted(String code, int instructions, int at, long seed) {}

  @Provide
  Arbitrary<Interrupted> interrupted() {
    Arbitrary<List<String>> programs =
        Arbitraries.of(INSTRUCTIONS).list().ofMinSize(1).ofMaxSize(30);
    return Combinators.combine(programs, Arbitraries.integers().between(0, 30), Arbitraries.longs())
        .as(
            (program, at, seed) ->
                new Interrupted(
                    String.join("", program) + VMCALL,
                    program.size(),
                    at % (program.size() + 1),
                    seed));
  }

  @Property(tries = 150, shrinking = ShrinkingMode.OFF)
  void aGuestGoesOnAfterAnExitAsWithoutIt(@ForAll("interrupted") Interrupted run) {
    TestGuest undisturbed = guest(run);
    TestGuest disturbed = guest(run);

    assertEquals(ExitReason.VMCALL, undisturbed.enter());
    interrupt(disturbed, run.at());
    assertEquals(ExitReason.VMCALL, disturbed.enter());

    sameState(undisturbed, disturbed);
  }

  @Property(tries = 50, shrinking = ShrinkingMode.OFF)
  void aGuestThatExitsAfterEveryInstructionDoesTheSame(@ForAll("interrupted") Interrupted run) {
    TestGuest undisturbed = guest(run);
    TestGuest stepped = guest(run).with(PrimaryControl.MONITOR_TRAP_FLAG);

    assertEquals(ExitReason.VMCALL, undisturbed.enter());
    for (int i = 0; i < run.instructions(); i++) {
      assertEquals(ExitReason.MONITOR_TRAP_FLAG, stepped.enter());
    }
    assertEquals(ExitReason.VMCALL, stepped.enter());

    clear(stepped);
    sameState(undisturbed, stepped);
  }

  /** What blocks interrupts behind STI lives through an exit, which nothing else here shows. */
  @Property(tries = 60, shrinking = ShrinkingMode.OFF)
  void interruptWindowsOpenWhereTheyDoWithoutAnExit(@ForAll("interrupted") Interrupted run) {
    TestGuest undisturbed = guest(run).with(PrimaryControl.INTERRUPT_WINDOW_EXITING);
    TestGuest disturbed = guest(run);

    ExitReason end = undisturbed.enter();
    disturbed.with(PrimaryControl.MONITOR_TRAP_FLAG);
    for (int i = 0; i < run.at() && rip(disturbed) != rip(undisturbed); i++) {
      assertEquals(ExitReason.MONITOR_TRAP_FLAG, disturbed.enter());
    }
    clear(disturbed);
    assertEquals(end, disturbed.with(PrimaryControl.INTERRUPT_WINDOW_EXITING).enter());

    sameState(undisturbed, disturbed);
  }

  private static long rip(TestGuest guest) {
    return guest.get(VmcsField.GUEST_RIP);
  }

  /** Lets {@code count} instructions run, then takes the guest out. */
  private static void interrupt(TestGuest guest, int count) {
    if (count == 0) {
      return;
    }
    guest.with(PrimaryControl.MONITOR_TRAP_FLAG);
    for (int i = 0; i < count; i++) {
      assertEquals(ExitReason.MONITOR_TRAP_FLAG, guest.enter());
    }
    clear(guest);
  }

  private static void clear(TestGuest guest) {
    VmcsField field = VmcsField.PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
    guest.with(field, guest.get(field) & ~PrimaryControl.MONITOR_TRAP_FLAG.mask());
  }

  private static TestGuest guest(Interrupted run) {
    return TestGuests.running("max", run.code(), run.seed());
  }

  private static void sameState(TestGuest one, TestGuest other) {
    Map<VmcsField, Long> before = one.fields();
    assertEquals(Set.of(), other.changedSince(before));
    assertArrayEquals(
        Arrays.copyOf(one.registers().registers, 4), Arrays.copyOf(other.registers().registers, 4));
    assertArrayEquals(
        Arrays.copyOfRange(one.registers().registers, 5, 16),
        Arrays.copyOfRange(other.registers().registers, 5, 16));
    assertArrayEquals(memory(one, TestGuest.DATA, 0x9000), memory(other, TestGuest.DATA, 0x9000));
    assertArrayEquals(
        memory(one, TestGuest.STACK - 0x1000, 0x1000),
        memory(other, TestGuest.STACK - 0x1000, 0x1000));
  }

  private static byte[] memory(TestGuest guest, long address, int bytes) {
    byte[] content = new byte[bytes];
    guest.processor().memory().readBytes(address, content, 0, bytes);
    return content;
  }
}
