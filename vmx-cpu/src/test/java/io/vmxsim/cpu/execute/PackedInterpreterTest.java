package io.vmxsim.cpu.execute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.VmxOutcome;
import io.vmxsim.cpu.decode.Assembler;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.cpu.decode.Instruction;
import io.vmxsim.cpu.decode.Op;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.VmcsField;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Packed instructions do, cost and count what the same instructions do unpacked. */
class PackedInterpreterTest {
  private static final long PML4 = 0x1000;
  private static final long CODE = 0x10_0000;
  private static final long DATA = 0x20_0000;
  private static final long VMXON_REGION = 0x8000;
  private static final long VMCS_REGION = 0x9000;
  private static final int PAGES = 4;
  private static final int INSTRUCTIONS = 60;

  /**
   * R a register of 8 bytes, E of 4, B of 1; M memory, N a number, J a label ahead, V the encoding
   * of a VMCS field.
   */
  private static final List<String> TEMPLATES =
      List.of(
          "OP R, R",
          "OP E, E",
          "OP R, N",
          "OP E, N",
          "XOP R, M",
          "XOP E, M",
          "OP M, R",
          "OP M, E",
          "OP qword ptr M, N",
          "OP dword ptr M, N",
          "OP B, B",
          "OP byte ptr M, N",
          "OP M, B",
          "OP M, W",
          "OP W, W",
          "mov R, R",
          "mov E, E",
          "mov R, N",
          "mov E, N",
          "mov R, M",
          "mov E, M",
          "mov M, R",
          "mov M, E",
          "mov M, B",
          "mov M, W",
          "mov B, M",
          "mov dword ptr M, N",
          "mov qword ptr M, N",
          "movzx E, byte ptr M",
          "movzx R, word ptr M",
          "movzx E, B",
          "movzx E, W",
          "movzx E, word ptr M",
          "movsxd R, E",
          "lea R, M",
          "lea E, M",
          "inc R",
          "dec E",
          "inc dword ptr M",
          "neg R",
          "not E",
          "not R",
          "not dword ptr M",
          "xchg M, R",
          "xchg M, E",
          "vmread R, rdi",
          "vmwrite rdi, R",
          "mov edi, V",
          "mov edi, V",
          "shl R, S",
          "shr E, S",
          "sar R, S",
          "rol E, S",
          "imul R, R",
          "imul E, E",
          "imul E, M",
          "bt R, R",
          "bt E, E",
          "bt R, S",
          "setb B",
          "setle B",
          "cmovs R, R",
          "cmovbe E, E",
          "push R",
          "pop R",
          "push N",
          "nop",
          "jo J",
          "jno J",
          "jb J",
          "jae J",
          "je J",
          "jne J",
          "jbe J",
          "ja J",
          "js J",
          "jns J",
          "jp J",
          "jnp J",
          "jl J",
          "jge J",
          "jle J",
          "jg J",
          "jmp J",
          "call J",
          "ret",
          "jmp R",
          "call R",
          "cpuid",
          "mov rsi, 0x200ff0",
          "mov rsi, 0x203ffc",
          "mov rsi, 0x201800");

  private static final List<String> OPERATIONS =
      List.of("add", "or", "and", "sub", "xor", "cmp", "test", "adc");
  private static final List<String> ONTO_REGISTER =
      List.of("add", "or", "and", "sub", "xor", "cmp", "adc");
  private static final List<String> REGISTERS = List.of("ax", "cx", "dx", "bx", "bp", "di");

  private static final List<VmcsField> FIELDS =
      List.of(
          VmcsField.GUEST_ES_SELECTOR,
          VmcsField.GUEST_RIP,
          VmcsField.EXIT_REASON,
          VmcsField.TSC_OFFSET,
          VmcsField.EXCEPTION_BITMAP,
          VmcsField.GUEST_IA32_FRED_RSP1); // not on this processor

  private static <T> T pick(Random random, List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private static String source(Random random) {
    StringBuilder source = new StringBuilder("bits 64\n");
    for (int i = 0; i < INSTRUCTIONS; i++) {
      String line =
          pick(random, TEMPLATES)
              .replace("XOP", pick(random, ONTO_REGISTER))
              .replace("OP", pick(random, OPERATIONS));
      source.append('l').append(i).append(": ");
      for (int at = 0; at < line.length(); at++) {
        char c = line.charAt(at);
        source.append(
            switch (c) {
              case 'R' -> "r" + pick(random, REGISTERS);
              case 'E' -> "e" + pick(random, REGISTERS);
              case 'B' -> pick(random, List.of("al", "cl", "dh", "bl", "ah"));
              case 'W' -> pick(random, REGISTERS);
              case 'M' -> address(random);
              case 'N' -> Integer.toString(random.nextInt(200) - 100);
              case 'V' -> "0x" + Integer.toHexString(pick(random, FIELDS).encoding());
              case 'S' -> Integer.toString(random.nextInt(64));
              case 'J' -> "l" + (i + 1 + random.nextInt(INSTRUCTIONS - i));
              default -> String.valueOf(c);
            });
      }
      source.append('\n');
    }
    return source + "l" + INSTRUCTIONS + ": hlt\n";
  }

  private static String address(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> "[rel l0 + 0x100000]";
      case 1 -> "[rsp + " + 8 * random.nextInt(8) + "]";
      case 2 -> "[rsi + rax*4 + 16]";
      case 3 -> "[rel l0 + 0x200]"; // in a page of code
      default -> "[rsi + " + random.nextInt(0x1000) + "]";
    };
  }

  /** With pages of 4 KBytes, of which those of data are not neighbours in memory. */
  private static final class Machine {
    private final PhysicalMemory memory;
    private final Processor processor;

    Machine(boolean packs, byte[] code, Random random) {
      CpuProfile profile = CpuProfile.named("skylake-sp");
      memory = new PhysicalMemory(profile.cpuid().maxPhyAddr());
      processor = new Processor(profile, memory);
      memory.write64(PML4, 0x2000 | 3);
      memory.write64(0x2000, 0x3000 | 3);
      memory.write64(0x3000, 0x4000 | 3);
      memory.write64(0x3008, 0x5000 | 3);
      for (int i = 0; i < PAGES; i++) {
        memory.write64(0x4000 + 8L * (CODE >>> 12) + 8L * i, CODE + 0x1000L * i | 3);
        memory.write64(0x5000 + 8L * i, DATA + 0x2000L * i | 3);
      }
      memory.writeBytes(CODE, code, 0, code.length);
      CpuState state = processor.state();
      state.startIn64BitMode(PML4);
      state.rip = CODE;
      for (int i = 0; i < 16; i++) {
        state.setRegister(i, random.nextBoolean() ? random.nextLong() : random.nextInt(64));
      }
      state.setRegister(CpuState.RSI, DATA + random.nextInt(PAGES << 12));
      state.setRegister(CpuState.RSP, DATA + (PAGES << 12) - 8L * random.nextInt(600));
      Decoder decoder = new Decoder(profile.cpuid()::has);
      CodeCache cache = new CodeCache(memory, decoder, processor.costs(), packs);
      processor.setGuest(new Executor(processor, cache));
      if (random.nextBoolean()) {
        enterRootOperation();
      }
    }

    private void enterRootOperation() {
      int revision = processor.profile().vmxCapabilities().revisionId();
      memory.write32(VMXON_REGION, revision);
      memory.write32(VMCS_REGION, revision);
      assertEquals(VmxOutcome.SUCCEED, processor.vmx().vmxon(VMXON_REGION));
      assertEquals(VmxOutcome.SUCCEED, processor.vmx().vmptrld(VMCS_REGION));
    }

    private String everything() {
      CpuState state = processor.state();
      return String.join(
          "\n",
          processor.toString(),
          Arrays.toString(Arrays.copyOf(state.registers, 16)),
          Long.toHexString(state.rflags()),
          Long.toHexString(state.cr2),
          Integer.toString(state.activity),
          processor.mmu().statistics().toString().replace("], ", "],\n"));
    }

    private byte[] bytes() {
      byte[] bytes = new byte[0x10_0000 + 0x8000 + 0x1000];
      memory.readBytes(CODE, bytes, 0, bytes.length);
      return bytes;
    }
  }

  /** Programs that fault end in a triple fault: there is no IDT. */
  @Property(tries = 1500)
  void packedAndPlainInstructionsDoTheSame(@ForAll long seed) {
    Random random = new Random(seed);
    byte[] code = new Assembler(CodeMode.BITS64, CODE).add(source(random)).bytes();
    long start = random.nextLong();
    Machine packed = new Machine(true, code, new Random(start));
    Machine plain = new Machine(false, code, new Random(start));
    for (int part = 0; part < 4; part++) {
      int budget = 1 + random.nextInt(40);
      assertEquals(plain.processor.run(budget), packed.processor.run(budget));
      assertEquals(plain.everything().lines().toList(), packed.everything().lines().toList());
    }
    assertArrayEquals(plain.bytes(), packed.bytes());
  }

  @Test
  void theTemplatesReachEveryForm() {
    Set<Form> missing = EnumSet.allOf(Form.class);
    Set<String> inMemory = new HashSet<>();
    Random random = new Random(1);
    Decoder decoder = Decoder.ofEverything();
    for (int program = 0; program < 200; program++) {
      byte[] code = new Assembler(CodeMode.BITS64, CODE).add(source(random)).bytes();
      for (int at = 0; at < code.length; ) {
        Instruction in = new Instruction();
        assertTrue(decoder.decode(code, at, code.length, CodeMode.BITS64, in) != Op.INCOMPLETE);
        at += in.length;
        Packed packed = Packed.pack(in, 0, at, 1);
        missing.remove(packed.form);
        if (in.isMemory) {
          inMemory.add(packed.form + " " + packed.operation());
        }
      }
    }
    assertEquals(Set.of(Form.END), missing);
    for (int operation = AluOperations.ADD; operation <= AluOperations.TEST; operation++) {
      boolean compares = operation >= AluOperations.CMP;
      Form onMemory = compares ? Form.COMPARE_MR : Form.ALU_MR;
      assertTrue(inMemory.contains(onMemory + " " + operation), "memory, " + operation);
      boolean ontoRegister = inMemory.contains(Form.ALU_RM + " " + operation);
      assertEquals(operation != AluOperations.TEST, ontoRegister, "onto " + operation);
    }
  }
}
