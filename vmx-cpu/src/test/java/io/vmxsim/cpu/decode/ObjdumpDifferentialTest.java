package io.vmxsim.cpu.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The decoder reads random instruction bytes as binutils does. */
class ObjdumpDifferentialTest {
  private static final int CASES = Integer.getInteger("vmxsim.decode.cases", 5_000);

  private static final byte[] PREFIXES = {
    0x66, 0x67, (byte) 0xF0, (byte) 0xF2, (byte) 0xF3, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65
  };

  /** Spellings of binutils, to ours where both can be told apart, else both to a third. */
  private static final String[][] SPELLINGS = {
    {"\\b[c-g]s:\\[|\\b[es]s:\\[", "["},
    {"\\b[c-g]s:(0x[0-9a-f]+)|\\b[es]s:(0x[0-9a-f]+)", "[$1$2]"},
    {"\\[[er]iz\\*[1248]-0x([0-9a-f]+)", "[riz-0x$1"},
    {"\\[[er]iz\\*[1248]\\+?", "["},
    {"\\*1\\b|\\+e?r?iz\\*[1248]|\\+0x0\\b", ""},
    {"^(v?cmp)\\w+([ps][sd] [\\w,]+|[ps][sd] .*\\])$", "$1$2"},
    {"^(v?cmp[ps][sd] .*),0x\\w+$", "$1"},
    {"^(v?pclmul)\\w+(?:h|l)qdq (.*)$", "$1qdq $2"},
    {"^(v?pclmulqdq .*),0x\\w+$", "$1"},
    {"\\[0xffffffff(\\w{8})\\]", "[0x$1]"},
    {"^movabs", "mov"},
    {"^(mov \\w+,)\\w+ ptr ", "$1"},
    {"^xchg (e?)ax,\\1ax$|^xchg rax,rax$", "nop"},
    {"^(mov .*)\\b\\w+ ptr (\\[0x|\\[riz|\\[$)", "$1$2"},
    {
      "^(push|pop|call|ret|retf|jmp|leave|enter|[ls][ig]dt|loop|loopn?e|sysret|sysexit)[wd] ", "$1 "
    },
    {"^(push|pop|ret|retf|leave|sysret|sysexit|wruss|wrss|incssp|rdssp)[wdq]( |$)", "$1$2"},
    {"^(wruss|wrss|incssp|rdssp)[wdq] ", "$1 "},
    {"^(call|jmp) far ", "$1 "},
    {"^(fx|x)(save|rstor)(\\w*) (\\w+ ptr )?", "$1$2$3 "},
    {"^(bound|wruss|wrss|invept|invvpid|invpcid) (.*)\\b\\w+ ptr ", "$1 $2"},
    {"^(wruss|wrss|lddqu|vlddqu|l[sfgde]s) (.*)\\b\\w+ ptr ", "$1 $2"},
    {"^(fldenv|fnstenv|frstor|fnsave)[wd]? ", "$1 "},
    {"^vmovs([sd]) ymm", "vmovs$1 xmm"},
    {"^(l[as][rl] \\w+),\\w+$", "$1"},
    {"^(v?movmskp[sd]|v?pmovmskb|v?pextrw|mov [c-g]s,|mov [es]s,) ?[re]?[a-d]?\\w{1,3}", "$1"},
    {"^(movs|cmps|stos|lods|scas|ins|outs)([bwdq])$", "$1"},
    {"^(movs|cmps|stos|lods|scas|ins|outs) .*(byte|word|dword|qword) ptr.*", "$1"},
    {"^([lms]fence) .*", "$1"},
    {"^xlat.*", "xlat"},
    {"^movq2dq xmm(\\d),.*", "movq2dq xmm$1"},
    {"^(umonitor|umwait|tpause) .*", "$1"},
    {"oword ptr", "xmmword ptr"},
    {"^(pushf|popf|iret|pusha|popa)[dqw]?$", "$1"},
  };

  private static final Set<Op> WITHOUT_PREFIXES = Set.of(Op.WBINVD, Op.INVD);

  /** Later than binutils of 2023. */
  private static final Set<Op> LATER = Set.of(Op.LKGS, Op.ERETS, Op.ERETU);

  private static final Pattern DISPLACEMENT = Pattern.compile("([er]ip|riz)([+-])0x([0-9a-f]+)");

  /** Of those bytes, what objdump calls an instruction and the SDM does not, or the reverse. */
  private static final Set<String> RESERVED_NOPS =
      Set.of("prefetch", "prefetchwt1", "prefetchit0", "prefetchit1", "cldemote");

  @ParameterizedTest
  @EnumSource
  void readsWhatBinutilsReads(CodeMode mode) throws IOException {
    assumeTrue(
        Objdump.isPresent(), "objdump of binutils is not installed: nothing to compare with");
    byte[] image = candidates(new Random(mode.addressSize()));
    List<Objdump.Reading> theirs = Objdump.read(image, mode);
    Decoder decoder = Decoder.ofEverything();
    Instruction instruction = new Instruction();
    List<String> differences = new ArrayList<>();
    int same = 0;
    for (int at = 0; at < image.length; at += Objdump.SLOT) {
      decoder.decode(image, at, at + Decoder.LONGEST, mode, instruction);
      Objdump.Reading reading = theirs.get(at / Objdump.SLOT);
      String difference = difference(instruction, at, reading);
      if (difference != null) {
        differences.add(
            HexFormat.of().formatHex(image, at, at + Decoder.LONGEST) + ": " + difference);
      } else if (instruction.op.isInstruction()) {
        same++;
      }
    }
    assertEquals("", String.join("\n", differences.subList(0, Math.min(20, differences.size()))));
    assertTrue(same > CASES / 3, "only " + same + " instructions to compare");
  }

  private static byte[] candidates(Random random) {
    byte[] image = new byte[CASES * Objdump.SLOT];
    Arrays.fill(image, (byte) 0x90);
    for (int at = 0; at < image.length; at += Objdump.SLOT) {
      System.arraycopy(candidate(random), 0, image, at, Decoder.LONGEST);
    }
    return image;
  }

  /** Fifteen bytes that look like an instruction: prefixes, an opcode of any map, anything. */
  private static byte[] candidate(Random random) {
    byte[] bytes = new byte[Decoder.LONGEST];
    random.nextBytes(bytes);
    int at = 0;
    while (at < 4 && random.nextInt(3) == 0) {
      bytes[at++] = PREFIXES[random.nextInt(PREFIXES.length)];
    }
    if (random.nextInt(4) == 0) {
      bytes[at++] = (byte) (0x40 | random.nextInt(16));
    }
    int map = random.nextInt(9);
    if (map >= 3 && map < 7) {
      bytes[at++] = 0x0F;
      if (map > 4) {
        bytes[at++] = (byte) (map == 5 ? 0x38 : 0x3A);
      }
    } else if (map == 7) {
      bytes[at] = (byte) 0xC5;
    } else if (map == 8) {
      bytes[at++] = (byte) 0xC4;
      bytes[at] = (byte) ((bytes[at] & 0xE0) | (1 + random.nextInt(3)));
    }
    return bytes;
  }

  private static @Nullable String difference(Instruction in, long rip, Objdump.Reading reading) {
    String theirs = reading.text() == null ? null : canonical(reading.text());
    String ours = in.op.isInstruction() ? canonical(Disassembler.text(in, rip)) : null;
    if (isExpected(in, ours, theirs)
        || (ours == null ? theirs == null : ours.equals(theirs) && in.length == reading.length())) {
      return null;
    }
    return ours + " (" + in.length + ") but objdump: " + theirs + " (" + reading.length() + ")";
  }

  /** Where the SDM and binutils disagree, or do not speak of the same. */
  private static boolean isExpected(
      Instruction in, @Nullable String ours, @Nullable String theirs) {
    if (theirs == null) {
      // Binutils wants no 66 or F2 with some, only rm 0 in fences, EVEX for BOUND with mod 3.
      return in.op.group() == Op.Group.HINT
          || WITHOUT_PREFIXES.contains(in.op)
          || LATER.contains(in.op)
          || in.op == Op.FWAIT // with a hole behind it, which it swallows
          || in.repne
          || in.rep
          || in.mode != CodeMode.BITS64;
    }
    String mnemonic = theirs.split(" ", 2)[0];
    if (mnemonic.startsWith("rex")
        || RESERVED_NOPS.contains(mnemonic)
        || mnemonic.startsWith("bnd")
        || in.op == Op.FWAIT) {
      return true;
    }
    if (ours != null) {
      boolean far = in.op == Op.CALL_FAR_M || in.op == Op.JMP_FAR_M || in.op == Op.MOVSXD;
      boolean truncated = in.op.group() == Op.Group.BRANCH && in.v == 2;
      return ((far || truncated) && ours.split(" ", 2)[0].equals(mnemonic))
          || (in.op == Op.XCHG_RM_R && mnemonic.equals("pause"));
    }
    // #UD that binutils leaves to the processor: LOCK, prefixes before VEX, CR1, CS as destination.
    boolean control = (in.opcode & 0xF8) == 0x20 || in.opcode == 0x8C || in.opcode == 0x8E;
    boolean mode = mnemonic.startsWith("sys") && in.mode != CodeMode.BITS64;
    return in.lock
        || in.vex
        || in.rep
        || in.repne
        || control
        || mode
        || isRefusedWith66(mnemonic)
        || !MNEMONICS.contains(mnemonic);
  }

  /** “NP” in an opcode of the SDM: #UD with 66H, which binutils lets pass. */
  private static boolean isRefusedWith66(String mnemonic) {
    for (OpcodeRow row : OpcodeTable.ROWS) {
      if (row.prefix == 0 && mnemonic.startsWith(row.op.mnemonic())) {
        return true;
      }
    }
    return false;
  }

  private static final Set<String> MNEMONICS =
      Arrays.stream(Op.values()).map(Op::mnemonic).collect(Collectors.toSet());

  private static String canonical(String text) {
    String result = text.replaceAll("^(lock|rep|repe|repne) ", "").replace(", ", ",");
    for (String[] rewrite : SPELLINGS) {
      result = result.replaceAll(rewrite[0], rewrite[1]);
    }
    return DISPLACEMENT
        .matcher(result)
        .replaceAll(
            found ->
                (found.group(1).equals("riz") ? "0x" : "rip+")
                    + unsigned(found.group(2), found.group(3)))
        .strip();
  }

  private static String unsigned(String sign, String digits) {
    long magnitude = Long.parseUnsignedLong(digits, 16);
    return Long.toHexString((sign.equals("-") ? -magnitude : magnitude) & 0xFFFFFFFFL);
  }
}
