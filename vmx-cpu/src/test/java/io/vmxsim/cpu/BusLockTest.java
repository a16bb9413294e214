package io.vmxsim.cpu;

import static io.vmxsim.cpu.VmxFixture.GUEST_RIP;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.vmcs.ExitReason;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * "Bus lock" among the "Other Causes of VM Exits" (28.2, June 2026), and what a bus lock is ("Bus
 * Locking", 8.1.2).
 */
class BusLockTest {
  private static final long SPLIT = 0x41_003e; // two bytes before the end of a cache line
  private static final int ASSERTED = 1 << 26;
  private static final int CPUID_LENGTH = 2;

  /** The guest's code, and CPUID behind it, with "VMM bus-lock detection". */
  private static VmxFixture run(String code) {
    VmxFixture f = VmxFixture.ready();
    f.set(SecondaryControl.VMM_BUS_LOCK_DETECTION);
    f.runCode(code + " 0fa2");
    return f;
  }

  private static void expectBusLock(int length, VmxFixture f) {
    assertEquals(ExitReason.BUS_LOCK.number() | ASSERTED, f.read(VmcsField.EXIT_REASON));
    assertEquals(GUEST_RIP + length, f.read(VmcsField.GUEST_RIP), "behind the instruction");
    assertEquals(0, f.read(VmcsField.EXIT_QUALIFICATION));
  }

  private static void expectNone(int length, VmxFixture f) {
    assertEquals(ExitReason.CPUID.number(), f.read(VmcsField.EXIT_REASON));
    assertEquals(GUEST_RIP + length, f.read(VmcsField.GUEST_RIP));
  }

  @Test
  void theExitComesAfterTheInstruction() {
    VmxFixture f = run("f0ff0425 3e004100"); // lock inc dword [41003eh]
    expectBusLock(8, f);
    assertEquals(1, f.memory.read32(SPLIT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "f0 01 0425 3e004100", // lock add [41003eh],eax
        "f0 48 01 0425 39004100", // lock add [410039h],rax
        "f0 0fc1 0425 3e004100", // lock xadd [41003eh],eax
        "f0 0fb1 0425 3e004100", // lock cmpxchg [41003eh],eax
        "f0 0fc7 0c25 3c004100", // lock cmpxchg8b [41003ch]
        "f0 0fba 2c25 3e004100 02", // lock bts dword [41003eh],2
        "f0 f7 1425 3e004100", // lock not dword [41003eh]
        "87 0425 3e004100", // xchg [41003eh],eax
        "48 87 0425 3e004100", // xchg [41003eh],rax
        "f0 87 0425 fe0f4100", // lock xchg [410ffeh],eax: two pages
      })
  void lockedAccessesAcrossCacheLines(String code) {
    expectBusLock(code.replace(" ", "").length() / 2, run(code));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "f0 ff 0425 3c004100", // lock inc dword [41003ch]: the last of its line
        "f0 48 01 0425 38004100", // lock add [410038h],rax
        "f0 ff 0425 41004100", // lock inc dword [410041h]: not aligned, but in one line
        "ff 0425 3e004100", // inc dword [41003eh]: not locked
        "89 0425 3e004100", // mov [41003eh],eax
        "87 c1", // xchg eax,ecx
      })
  void everythingElse(String code) {
    expectNone(code.replace(" ", "").length() / 2, run(code));
  }

  @Test
  void withoutTheControlNothingIsTold() {
    VmxFixture f = VmxFixture.ready();
    f.runCode("f0ff0425 3e004100 0fa2");
    expectNone(8, f);
  }

  @Test
  void aLockBeforeIsNoLockOfTheNextExit() {
    VmxFixture f = run("f0ff0425 3e004100");
    VmxFixture.must(VmxOutcome.SUCCEED, f.vmx().vmresume());
    assertEquals(RunOutcome.EXIT, f.processor.run(10));
    expectNone(10 - CPUID_LENGTH, f);
  }

  @Test
  void aStepIsPendingBehindTheExit() {
    VmxFixture f = VmxFixture.ready();
    f.set(SecondaryControl.VMM_BUS_LOCK_DETECTION);
    f.write(VmcsField.GUEST_RFLAGS, 0x102); // TF
    f.runCode("f0ff0425 3e004100 0fa2");
    expectBusLock(8, f);
    assertEquals(1 << 14, f.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
  }
}
