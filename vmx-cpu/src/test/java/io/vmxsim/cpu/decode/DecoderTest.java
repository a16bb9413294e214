package io.vmxsim.cpu.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuidFeature;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class DecoderTest {
  private final Decoder decoder = Decoder.ofEverything();
  private final Instruction in = new Instruction();

  private Op decode(Decoder with, CodeMode mode, String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    return with.decode(bytes, 0, bytes.length, mode, in);
  }

  private Op decode64(String hex) {
    return decode(decoder, CodeMode.BITS64, hex);
  }

  /** SDM volume 2, “Opcode Look-up Examples for One, Two, and Three-Byte Opcodes”. */
  @Test
  void decodesTheLookUpExamplesOfTheManual() {
    assertEquals(Op.ADD_RM_I, decode(decoder, CodeMode.BITS32, "05 00000000"));
    assertEquals(4, in.operandSize);
    assertEquals(Op.ADD_R_RM, decode(decoder, CodeMode.BITS32, "03 05 00000000"));
    assertEquals(0, in.reg);
    assertTrue(in.isMemory);
    assertEquals(Op.SHLD_I, decode(decoder, CodeMode.BITS32, "0F A4 05 00000000 03"));
    assertEquals(3, in.immediate);
    assertEquals(Op.PALIGNR, decode(decoder, CodeMode.BITS32, "66 0F 3A 0F C1 08"));
    assertEquals(16, in.operandSize);
    assertEquals(Op.VMRESUME, decode(decoder, CodeMode.BITS32, "0F 01 C3"));
  }

  /** SDM volume 2, LFENCE, MFENCE and SFENCE: the processor ignores the r/m field. */
  @Test
  void fencesHaveNoOperandWhateverTheirRmField() {
    for (int rm = 0; rm < 8; rm++) {
      String[] codes = {"0F AE E" + (char) (rm < 2 ? '8' + rm : 'A' + rm - 2), "0F AE F" + rm};
      Op[] ops = {Op.LFENCE, Op.MFENCE};
      for (int i = 0; i < codes.length; i++) {
        assertEquals(ops[i], decode64(codes[i]), codes[i]);
        assertEquals(ops[i].name().toLowerCase(Locale.ROOT), Disassembler.text(in, 0));
      }
    }
    assertEquals(Op.SFENCE, decode64("0F AE FF"));
    assertEquals("sfence", Disassembler.text(in, 0));
  }

  @Test
  void operandSizeFollowsModeAndPrefixes() {
    String[] codes = {"01 C0", "66 01 C0", "48 01 C0", "66 48 01 C0", "00 C0"};
    int[] sizes = {4, 2, 8, 8, 1};
    for (int i = 0; i < codes.length; i++) {
      assertEquals(Op.ADD_RM_R, decode64(codes[i]));
      assertEquals(sizes[i], in.operandSize, codes[i]);
    }
    decode(decoder, CodeMode.BITS16, "01 C0");
    assertEquals(2, in.operandSize);
    decode(decoder, CodeMode.BITS16, "66 01 C0");
    assertEquals(4, in.operandSize);
  }

  /** SDM volume 1, “Default 64-Bit Operand Size”; Intel ignores 66H before a near branch. */
  @Test
  void stackAndNearBranchesAre64BitsIn64BitMode() {
    assertEquals(Op.PUSH_RM, decode64("50"));
    assertEquals(8, in.operandSize);
    decode64("66 50");
    assertEquals(2, in.operandSize);
    assertEquals(Op.CALL_J, decode64("66 E8 FCFFFFFF"));
    assertEquals(8, in.operandSize);
    assertEquals(-4, in.immediate);
    assertEquals(6, in.length);
  }

  @Test
  void rexCountsOnlyRightBeforeTheOpcode() {
    decode64("48 66 01 C0");
    assertEquals(2, in.operandSize);
    assertFalse(in.rex);
  }

  @Test
  void byteRegistersFourToSevenAreHighUnlessThereIsRex() {
    decode64("88 E0");
    assertEquals(Instruction.HIGH_BYTE | 4, in.reg);
    decode64("40 88 E0");
    assertEquals(4, in.reg);
    decode64("0F B6 C4");
    assertEquals(Instruction.HIGH_BYTE | 4, in.rm);
    assertEquals(0, in.reg);
  }

  @Test
  void addressesOfSixteenBitsUseTheTableOfPairs() {
    decode(decoder, CodeMode.BITS16, "8B 42 F0");
    assertEquals(5, in.base);
    assertEquals(6, in.index);
    assertEquals(-16, in.displacement);
    assertEquals(Instruction.SS, in.segment);
    decode(decoder, CodeMode.BITS16, "8B 06 34 12");
    assertEquals(Instruction.NO_REGISTER, in.base);
    assertEquals(0x1234, in.displacement);
    assertEquals(Instruction.DS, in.segment);
  }

  @Test
  void ripRelativeAddressesStartAtTheNextInstruction() {
    assertEquals(Op.MOV_R_RM, decode64("48 8B 05 10000000"));
    assertEquals(Instruction.RIP, in.base);
    in.resolveRip(0x1000 + in.length);
    assertEquals(Instruction.NO_REGISTER, in.base);
    assertEquals(0x1017, in.displacement);
  }

  @Test
  void onlySegmentOverridesThatCountAreSeenIn64BitMode() {
    decode64("2E 8B 00");
    assertEquals(Instruction.DS, in.segment);
    decode64("64 8B 00");
    assertEquals(Instruction.FS, in.segment);
    decode(decoder, CodeMode.BITS32, "2E 8B 00");
    assertEquals(Instruction.CS, in.segment);
  }

  /** SDM volume 2, “LOCK”: with another instruction or a register destination, #UD. */
  @Test
  void lockIsUndefinedWhereItIsNotAllowed() {
    assertEquals(Op.ADD_RM_R, decode64("F0 01 00"));
    assertEquals(Op.UNDEFINED, decode64("F0 01 C0"));
    assertEquals(Op.UNDEFINED, decode64("F0 03 00"));
    assertEquals(Op.UNDEFINED, decode64("F0 39 00"));
    assertEquals(Op.CMPXCHG16B, decode64("F0 48 0F C7 0F"));
    assertEquals(Op.BTS_RM_I, decode64("F0 0F BA 28 05"));
    assertEquals(Op.UNDEFINED, decode64("F0 0F BA 20 05"));
  }

  @Test
  void opcodesThatTheMapLeavesEmptyInAModeAreUndefinedThere() {
    for (String hex :
        new String[] {"06", "27", "60", "9A 00000000 0000", "C4 00 00 00", "D4 0A", "82 C0 00"}) {
      assertEquals(Op.UNDEFINED, decode64(hex), hex);
    }
    assertEquals(Op.PUSH_S, decode(decoder, CodeMode.BITS32, "06"));
    assertEquals(Op.UNDEFINED, decode(decoder, CodeMode.BITS32, "0F 05"));
    assertEquals(Op.SYSCALL, decode64("0F 05"));
    assertEquals(Op.INC, decode(decoder, CodeMode.BITS32, "40"));
    assertEquals(Op.ARPL, decode(decoder, CodeMode.BITS32, "63 C0"));
    assertEquals(Op.MOVSXD, decode64("48 63 C0"));
  }

  @Test
  void controlRegistersThatDoNotExistAreUndefined() {
    assertEquals(Op.MOV_R_CR, decode64("44 0F 20 C0"));
    assertEquals(8, in.reg);
    assertEquals(Op.UNDEFINED, decode64("0F 20 C8"));
    assertEquals(Op.UNDEFINED, decode64("8E C8"));
    assertEquals(Op.MOV_CR_R, decode64("0F 22 18"), "the mod field is ignored");
    assertFalse(in.isMemory);
  }

  @Test
  void aFeatureThatCpuidLacksLeavesWhatWasThereBefore() {
    Decoder without = new Decoder(feature -> feature != CpuidFeature.BMI1);
    assertEquals(Op.TZCNT, decode64("F3 0F BC C1"));
    assertEquals(Op.BSF, decode(without, CodeMode.BITS64, "F3 0F BC C1"));
    assertTrue(in.rep);
    Decoder noVmx = new Decoder(feature -> feature != CpuidFeature.VMX);
    assertEquals(Op.VMCALL, decode64("0F 01 C1"));
    assertEquals(Op.UNDEFINED, decode(noVmx, CodeMode.BITS64, "0F 01 C1"));
    Decoder noCet = new Decoder(feature -> feature != CpuidFeature.CET_IBT);
    assertEquals(Op.NOP_RM, decode(noCet, CodeMode.BITS64, "F3 0F 1E FA"));
  }

  @Test
  void vexFormsAreTheirSseOperationWithASourceOfTheirOwn() {
    assertEquals(Op.PADDB, decode64("66 0F FC CA"));
    assertEquals(1, in.reg);
    assertEquals(1, in.vvvv);
    assertFalse(in.vex);
    assertEquals(Op.PADDB, decode64("C5 ED FC CB"));
    assertEquals(2, in.vvvv);
    assertEquals(32, in.operandSize);
    assertTrue(in.vex);
    assertEquals(Op.UNDEFINED, decode64("66 C5 ED FC CB"));
    assertEquals(Op.UNDEFINED, decode64("C5 E9 6F C1"), "VEX.vvvv must be 1111B");
    assertEquals(Op.LDS, decode(decoder, CodeMode.BITS32, "C5 00"));
  }

  /** SDM volume 3, “General Protection Exception”: an instruction longer than 15 bytes. */
  @Test
  void fifteenBytesAreTheLimit() {
    assertEquals(Op.NOP, decode64("66".repeat(14) + "90"));
    assertEquals(Decoder.LONGEST, in.length);
    assertEquals(Op.TOO_LONG, decode64("66".repeat(15) + "90"));
    assertEquals(Op.TOO_LONG, decode64("66".repeat(12) + "81 00 11223344"));
  }

  @Test
  void bytesThatEndTooEarlyAskForMore() {
    String whole = "48 81 84 8B 11223344 55667788".replace(" ", "");
    for (int bytes = 1; bytes < whole.length() / 2; bytes++) {
      assertEquals(Op.INCOMPLETE, decode64(whole.substring(0, bytes * 2)), bytes + " bytes");
      assertEquals(bytes, in.length);
    }
    assertEquals(Op.ADD_RM_I, decode64(whole));
    assertEquals(whole.length() / 2, in.length);
    assertEquals(Op.INCOMPLETE, decode64("66".repeat(14)));
    assertEquals(Op.UNDEFINED, decode64("0F 04"), "known before the bytes end");
  }
}
