package io.vmxsim.cpu.execute;

import static io.vmxsim.cpu.CpuState.RSP;

import io.vmxsim.cpu.decode.Instruction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Packed} instruction does: one row per operation and size that is frequent, and one
 * for what others have in common.
 *
 * <p>A form either completes its instruction and returns the next, or has done nothing and returns
 * null.
 *
 * <p>JUSTIFICATION for a method each: HotSpot makes better code of many small methods that are
 * called through a table than of one with many cases, before whose switch it computes and spills
 * what the cases have in common (SideBySideExecution).
 */
enum Form {
  /** Has no form: runs from its {@link Instruction}. */
  PLAIN {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.stop(in);
    }
  },
  /** What follows the last instruction of a block. */
  END {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.fallThrough(in);
    }
  },
  NOP {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.next;
    }
  },
  ADD_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.add(on.register(in.first), in.source(on), 0, 8));
    }
  },
  OR_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.logic(on.register(in.first) | in.source(on), 8));
    }
  },
  AND_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.logic(on.register(in.first) & in.source(on), 8));
    }
  },
  SUB_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.subtract(on.register(in.first), in.source(on), 0, 8));
    }
  },
  XOR_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.logic(on.register(in.first) ^ in.source(on), 8));
    }
  },
  CMP_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      on.alu.subtract(on.register(in.first), in.source(on), 0, 8);
      return in.next;
    }
  },
  TEST_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      on.alu.logic(on.register(in.first) & in.source(on), 8);
      return in.next;
    }
  },
  ADD_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.add(on.register(in.first), in.source(on), 0, 4) & LOW);
    }
  },
  OR_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.logic(on.register(in.first) | in.source(on), 4) & LOW);
    }
  },
  AND_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.logic(on.register(in.first) & in.source(on), 4) & LOW);
    }
  },
  SUB_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.subtract(on.register(in.first), in.source(on), 0, 4) & LOW);
    }
  },
  XOR_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, on.alu.logic(on.register(in.first) ^ in.source(on), 4) & LOW);
    }
  },
  CMP_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      on.alu.subtract(on.register(in.first), in.source(on), 0, 4);
      return in.next;
    }
  },
  TEST_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      on.alu.logic(on.register(in.first) & in.source(on), 4);
      return in.next;
    }
  },
  /** A comparison of {@link AluOperations}, of any size. */
  COMPARE {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      on.alu.operate(in.operation(), on.register(in.first), in.source(on), in.size());
      return in.next;
    }
  },
  MOV_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, in.source(on));
    }
  },
  MOV_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, in.source(on) & LOW);
    }
  },
  MOVZX_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, in.source(on) & 0xff);
    }
  },
  MOVZX_16 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, in.source(on) & 0xffff);
    }
  },
  MOVSXD {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, Val.signExtend(in.source(on), 4));
    }
  },
  INC {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(
          on, on.alu.increment(on.register(in.first), 1, in.size()) & Val.mask(in.size()));
    }
  },
  DEC {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(
          on, on.alu.increment(on.register(in.first), -1, in.size()) & Val.mask(in.size()));
    }
  },
  SHL {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long result = on.shift.shiftLeft(on.register(in.first), (int) in.constant, in.size());
      return in.set(on, result & Val.mask(in.size()));
    }
  },
  SHR {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long result = on.shift.shiftRight(on.register(in.first), (int) in.constant, in.size());
      return in.set(on, result & Val.mask(in.size()));
    }
  },
  SAR {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long result =
          on.shift.shiftArithmetically(on.register(in.first), (int) in.constant, in.size());
      return in.set(on, result & Val.mask(in.size()));
    }
  },
  IMUL {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long product = on.multiply.product(on.register(in.first), in.source(on), in.size());
      return in.set(on, product & Val.mask(in.size()));
    }
  },
  BT {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      int index = (int) in.source(on) & Byte.SIZE * in.size() - 1;
      on.flags.setCf(Val.bit(on.register(in.first), index));
      return in.next;
    }
  },
  SET_CC {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long set = on.flags.condition(in.index) ? 1 : 0;
      return in.set(on, (on.register(in.first) & ~0xffL) | set);
    }
  },
  CMOV {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      boolean holds = on.flags.condition(in.index);
      return in.set(on, (holds ? in.source(on) : on.register(in.first)) & Val.mask(in.size()));
    }
  },
  LEA {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, in.address(on) & Val.mask(in.size()));
    }
  },
  LOAD_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForLoad(address, 8);
      return page == null
          ? on.stop(in)
          : in.set(on, LittleEndian.get(page, Mem.offset(address), 8));
    }
  },
  LOAD_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForLoad(address, 4);
      return page == null
          ? on.stop(in)
          : in.set(on, LittleEndian.get(page, Mem.offset(address), 4));
    }
  },
  LOAD_1 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForLoad(address, 1);
      return page == null
          ? on.stop(in)
          : in.set(on, LittleEndian.get(page, Mem.offset(address), 1));
    }
  },
  LOAD_2 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForLoad(address, 2);
      return page == null
          ? on.stop(in)
          : in.set(on, LittleEndian.get(page, Mem.offset(address), 2));
    }
  },
  STORE_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForStore(address, 8);
      if (page == null) {
        return on.stop(in);
      }
      LittleEndian.set(page, Mem.offset(address), 8, in.stored(on));
      return in.next;
    }
  },
  STORE_4 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForStore(address, 4);
      if (page == null) {
        return on.stop(in);
      }
      LittleEndian.set(page, Mem.offset(address), 4, in.stored(on));
      return in.next;
    }
  },
  STORE_1 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForStore(address, 1);
      if (page == null) {
        return on.stop(in);
      }
      LittleEndian.set(page, Mem.offset(address), 1, in.stored(on));
      return in.next;
    }
  },
  STORE_2 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForStore(address, 2);
      if (page == null) {
        return on.stop(in);
      }
      LittleEndian.set(page, Mem.offset(address), 2, in.stored(on));
      return in.next;
    }
  },
  /** An operation on a register and memory. */
  ALU_RM {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForLoad(address, in.size());
      if (page == null) {
        return on.stop(in);
      }
      long value = LittleEndian.get(page, Mem.offset(address), in.size());
      long result = on.alu.operate(in.operation(), on.register(in.first), value, in.size());
      return in.operation() == AluOperations.CMP
          ? in.next
          : in.set(on, result & Val.mask(in.size()));
    }
  },
  /** An operation on memory and a register or number, for flags alone. */
  COMPARE_MR {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForLoad(address, in.size());
      if (page == null) {
        return on.stop(in);
      }
      long value = LittleEndian.get(page, Mem.offset(address), in.size());
      on.alu.operate(in.operation(), value, in.stored(on), in.size());
      return in.next;
    }
  },
  /** An operation on memory and a register or number. */
  ALU_MR {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForStore(address, in.size());
      if (page == null) {
        return on.stop(in);
      }
      int offset = Mem.offset(address);
      long value = LittleEndian.get(page, offset, in.size());
      long result = on.alu.operate(in.operation(), value, in.stored(on), in.size());
      LittleEndian.set(page, offset, in.size(), result);
      return in.next;
    }
  },
  NOT {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return in.set(on, ~on.register(in.first) & Val.mask(in.size()));
    }
  },
  NOT_M {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.pageForStore(address, in.size());
      if (page == null) {
        return on.stop(in);
      }
      int offset = Mem.offset(address);
      LittleEndian.set(page, offset, in.size(), ~LittleEndian.get(page, offset, in.size()));
      return in.next;
    }
  },
  /** Exchanges a register of 8 bytes with memory, which is a locked access. */
  XCHG_8 {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long address = in.address(on);
      byte[] page = on.mem.watchesLocks() ? null : on.mem.pageForStore(address, 8);
      if (page == null) {
        return on.stop(in);
      }
      int offset = Mem.offset(address);
      long before = LittleEndian.get(page, offset, 8);
      LittleEndian.set(page, offset, 8, on.register(in.first));
      return in.set(on, before);
    }
  },
  VMREAD {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.vmread(in);
    }
  },
  VMWRITE {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.vmwrite(in);
    }
  },
  PUSH {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.push(in.source(on)) ? in.next : on.stop(in);
    }
  },
  POP {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long rsp = on.register(RSP);
      byte[] page = on.mem.pageForLoad(rsp, 8);
      if (page == null) {
        return on.stop(in);
      }
      on.setRegister(RSP, rsp + 8);
      return in.set(on, LittleEndian.get(page, Mem.offset(rsp), 8));
    }
  },
  JO {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.of() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNO {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return !on.flags.of() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JB {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.cf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNB {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return !on.flags.cf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JZ {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.zf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNZ {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return !on.flags.zf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JBE {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.condition(6) ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNBE {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.condition(7) ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JS {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.sf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNS {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return !on.flags.sf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JP {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.pf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNP {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return !on.flags.pf() ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JL {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.condition(12) ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNL {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.condition(13) ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JLE {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.condition(14) ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JNLE {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.flags.condition(15) ? on.branch(in, in.source(on)) : in.next;
    }
  },
  JMP {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      return on.branch(in, in.source(on));
    }
  },
  CALL {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long target = in.source(on);
      return on.isCanonical(target) && on.push(on.start + in.end) ? on.go(in, target) : on.stop(in);
    }
  },
  RET {
    @Override
    @Nullable Packed run(PackedInterpreter on, Packed in) {
      long rsp = on.register(RSP);
      byte[] page = on.mem.pageForLoad(rsp, 8);
      if (page == null) {
        return on.stop(in);
      }
      long target = LittleEndian.get(page, Mem.offset(rsp), 8);
      if (!on.isCanonical(target)) {
        on.mem.retractLoad(rsp);
        return on.stop(in);
      }
      on.setRegister(RSP, rsp + 8 + (in.constant & 0xffff));
      return on.go(in, target);
    }
  };

  private static final long LOW = 0xffffffffL;

  /** By condition. */
  private static final List<Form> CONDITIONAL =
      List.of(JO, JNO, JB, JNB, JZ, JNZ, JBE, JNBE, JS, JNS, JP, JNP, JL, JNL, JLE, JNLE);

  /** By operation of {@link AluOperations}, of 8 and of 4 bytes. */
  private static final List<Form> OF_8 = List.of(ADD_8, OR_8, AND_8, SUB_8, XOR_8, CMP_8, TEST_8);

  private static final List<Form> OF_4 = List.of(ADD_4, OR_4, AND_4, SUB_4, XOR_4, CMP_4, TEST_4);

  /** The conditional branch with that condition, 0 to 15. */
  static Form conditional(int condition) {
    return CONDITIONAL.get(condition);
  }

  /** The form of an arithmetic operation on registers and numbers of 4 or 8 bytes. */
  static Form arithmetic(int operation, int size) {
    return (size == 8 ? OF_8 : OF_4).get(operation);
  }

  /**
   * Runs an instruction of this form.
   *
   * @return what runs next; null if {@link PackedInterpreter} has stopped
   */
  abstract @Nullable Packed run(PackedInterpreter on, Packed in);
}
