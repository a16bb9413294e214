package io.vmxsim.cpu.decode;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One way to encode a mnemonic in one mode: a row of the opcode map with what its prefixes add.
 *
 * @param row the row
 * @param mode of the code
 * @param opcode the last opcode byte, a condition added
 * @param w REX.W or VEX.W
 * @param operandSizePrefix 66H, mandatory or not
 * @param addressSizePrefix 67H because the mnemonic says so
 * @param l VEX.L; -1 without VEX
 * @param sizes an instruction of this encoding, for its sizes
 */
record Encoding(
    OpcodeRow row,
    CodeMode mode,
    int opcode,
    boolean w,
    boolean operandSizePrefix,
    boolean addressSizePrefix,
    int l,
    Instruction sizes) {

  private static final Map<CodeMode, Map<String, List<Encoding>>> ALL =
      new EnumMap<>(CodeMode.class);

  /** Every encoding of a mnemonic, in the order of the maps; empty if there is none. */
  static synchronized List<Encoding> of(String mnemonic, CodeMode mode) {
    return ALL.computeIfAbsent(mode, Encoding::all).getOrDefault(mnemonic, List.of());
  }

  private static Map<String, List<Encoding>> all(CodeMode mode) {
    Map<String, List<Encoding>> encodings = new HashMap<>();
    for (OpcodeRow row : OpcodeTable.ROWS) {
      if (!row.isIn(mode == CodeMode.BITS64)) {
        continue;
      }
      boolean conditional = row.opcodes == 16;
      for (int opcode = row.opcode; opcode < row.opcode + (conditional ? 16 : 1); opcode++) {
        for (int prefixes = 0; prefixes < 8; prefixes++) {
          for (int l = -1; l < 2; l++) {
            Encoding encoding = of(row, mode, opcode, prefixes, l);
            if (encoding.exists()) {
              encodings
                  .computeIfAbsent(encoding.mnemonic(), any -> new ArrayList<>())
                  .add(encoding);
            }
          }
        }
      }
    }
    return encodings;
  }

  private static Encoding of(OpcodeRow row, CodeMode mode, int opcode, int prefixes, int l) {
    boolean w = (prefixes & 1) != 0;
    boolean operandSizePrefix = (prefixes & 2) != 0;
    boolean addressSizePrefix = (prefixes & 4) != 0;
    Instruction in = new Instruction();
    in.mode = mode;
    in.op = row.op;
    in.row = row;
    in.opcode = opcode;
    in.vex = l >= 0;
    in.size(row, w, operandSizePrefix && l < 0, Math.max(l, 0));
    int address = mode.addressSize();
    in.addressSize = !addressSizePrefix ? address : address == 4 ? 2 : 4;
    return new Encoding(row, mode, opcode, w, operandSizePrefix, addressSizePrefix, l, in);
  }

  private boolean exists() {
    boolean mandatory = OpcodeRow.PREFIXES.indexOf("66") == row.prefix;
    boolean forbidden = row.prefix == 0 || l >= 0;
    boolean prefix = mandatory ? operandSizePrefix : !(operandSizePrefix && forbidden);
    boolean wide = !w || l >= 0 || mode == CodeMode.BITS64;
    boolean encoded = l < 0 ? row.isLegacyOn(any -> true) : row.isVexOn(any -> true, l);
    return prefix
        && wide
        && encoded
        && row.takesW(w ? 1 : 0)
        && (!addressSizePrefix || row.op == Op.JCXZ);
  }

  private String mnemonic() {
    return Mnemonic.of(sizes, row);
  }

  /** Bytes of an operand of this encoding. */
  int bytes(Operand operand) {
    return operand.width().bytes(sizes.v, sizes.y, sizes.x);
  }

  /** Whether a source line writes the operand at all. */
  boolean shows(Operand operand) {
    return switch (operand.source()) {
      case FLAGS, SOURCE_STRING, DESTINATION_STRING -> false;
      case FIXED -> row.op.group() != Op.Group.STRING;
      case VVVV_VECTOR -> l >= 0;
      default -> true;
    };
  }
}
