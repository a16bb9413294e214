package io.vmxsim.validation.host;

import io.vmxsim.cpu.decode.Op;
import io.vmxsim.cpu.decode.Op.Group;
import java.util.EnumMap;
import java.util.Map;

/** The instructions that are not run on the host, each with the reason. */
final class LeftOut {
  private static final Map<Op, String> REASONS = reasons();

  private LeftOut() {}

  static boolean contains(Op op) {
    return REASONS.containsKey(op);
  }

  private static Map<Op, String> reasons() {
    Map<Op, String> left = new EnumMap<>(Op.class);
    for (Op op : Op.values()) {
      switch (op.group()) {
        case NONE -> left.put(op, "no instruction");
        case VMX -> left.put(op, "needs VMX operation or privilege 0");
        case SHADOW_STACK -> left.put(op, "needs a shadow stack or privilege 0");
        default -> {}
      }
    }
    put(left, "not in 64-bit mode", Op.PUSHA, Op.POPA, Op.LES, Op.LDS, Op.BOUND, Op.ARPL, Op.INTO);
    put(left, "not in 64-bit mode", Op.DAA, Op.DAS, Op.AAA, Op.AAS, Op.AAM, Op.AAD, Op.SALC);
    put(left, "not in 64-bit mode", Op.JMP_FAR_P, Op.CALL_FAR_P);
    put(left, "the next instruction is elsewhere", Op.J_CC, Op.JMP_J, Op.JMP_RM, Op.JMP_FAR_M);
    put(left, "the next instruction is elsewhere", Op.CALL_J, Op.CALL_RM, Op.CALL_FAR_M, Op.RET);
    put(left, "the next instruction is elsewhere", Op.RETF, Op.IRET, Op.LOOPNE, Op.LOOPE, Op.LOOP);
    put(left, "the next instruction is elsewhere", Op.JCXZ, Op.XBEGIN, Op.XABORT, Op.XEND);
    put(left, "enters the host's kernel", Op.INT, Op.INT1, Op.INT3, Op.SYSCALL, Op.SYSENTER);
    put(left, "says whether the host runs a transaction", Op.XTEST);
    put(left, "needs privilege 0", Op.ERETS, Op.ERETU, Op.SYSRET, Op.SYSEXIT, Op.CLAC, Op.STAC);
    put(left, "needs privilege 0", Op.RDMSR, Op.WRMSR, Op.RDMSRLIST, Op.WRMSRLIST, Op.MOV_R_CR);
    put(left, "needs privilege 0", Op.MOV_CR_R, Op.MOV_R_DR, Op.MOV_DR_R, Op.CLTS, Op.LMSW);
    put(left, "needs privilege 0", Op.LGDT, Op.LIDT, Op.LLDT, Op.LTR, Op.INVLPG, Op.INVPCID);
    put(left, "needs privilege 0", Op.INVD, Op.WBINVD, Op.WBNOINVD, Op.HLT, Op.MONITOR, Op.MWAIT);
    put(left, "needs privilege 0", Op.SWAPGS, Op.LKGS, Op.XSETBV, Op.RSM, Op.XSAVES, Op.XRSTORS);
    put(left, "needs privilege 0 or a secure mode", Op.GETSEC, Op.ENCLS, Op.ENCLU);
    put(left, "the host decides who may", Op.IN_I, Op.IN_DX, Op.OUT_I, Op.OUT_DX, Op.INS, Op.OUTS);
    put(left, "the host decides who may", Op.CLI, Op.STI, Op.RDPMC, Op.UMONITOR, Op.UMWAIT);
    put(left, "the host decides who may", Op.TPAUSE, Op.RDPKRU, Op.WRPKRU);
    put(left, "tells of the host", Op.CPUID, Op.RDTSC, Op.RDTSCP, Op.RDPID, Op.RDRAND, Op.RDSEED);
    put(left, "tells of the host", Op.SMSW, Op.SGDT, Op.SIDT, Op.SLDT, Op.STR, Op.VERR, Op.VERW);
    put(left, "tells of the host", Op.LAR, Op.LSL, Op.XGETBV, Op.RDFSBASE, Op.RDGSBASE);
    put(left, "tells of the host", Op.MOV_RM_S, Op.PUSH_S, Op.PUSHF);
    put(left, "changes the host program's segments", Op.MOV_S_RM, Op.POP_S, Op.LSS, Op.LFS, Op.LGS);
    put(left, "changes the host program's segments", Op.WRFSBASE, Op.WRGSBASE);
    put(left, "may trap the host's next instruction", Op.POPF);
    put(left, "later than the host", Op.SERIALIZE, Op.XSUSLDTRK, Op.XRESLDTRK);
    put(left, "later than the host", Op.VPDPBUSD, Op.VPDPBUSDS, Op.VPDPWSSD, Op.VPDPWSSDS);
    put(left, "the host may lack it", Op.CLFLUSHOPT, Op.CLWB);
    return left;
  }

  private static void put(Map<Op, String> left, String reason, Op... ops) {
    for (Op op : ops) {
      if (op.group() == Group.NONE || left.put(op, reason) != null) {
        throw new IllegalStateException(op + " is left out twice");
      }
    }
  }
}
