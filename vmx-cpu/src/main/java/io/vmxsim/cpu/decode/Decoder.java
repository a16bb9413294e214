package io.vmxsim.cpu.decode;

import static io.vmxsim.cpu.decode.Instruction.HIGH_BYTE;
import static io.vmxsim.cpu.decode.Instruction.NO_REGISTER;
import static io.vmxsim.cpu.decode.Instruction.RIP;

import io.vmxsim.cpu.CpuidFeature;
import io.vmxsim.cpu.decode.Operand.Source;
import io.vmxsim.cpu.decode.Operand.Width;
import io.vmxsim.cpu.snapshot.Rebuilt;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Turns instruction bytes into an {@link Instruction} (SDM volume 2, “Instruction Format” and
 * appendix A).
 *
 * <p>One per processor: it knows the features and keeps its place while it decodes. Nothing is
 * allocated.
 */
@Rebuilt
public final class Decoder {
  /** The most bytes an instruction may have (SDM volume 3, “General Protection Exception”). */
  public static final int LONGEST = 15;

  /** Columns of {@link OpcodeRow#PREFIXES}, which are also the values of VEX.pp. */
  private static final int P66 = 1;

  private static final int PF3 = 2;
  private static final int PF2 = 3;

  /** The bits of REX; those of VEX are turned into the same. */
  private static final int W = 8;

  private static final int R = 4;
  private static final int X = 2;
  private static final int B = 1;

  private static final int NONE = -1;

  private final OpcodeTable table64;
  private final OpcodeTable tableOther;

  private byte[] bytes = {};
  private int position;
  private int end;

  private boolean bits64;
  private boolean operandSizePrefix;
  private boolean addressSizePrefix;
  private int segmentPrefix;
  private int extension;
  private int vexL;
  private int vexVvvv;

  /**
   * For a processor that has {@code features}; a caller with a profile passes {@code cpuid::has}.
   */
  public Decoder(Predicate<CpuidFeature> features) {
    table64 = OpcodeTable.of(true, features);
    tableOther = OpcodeTable.of(false, features);
  }

  /** For a processor that has every feature there is a row for. */
  public static Decoder ofEverything() {
    return new Decoder(feature -> true);
  }

  /**
   * Decodes the instruction at {@code code[offset]}.
   *
   * <p>{@link Op#INCOMPLETE} means that it goes on at {@code limit} or beyond: the caller fetches
   * more and tries again. {@link Op#UNDEFINED} takes as many bytes as it took to know.
   *
   * @param limit where the bytes end
   * @return {@code into.op}
   */
  public Op decode(byte[] code, int offset, int limit, CodeMode mode, Instruction into) {
    bytes = code;
    position = offset;
    end = limit;
    bits64 = mode == CodeMode.BITS64;
    into.mode = mode;
    into.row = null;
    Op op = instruction(into, offset);
    int taken = position - offset;
    int available = limit - offset;
    if (taken > Math.min(available, LONGEST)) {
      op = available < LONGEST ? Op.INCOMPLETE : Op.TOO_LONG;
      taken = Math.min(available, LONGEST);
    }
    into.length = taken;
    into.op = op;
    return op;
  }

  private Op instruction(Instruction in, int start) {
    int first = prefixes(in, start);
    in.vex = (first == 0xC4 || first == 0xC5) && (bits64 || (peek() & 0xC0) == 0xC0);
    int slot = in.vex ? vexSlot(in, first) : legacySlot(in, first);
    OpcodeRow @Nullable [] rows = slot < 0 ? null : (bits64 ? table64 : tableOther).rows(slot);
    if (rows == null) {
      return Op.UNDEFINED;
    }
    in.modRm = rows.length > 1 || rows[0].hasModRm ? next() : NONE;
    OpcodeRow row = OpcodeTable.select(rows, in.modRm);
    if (row == null) {
      return Op.UNDEFINED;
    }
    in.row = row;
    sizes(in, row);
    registers(in, row);
    if (in.modRm >= 0) {
      if (in.modRm >= 0xC0 || row.ignoresMod) {
        in.rm = rmRegister(in, row);
      } else {
        in.isMemory = true;
        memory(in);
      }
    }
    immediates(in, row);
    return isDefined(in, row) ? row.op : Op.UNDEFINED;
  }

  /** Takes the prefixes and gives the first byte of the opcode. */
  private int prefixes(Instruction in, int start) {
    operandSizePrefix = false;
    addressSizePrefix = false;
    segmentPrefix = NONE;
    extension = 0;
    vexL = 0;
    vexVvvv = 0;
    in.lock = false;
    in.rep = false;
    in.repne = false;
    in.rex = false;
    while (position - start <= LONGEST) {
      int prefix = next();
      if (bits64 && (prefix & 0xF0) == 0x40) {
        in.rex = true;
        extension = prefix & 15;
      } else if (legacyPrefix(in, prefix)) {
        // A REX that does not stand right before the opcode is ignored.
        in.rex = false;
        extension = 0;
      } else {
        return prefix;
      }
    }
    return 0;
  }

  private boolean legacyPrefix(Instruction in, int prefix) {
    switch (prefix) {
      case 0x66 -> operandSizePrefix = true;
      case 0x67 -> addressSizePrefix = true;
      case 0xF0 -> in.lock = true;
      case 0xF2, 0xF3 -> {
        in.repne = prefix == 0xF2;
        in.rep = prefix == 0xF3;
      }
      case 0x26, 0x2E, 0x36, 0x3E -> {
        if (!bits64) {
          segmentPrefix = prefix >> 3 & 3;
        }
      }
      case 0x64, 0x65 -> segmentPrefix = prefix & 7;
      default -> {
        return false;
      }
    }
    return true;
  }

  private int legacySlot(Instruction in, int first) {
    int map = 0;
    int opcode = first;
    if (opcode == 0x0F) {
      opcode = next();
      map = opcode == 0x38 ? 2 : opcode == 0x3A ? 3 : 1;
      if (map > 1) {
        opcode = next();
      }
    }
    in.opcode = opcode;
    // Opcode 90 is NOP only while it names register 0; with F3 it is PAUSE, as processors do it.
    boolean exchanges = map == 0 && opcode == 0x90 && (extension & B) != 0 && !in.rep;
    int row = exchanges ? 0x91 : opcode;
    int prefix = in.repne ? PF2 : in.rep ? PF3 : operandSizePrefix ? P66 : 0;
    return OpcodeTable.slot(OpcodeTable.legacyPage(map, extension >> 3), prefix, row);
  }

  /** SDM volume 2, “VEX and the LOCK, 66H, F2H, F3H prefixes” to “Instruction Operand Encoding”. */
  private int vexSlot(Instruction in, int first) {
    boolean misplaced = in.rex || in.lock || in.rep || in.repne || operandSizePrefix;
    int map = 1;
    int last = next();
    extension = (last >> 5 & R) ^ R;
    if (first == 0xC4) {
      map = last & 0x1F;
      extension = last >> 5 ^ 7;
      last = next();
      extension |= last >> 4 & W;
    }
    vexVvvv = (last >> 3 & 15) ^ 15;
    vexL = last >> 2 & 1;
    if (!bits64) {
      extension &= W;
      vexVvvv &= 7;
    }
    in.opcode = next();
    if (misplaced || map < 1 || map > 3) {
      return NONE;
    }
    return OpcodeTable.slot(OpcodeTable.vexPage(map, extension >> 3, vexL), last & 3, in.opcode);
  }

  private void sizes(Instruction in, OpcodeRow row) {
    in.size(row, (extension & W) != 0, operandSizePrefix, vexL);
    int address = in.mode.addressSize();
    in.addressSize = !addressSizePrefix ? address : address == 4 ? 2 : 4;
    in.rep &= row.prefix != PF3;
    in.repne &= row.prefix != PF2;
  }

  /** Everything but the operand that ModRM.rm or a memory offset gives. */
  private void registers(Instruction in, OpcodeRow row) {
    in.isMemory = false;
    in.base = NO_REGISTER;
    in.index = NO_REGISTER;
    in.scale = 0;
    in.displacement = 0;
    in.segment = segmentPrefix == NONE ? Instruction.DS : segmentPrefix;
    in.reg = row.fixedReg;
    in.rm = row.fixedRm;
    if (row.hasModRm && row.fixedReg < 0) {
      int reg = in.modRm >> 3 & 7;
      in.reg = row.regExtends ? reg | (extension & R) << 1 : reg;
      if (row.regIsByte) {
        in.reg = byteRegister(in, in.reg);
      }
    }
    if (row.opcodeRegister != null) {
      in.rm = (in.opcode & 7) | (extension & B) << 3;
      if (row.opcodeRegister.width() == Width.B) {
        in.rm = byteRegister(in, in.rm);
      }
    }
  }

  private int rmRegister(Instruction in, OpcodeRow row) {
    int rm = in.modRm & 7;
    if (!row.rmExtends) {
      return rm;
    }
    rm |= (extension & B) << 3;
    return row.rmIsByte ? byteRegister(in, rm) : rm;
  }

  private static int byteRegister(Instruction in, int register) {
    return register >= 4 && !in.rex ? register | HIGH_BYTE : register;
  }

  private void memory(Instruction in) {
    int mod = in.modRm >> 6;
    int rm = in.modRm & 7;
    if (in.addressSize == 2) {
      memory16(in, mod, rm);
      return;
    }
    int base = rm;
    if (rm == 4) {
      int sib = next();
      base = sib & 7;
      int index = (sib >> 3 & 7) | (extension & X) << 2;
      boolean none = index == 4 && (in.row == null || !in.row.vectorIndex);
      in.index = none ? NO_REGISTER : index;
      in.scale = none ? 0 : sib >> 6;
    }
    if (mod == 0 && base == 5) {
      in.base = bits64 && rm == 5 ? RIP : NO_REGISTER;
      in.displacement = next32();
      return;
    }
    in.base = base | (extension & B) << 3;
    in.displacement = mod == 0 ? 0 : mod == 1 ? (byte) next() : next32();
    stackSegment(in, in.base == 4 || in.base == 5);
  }

  /** SDM volume 2, “16-Bit Addressing Forms with the ModR/M Byte”. */
  private void memory16(Instruction in, int mod, int rm) {
    if (mod == 0 && rm == 6) {
      in.displacement = next16();
      return;
    }
    boolean bp = rm == 2 || rm == 3 || rm == 6;
    in.base = bp ? 5 : rm == 4 ? 6 : rm == 5 ? 7 : 3;
    in.index = rm > 3 ? NO_REGISTER : (rm & 1) == 0 ? 6 : 7;
    in.displacement = mod == 0 ? 0 : mod == 1 ? (byte) next() : (short) next16();
    stackSegment(in, bp);
  }

  private void stackSegment(Instruction in, boolean stackBase) {
    if (stackBase && segmentPrefix == NONE) {
      in.segment = Instruction.SS;
    }
  }

  private void immediates(Instruction in, OpcodeRow row) {
    in.immediate = 0;
    in.immediate2 = 0;
    boolean second = false;
    for (Operand operand : row.constants) {
      switch (operand.source()) {
        case ONE -> in.immediate = 1;
        case IMMEDIATE_REGISTER -> in.immediate2 = next() >> 4 & (bits64 ? 15 : 7);
        case OFFSET -> {
          in.isMemory = true;
          in.displacement =
              in.addressSize == 2
                  ? next16()
                  : in.addressSize == 4 ? next32() & 0xFFFFFFFFL : next64();
        }
        case FAR_POINTER -> {
          in.immediate = in.v == 2 ? next16() : next32() & 0xFFFFFFFFL;
          in.immediate2 = next16();
        }
        default -> {
          long value = immediate(operand, in.v);
          if (second) {
            in.immediate2 = (int) value;
          } else {
            in.immediate = value;
            second = true;
          }
        }
      }
    }
  }

  private long immediate(Operand operand, int v) {
    boolean relative = operand.source() == Source.RELATIVE;
    return switch (operand.width()) {
      case B -> relative ? (byte) next() : next();
      case BS -> (byte) next();
      case W -> next16();
      case V -> v == 2 ? (short) next16() : v == 4 ? next32() : next64();
      default -> v == 2 ? (short) next16() : next32();
    };
  }

  /** The #UD conditions that are not a hole in the map; also completes {@code vvvv}. */
  private boolean isDefined(Instruction in, OpcodeRow row) {
    if (in.vex) {
      in.vvvv = vexVvvv;
      if (!row.usesVvvv && vexVvvv != 0) {
        return false;
      }
    } else {
      in.vvvv = row.hasReg ? in.reg : in.rm;
    }
    if (in.lock && !(row.lockable && in.isMemory)) {
      return false;
    }
    return switch (row.regSource) {
      case SEGMENT ->
          in.reg <= Instruction.GS && (in.reg != Instruction.CS || row.op == Op.MOV_RM_S);
      case CONTROL -> in.reg == 0 || (in.reg >= 2 && in.reg <= 4) || in.reg == 8;
      case DEBUG -> in.reg < 8;
      default -> !row.vectorIndex || (in.modRm & 7) == 4;
    };
  }

  private int peek() {
    return position < end ? bytes[position] & 0xFF : 0;
  }

  /** The next byte; 0 beyond the limit, which {@link #decode} finds out by the position. */
  private int next() {
    int at = position++;
    return at < end ? bytes[at] & 0xFF : 0;
  }

  private int next16() {
    return next() | next() << 8;
  }

  private int next32() {
    return next16() | next16() << 16;
  }

  private long next64() {
    return (next32() & 0xFFFFFFFFL) | (long) next32() << 32;
  }
}
