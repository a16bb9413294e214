package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.InitialState;
import io.vmxsim.cpu.Msr;
import io.vmxsim.cpu.Processor;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.PageSize;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmm.ScriptedGuest.Kind;
import io.vmxsim.vmm.ScriptedGuest.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * A guest cannot tell shadow paging from EPT: on the real processor, TLBs and all, every access of
 * a guest that edits its page tables and invalidates as it must ends alike, at the same address or
 * with the same fault.
 */
class ShadowEqualsEptProperties {
  private static final int TABLES = 7;
  private static final long FIRST_TABLE = 0x10_0000;
  private static final long DIRECTORY = 0x8_0000;
  private static final long WINDOW = -1L << 47;
  private static final int STEPS = 120;

  @Property(tries = 60)
  void underEveryPolicy(@ForAll long seed, @ForAll ShadowPolicy policy) {
    VmOptions shadow = VmOptions.shadow(policy, PageSize.SIZE_2M);
    List<Operation> script = script(new Random(seed));
    assertAlike(script, run(script, VmOptions.ept(PageSize.SIZE_2M)), run(script, shadow));
  }

  @Property(tries = 40)
  void withUnsyncTables(@ForAll long seed) {
    VmOptions shadow = VmOptions.shadow(ShadowPolicy.UPDATE, PageSize.SIZE_2M).withUnsync(true);
    List<Operation> script = script(new Random(seed));
    assertAlike(script, run(script, VmOptions.ept(PageSize.SIZE_2M)), run(script, shadow));
  }

  /** Of a write that the VMM carried out, the guest does not learn the address. */
  private static void assertAlike(List<Operation> script, List<String> ept, List<String> shadow) {
    assertEquals(script.size(), shadow.size());
    for (int i = 0; i < script.size(); i++) {
      String expected = shadow.get(i).equals("done") ? ept.get(i).split(" ", 2)[0] : ept.get(i);
      String found = shadow.get(i).equals("done") && expected.equals("ok") ? "ok" : shadow.get(i);
      int at = i;
      assertEquals(expected, found, () -> "operation %d: %s".formatted(at, script.get(at)));
    }
  }

  private static List<Operation> script(Random random) {
    List<Operation> script = new ArrayList<>();
    long root = FIRST_TABLE;
    for (int i = 0; i < 3 * TABLES; i++) {
      long at = WINDOW + FIRST_TABLE + i / 3 * 0x1000L + i % 3 * 8L;
      long entry = FIRST_TABLE + random.nextInt(TABLES) * 0x1000L | 0x67;
      script.add(new Operation(Kind.STORE, at, entry));
    }
    script.add(new Operation(Kind.LOAD_CR3, root, 0));
    for (int step = 0; step < STEPS; step++) {
      int what = random.nextInt(10);
      if (what < 3) {
        long at = table(random) + random.nextInt(3) * 8L;
        long entry = ShadowMmuProperties.entry(PagingMode.FOUR_LEVEL, random);
        script.add(new Operation(Kind.STORE, WINDOW + at, entry & ~ShadowEntry.GLOBAL));
        script.add(new Operation(Kind.LOAD_CR3, root, 0));
      } else if (what == 3) {
        root = table(random);
        script.add(new Operation(Kind.LOAD_CR3, root, 0));
      } else if (what == 4) {
        script.add(new Operation(Kind.INVLPG, linear(random), 0));
      } else {
        int access = List.of(Access.READ, Access.WRITE, Access.FETCH).get(random.nextInt(3));
        int user = random.nextBoolean() ? Access.USER : 0;
        script.add(new Operation(Kind.PROBE, linear(random), access | user));
      }
    }
    return script;
  }

  private static long linear(Random random) {
    long linear = random.nextInt(4096);
    for (int level = 1; level <= 4; level++) {
      linear |= (long) random.nextInt(3) << PagingMode.FOUR_LEVEL.shift(level);
    }
    return linear;
  }

  private static long table(Random random) {
    return FIRST_TABLE + random.nextInt(TABLES) * 0x1000L;
  }

  private static List<String> run(List<Operation> script, VmOptions options) {
    CpuProfile cpu = CpuProfile.named("skylake-sp");
    PhysicalMemory memory = new PhysicalMemory(cpu.cpuid().maxPhyAddr());
    Processor processor = new Processor(cpu, memory);
    Vcpu vcpu = new Vcpu(Vm.of(memory, 1L << 30), processor, options);
    boot(vcpu.initialState());
    ScriptedGuest guest = new ScriptedGuest(script);
    processor.setGuest(guest);
    vcpu.run(Long.MAX_VALUE / 2);
    return guest.log;
  }

  private static void boot(InitialState state) {
    for (int i = 0; i < 136; i++) {
      state.memory(DIRECTORY + i * 8L, (long) i << 21 | 0xe3);
    }
    state.memory(DIRECTORY + 0x1000, DIRECTORY | 0x23);
    for (int i = 0; i < TABLES; i++) {
      state.memory(FIRST_TABLE + i * 0x1000L + 256 * 8, DIRECTORY + 0x1000 | 0x23);
    }
    state.controlRegister(0, TracedGuest.CR0);
    state.controlRegister(3, FIRST_TABLE);
    state.controlRegister(4, TracedGuest.CR4);
    state.msr(Msr.IA32_EFER.address(), CpuState.EFER_LME | CpuState.EFER_NXE);
  }
}
