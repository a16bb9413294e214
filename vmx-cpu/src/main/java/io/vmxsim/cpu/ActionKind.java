package io.vmxsim.cpu;

/**
 * The vocabulary of guest actions: what a trace can say that guest software did. A row names the
 * meaning of an action's three operands, {@code size}, {@code address} and {@code value}; operands
 * not named are 0. The code is stable: it is what {@code .vxt} files store.
 */
public enum ActionKind {
  /**
   * An instruction begins: {@code address} its linear address, {@code size} its length (1 to 15, 0
   * if unknown), {@code value} the offset of its bytes in {@link ActionBatch#instructionBytes}, or
   * -1. The actions up to the next one of this kind belong to it; the first of them is in the same
   * batch.
   */
  INSTRUCTION(1),
  /** A load: {@code address} linear, {@code size} bytes. */
  LOAD(2),
  /**
   * A store whose value does not matter to translation: {@code address} linear, {@code size} bytes.
   */
  STORE(3),
  /** A store into a paging structure: as STORE, with {@code value} (size 1, 2, 4 or 8). */
  STORE_VALUE(4),
  /**
   * Straight-line kernel code: {@code address} of its first instruction, {@code value} how many.
   */
  WORK(5),

  /** CPUID: {@code address} leaf (EAX), {@code value} subleaf (ECX). */
  CPUID(16),
  /** IN: {@code address} port, or INS if {@link #STRING} is added; {@code size} 1, 2 or 4. */
  IN(17),
  /** OUT or OUTS, as IN; {@code value} of OUT. */
  OUT(18),
  /** RDMSR: {@code address} the MSR. */
  RDMSR(19),
  /** WRMSR: {@code address} the MSR, {@code value}. */
  WRMSR(20),
  /** HLT. */
  HLT(21),
  /** MOV to CRn: {@code size} n (0, 3, 4 or 8), {@code value}. */
  MOV_TO_CR(22),
  /** MOV from CRn: {@code size} n. */
  MOV_FROM_CR(23),
  /** CLTS. */
  CLTS(24),
  /** LMSW: {@code value} the source operand. */
  LMSW(25),
  /** INVLPG: {@code address} linear. */
  INVLPG(26),
  /** INVPCID: {@code size} type (0 to 3), {@code address} linear, {@code value} PCID. */
  INVPCID(27),
  /** VMCALL: {@code address} RAX, {@code value} RBX. */
  VMCALL(28),
  /** RDTSC. */
  RDTSC(29),
  /** RDTSCP. */
  RDTSCP(30),
  /** RDPMC: {@code address} ECX. */
  RDPMC(31),
  /** PAUSE. */
  PAUSE(32),
  /** MONITOR: {@code address} linear. */
  MONITOR(33),
  /** MWAIT. */
  MWAIT(34),
  /** WBINVD. */
  WBINVD(35),
  /** INVD. */
  INVD(36),
  /** XSETBV: {@code address} ECX, {@code value}. */
  XSETBV(37),
  /** MOV to DRn: {@code size} n, {@code value}. */
  MOV_TO_DR(38),
  /** MOV from DRn: {@code size} n. */
  MOV_FROM_DR(39),
  /** RDRAND. */
  RDRAND(40),
  /** RDSEED. */
  RDSEED(41),
  /** WRPKRU: {@code value}. */
  WRPKRU(42),
  /** IRET: back to the interrupted code, with its CPL and RFLAGS. */
  IRET(43),

  /** CPL is now {@code size} (a SYSCALL, SYSRET or far transfer that costs nothing else here). */
  SET_CPL(64),
  /** RFLAGS is now {@code value} (STI, CLI, POPF, STAC, CLAC). */
  SET_RFLAGS(65),
  /**
   * An exception that the guest took here: {@code size} vector, {@code address} error code, {@code
   * value} CR2 (vector 14).
   */
  EXCEPTION(66),
  /**
   * An interrupt: {@code size} vector. With {@code address} 0 an external one that arrived here.
   * Else one that is delivered here without anything arriving, since it was waiting or is the
   * instruction's, or an exception that a VMM raises for what it has carried out: {@link
   * #DELIVERED} plus the code of its {@link io.vmxsim.vmcs.EventType}.
   */
  INTERRUPT(67),
  /**
   * What had a VMM in control here, between two instructions of its guest, or by an instruction
   * that has no other action: {@code size} the basic exit reason. Nothing happens where there is no
   * VMM.
   */
  HOST_EVENT(68),
  /** Code that follows has addresses of {@code size} bytes: 2, 4, or 8 in 64-bit mode. */
  SET_CODE_SIZE(69),

  /**
   * Initial state, before the first instruction and free of charge: CRn, with {@code size} n and
   * {@code value}.
   */
  INITIAL_CR(80),
  /** Initial state: an MSR, with {@code address} and {@code value}. */
  INITIAL_MSR(81),
  /** Initial state: PKRU {@code value}. */
  INITIAL_PKRU(82),
  /**
   * Initial state: 8 bytes of a paging structure, {@code address} guest-physical, {@code value}.
   */
  INITIAL_MEMORY(83);

  /** Of an INTERRUPT: it is delivered here. */
  public static final long DELIVERED = 1 << 8;

  /** Of an IN or OUT: it is INS or OUTS, and the accesses to memory behind it are its own. */
  public static final long STRING = 1 << 16;

  private static final ActionKind[] BY_CODE = new ActionKind[128];

  static {
    for (ActionKind kind : values()) {
      BY_CODE[kind.code] = kind;
    }
  }

  private final byte code;

  ActionKind(int code) {
    this.code = (byte) code;
  }

  /** The stable number of this kind, 1 to 127. */
  public byte code() {
    return code;
  }

  /** Whether {@code code} is that of an instruction that may cause a VM exit: CPUID to WRPKRU. */
  static boolean isSensitive(byte code) {
    return code >= CPUID.code && code <= WRPKRU.code;
  }

  /** Whether {@code code} is that of initial state. */
  public static boolean isInitial(byte code) {
    return code >= INITIAL_CR.code && code <= INITIAL_MEMORY.code;
  }

  /** Whether {@code code} stands for a kind. */
  public static boolean isKnown(int code) {
    return code > 0 && code < BY_CODE.length && BY_CODE[code] != null;
  }

  /**
   * The kind with that code.
   *
   * @throws IllegalArgumentException if there is none; a reader of untrusted input asks {@link
   *     #isKnown} first
   */
  public static ActionKind ofCode(int code) {
    if (!isKnown(code)) {
      throw new IllegalArgumentException("no action kind " + code);
    }
    return BY_CODE[code];
  }
}
