package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.VmxInstructions;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.ept.PageSize;
import io.vmxsim.vmcs.NotModelledException;
import io.vmxsim.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Random code as a guest of the VMM, whose VMCS is changed at random between two turns, as a faulty
 * hypervisor would change it. Whatever comes of it, it is an end of the machine or a stop by name;
 * the processor's state keeps to what the SDM says of every state; and memory is only where RAM or
 * the VMM's tables are. As a program, {@code GuestFuzzer STEPS [FIRST-SEED]}: docs/testing.md.
 */
final class GuestFuzzer {
  private static final long RAM = 4 << 20;
  private static final long TABLES = 0x8000;
  private static final long CODE = 0x10_0000;
  private static final long HOST = 3L << 30;
  private static final long FOUR_GIB = 1L << 32;
  private static final int TURN = 400;
  private static final int TURNS = 8;
  private static final String[] CPUS = {"max", "skylake-sp", "core2duo", "haswell"};

  private static final List<VmcsField> GUEST_STATE = guestState();

  private final Random random;
  private final Machine machine;
  private final boolean changesVmcs;

  /** Cases from this seed on have a GDT, so that exceptions lead back into the code. */
  private static final long WITH_GDT = 10_000;

  /** From this one on strings are short and most exceptions return, so that code gets far. */
  private static final long GETTING_FAR = 2_000_000;

  /** Two handlers that go on one byte behind what faulted, with an error code and without. */
  private static final long HANDLERS = 0x6000;

  private static final String NO_ERROR_CODE = "488304240148cf"; // add qword [rsp], 1; iretq
  private static final String ERROR_CODE = "48834424080148 83c40848cf"; // and drop the code
  private static final int VECTORS_WITH_ERROR_CODE = 0x2_7d00; // #DF, #TS to #PF, #AC

  private GuestFuzzer(long seed) {
    random = new Random(seed);
    String cpu = CPUS[random.nextInt(CPUS.length)];
    boolean shadow = random.nextBoolean() || cpu.equals("core2duo");
    VmOptions options =
        shadow
            ? VmOptions.shadow(
                random.nextInt(2) == 0 ? ShadowPolicy.DROP : ShadowPolicy.UPDATE, PageSize.SIZE_4K)
            : VmOptions.ept(random.nextBoolean() ? PageSize.SIZE_4K : PageSize.SIZE_2M);
    changesVmcs = random.nextInt(3) > 0;
    machine = new Machine(CpuProfile.named(cpu), RAM, 1, character -> {}, new Hypervisor(options));
    byte[] code = RandomCode.of(random, 0x8000);
    machine.memory().writeBytes(CODE, code, 0, code.length);
    machine.memory().write64(TABLES, TABLES + 0x1007);
    machine.memory().write64(TABLES + 0x1000, TABLES + 0x2007);
    for (int i = 0; i < 4; i++) {
      machine.memory().write64(TABLES + 0x2000 + 8L * i, (long) i << 21 | 0x87);
    }
    CpuState state = machine.processor(0).state();
    state.startIn64BitMode(TABLES);
    state.setCr4(state.cr4() & ~CpuState.CR4_VMXE);
    state.loadSegment(Segment.TR, 0x18, 0x5000, 0x67, Segment.BUSY_TSS);
    if (seed >= WITH_GDT) {
      machine.memory().write64(0x2008, 0x00af_9b00_0000_ffffL);
      machine.memory().write64(0x2010, 0x00cf_9300_0000_ffffL);
      state.gdtrBase = 0x2000;
      state.gdtrLimit = 0x1f;
    }
    state.idtrBase = 0x3000;
    state.idtrLimit = random.nextBoolean() ? 0xfff : 0;
    for (int vector = 0; vector < 256; vector++) {
      machine
          .memory()
          .write64(0x3000 + 16L * vector, 0x0010_8e00_0008_0000L | random.nextInt(0x8000));
    }
    for (int register = 0; register < 16; register++) {
      state.setRegister(
          register, random.nextBoolean() ? random.nextLong() : random.nextInt((int) RAM));
    }
    if (seed >= GETTING_FAR) {
      state.setRegister(CpuState.RCX, random.nextInt(100));
    }
    state.setRegister(CpuState.RSP, 0x20_0000);
    state.rip = CODE;
    if (seed >= GETTING_FAR) {
      returnFromExceptions();
    }
  }

  /** Leads three exceptions in four to a handler that returns. */
  private void returnFromExceptions() {
    machine.processor(0).state().idtrLimit = 0xfff;
    byte[] withoutCode = HexFormat.of().parseHex(NO_ERROR_CODE);
    byte[] withCode = HexFormat.of().parseHex(ERROR_CODE.replace(" ", ""));
    machine.memory().writeBytes(HANDLERS, withoutCode, 0, withoutCode.length);
    machine.memory().writeBytes(HANDLERS + 0x10, withCode, 0, withCode.length);
    for (int vector = 0; vector < 32; vector++) {
      if (random.nextInt(4) > 0) {
        long handler = HANDLERS + (VECTORS_WITH_ERROR_CODE >>> vector & 1) * 0x10L;
        machine.memory().write64(0x3000 + 16L * vector, 0x0000_8e00_0008_0000L | handler);
      }
    }
  }

  /** What became of one case. */
  record Outcome(String end, long steps) {}

  /** Runs the case of that seed. */
  static Outcome run(long seed) {
    GuestFuzzer fuzzer = new GuestFuzzer(seed);
    return fuzzer.run();
  }

  private Outcome run() {
    String end = "LIMIT";
    try {
      for (int turn = 0; turn < TURNS && end.equals("LIMIT"); turn++) {
        MachineEnd outcome = machine.run((turn + 1L) * TURN);
        end = outcome.cause().name();
        check(machine.processor(0));
        if (changesVmcs && end.equals("LIMIT")) {
          changeVmcs(machine.processor(0));
        }
      }
    } catch (NotModelledException stop) {
      end = "stop by name";
    } catch (IllegalStateException refused) {
      if (!changesVmcs || !String.valueOf(refused.getMessage()).startsWith("VM entry: ")) {
        throw refused;
      }
      end = "VM entry refused"; // the VMM says so of a VMCS that somebody else broke
    }
    checkMemory();
    return new Outcome(end, machine.instructions());
  }

  /** Changes some fields of the guest state, where the VMM is about to enter the guest. */
  private void changeVmcs(Processor processor) {
    VmxInstructions vmx = processor.vmx();
    if (processor.inNonRoot()) {
      return;
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      VmcsField field = GUEST_STATE.get(random.nextInt(GUEST_STATE.size()));
      if (field.existsOn(processor.profile().vmxCapabilities())) {
        require(vmx.vmread(field.encoding()) == VmxOutcome.SUCCEED, "VMREAD", processor);
        long value =
            switch (random.nextInt(3)) {
              case 0 -> vmx.value() ^ 1L << random.nextInt(field.width().bits());
              case 1 -> random.nextInt(0x1_0000);
              default -> random.nextLong();
            };
        vmx.vmwrite(field.encoding(), value & field.width().mask());
      }
    }
  }

  private static List<VmcsField> guestState() {
    List<VmcsField> fields = new ArrayList<>();
    for (VmcsField field : VmcsField.values()) {
      if (field.type() == VmcsField.Type.GUEST_STATE
          || field == VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION
          || field == VmcsField.EXCEPTION_BITMAP
          || field == VmcsField.TSC_OFFSET) {
        fields.add(field);
      }
    }
    return fields;
  }

  /** What holds of every state of a processor. */
  private static void check(Processor processor) {
    CpuState state = processor.state();
    boolean paging = (state.cr0() & CpuState.CR0_PG) != 0;
    require(
        !paging || (state.cr0() & CpuState.CR0_PE) != 0, "paging without protection", processor);
    boolean active = (state.efer() & CpuState.EFER_LMA) != 0;
    boolean enabled = (state.efer() & CpuState.EFER_LME) != 0;
    require(active == (enabled && paging), "EFER.LMA", processor);
    require(!active || (state.cr4() & CpuState.CR4_PAE) != 0, "IA-32e mode without PAE", processor);
    require((state.rflags() & 2) != 0 && (state.rflags() & 0x8028) == 0, "RFLAGS", processor);
    require(state.cr3() >>> processor.profile().cpuid().maxPhyAddr() == 0, "CR3", processor);
  }

  /** Nothing is written but RAM and, from 3 GBytes to 4, what the VMM takes for itself. */
  private void checkMemory() {
    long found = 0;
    for (long page = 0; page < RAM; page += 4096) {
      found += machine.memory().allocatedPage(page) == null ? 0 : 4096;
    }
    for (long page = HOST;
        page < FOUR_GIB && found < machine.memory().allocatedBytes();
        page += 4096) {
      found += machine.memory().allocatedPage(page) == null ? 0 : 4096;
    }
    require(found == machine.memory().allocatedBytes(), "memory outside", machine.processor(0));
  }

  private static void require(boolean holds, String what, Processor processor) {
    if (!holds) {
      throw new AssertionError(what + ": " + processor);
    }
  }

  /** {@code STEPS [FIRST-SEED]}: runs cases until so many instructions are done. */
  public static void main(String[] arguments) {
    long wanted = Long.parseLong(arguments[0]);
    long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : GETTING_FAR;
    Map<String, Integer> ends = new TreeMap<>();
    long steps = 0;
    long cases = 0;
    int crashes = 0;
    for (; steps < wanted && crashes < 20; seed++, cases++) {
      try {
        Outcome outcome = run(seed);
        steps += outcome.steps();
        ends.merge(outcome.end(), 1, Integer::sum);
      } catch (RuntimeException | AssertionError | StackOverflowError crash) {
        crashes++;
        StackTraceElement[] at = crash.getStackTrace();
        System.out.println("seed " + seed + ": " + crash + Arrays.stream(at).limit(3).toList());
      }
      if (cases % 1000 == 999) {
        System.out.println(cases + 1 + " cases, " + steps + " steps");
      }
    }
    System.out.println(cases + " cases, " + steps + " steps, " + crashes + " crashes; " + ends);
  }
}
