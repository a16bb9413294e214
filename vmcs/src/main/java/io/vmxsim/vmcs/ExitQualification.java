package io.vmxsim.vmcs;

/**
 * The exit qualification of the VM exits that give it a format of its own: a class per table of the
 * SDM, each with an encoder and its decoders.
 *
 * <p>Everything works on the plain value, so that neither an exit nor its handler allocates. Bits
 * no parameter sets are 0. Exits not named here store an address, a displacement, a vector or 0.
 *
 * <p>Source: SDM (June 2016) 27.2.1 “Basic VM-Exit Information”, Tables 27-1 to 27-7; what is newer
 * from the edition of June 2026, 30.2.1.
 */
public final class ExitQualification {

  private ExitQualification() {}

  private static int bits(long qualification, int low, int count) {
    return (int) (qualification >>> low) & ((1 << count) - 1);
  }

  private static boolean isSet(long qualification, long bit) {
    return (qualification & bit) != 0;
  }

  private static long when(boolean condition, long bit) {
    return condition ? bit : 0;
  }

  private static long at(int low, int value) {
    return (long) value << low;
  }

  /** Table 27-1, debug exceptions: like DR6, but a 1 always means that it happened. */
  public static final class Debug {

    public static final long BREAKPOINTS = 0xF;
    public static final long BUS_LOCK_DETECTED = 1L << 11;
    public static final long DEBUG_REGISTER_ACCESS = 1L << 13;
    public static final long SINGLE_STEP = 1L << 14;
    public static final long RTM = 1L << 16;

    private Debug() {}

    /** The sum of the constants; {@code breakpoints} are B3 to B0. */
    public static long encode(int breakpoints, long conditions) {
      return breakpoints | conditions;
    }

    /** B3 to B0: the breakpoint conditions met, enabled or not. */
    public static int breakpoints(long qualification) {
      return (int) (qualification & BREAKPOINTS);
    }
  }

  /** Table 27-2, task switches. */
  public static final class TaskSwitch {

    /** What started the task switch, in the order of the encoding. */
    public enum Source {
      CALL,
      IRET,
      JMP,
      TASK_GATE_IN_IDT;

      private static final Source[] ALL = values();
    }

    private TaskSwitch() {}

    /** A switch to the TSS with selector {@code tss}. */
    @SuppressWarnings("EnumOrdinal") // the encoding's order
    public static long encode(int tss, Source source) {
      return at(30, source.ordinal()) | tss;
    }

    /** The selector of the TSS the guest attempted to switch to. */
    public static int tss(long qualification) {
      return bits(qualification, 0, 16);
    }

    /** What started the task switch. */
    public static Source source(long qualification) {
      return Source.ALL[bits(qualification, 30, 2)];
    }
  }

  /** Table 27-3, control-register accesses. */
  public static final class CrAccess {

    /** The instruction, in the order of the encoding. */
    public enum Instruction {
      MOV_TO_CR,
      MOV_FROM_CR,
      CLTS,
      LMSW;

      private static final Instruction[] ALL = values();
    }

    private static final long LMSW_MEMORY = 1L << 6;

    private CrAccess() {}

    /** MOV CR{@code cr}, {@code gpr}. */
    public static long movToCr(int cr, int gpr) {
      return at(8, gpr) | cr;
    }

    /** MOV {@code gpr}, CR{@code cr}. */
    public static long movFromCr(int cr, int gpr) {
      return at(8, gpr) | at(4, 1) | cr;
    }

    /** CLTS. */
    public static long clts() {
      return at(4, 2);
    }

    /** LMSW with this 16-bit source operand. */
    public static long lmsw(int source, boolean inMemory) {
      return at(16, source & 0xFFFF) | when(inMemory, LMSW_MEMORY) | at(4, 3);
    }

    /** The number of the control register: 0, 3, 4 or 8. */
    public static int register(long qualification) {
      return bits(qualification, 0, 4);
    }

    /** The instruction. */
    public static Instruction instruction(long qualification) {
      return Instruction.ALL[bits(qualification, 4, 2)];
    }

    /** For LMSW, whether the operand is in memory. */
    public static boolean isLmswMemory(long qualification) {
      return isSet(qualification, LMSW_MEMORY);
    }

    /** For MOV CR, the number of the general-purpose register. */
    public static int gpr(long qualification) {
      return bits(qualification, 8, 4);
    }

    /** For LMSW, the source operand. */
    public static int lmswSource(long qualification) {
      return bits(qualification, 16, 16);
    }
  }

  /** Table 27-4, MOV DR. */
  public static final class MovDr {

    private static final long FROM_DR = 1L << 4;

    private MovDr() {}

    /** MOV between debug register {@code dr} and general-purpose register {@code gpr}. */
    public static long encode(int dr, boolean fromDr, int gpr) {
      return at(8, gpr) | when(fromDr, FROM_DR) | dr;
    }

    /** The number of the debug register, 0 to 7. */
    public static int register(long qualification) {
      return bits(qualification, 0, 3);
    }

    /** Whether the debug register is the source. */
    public static boolean isFromDr(long qualification) {
      return isSet(qualification, FROM_DR);
    }

    /** The number of the general-purpose register. */
    public static int gpr(long qualification) {
      return bits(qualification, 8, 4);
    }
  }

  /** Table 27-5, I/O instructions. */
  public static final class Io {

    public static final long IN = 1L << 3;
    public static final long STRING = 1L << 4;
    public static final long REP = 1L << 5;
    public static final long IMMEDIATE = 1L << 6;

    private Io() {}

    /**
     * An access of {@code size} bytes (1, 2 or 4) to {@code port}; {@code form} is the sum of the
     * constants that apply.
     */
    public static long encode(int port, int size, long form) {
      return at(16, port & 0xFFFF) | form | (size - 1);
    }

    /** The size of the access in bytes. */
    public static int size(long qualification) {
      return bits(qualification, 0, 3) + 1;
    }

    /** Whether it is IN or INS. */
    public static boolean isIn(long qualification) {
      return isSet(qualification, IN);
    }

    /** Whether it is INS or OUTS. */
    public static boolean isString(long qualification) {
      return isSet(qualification, STRING);
    }

    /** Whether it has a REP prefix. */
    public static boolean isRep(long qualification) {
      return isSet(qualification, REP);
    }

    /** Whether the port is an immediate operand rather than DX. */
    public static boolean isImmediate(long qualification) {
      return isSet(qualification, IMMEDIATE);
    }

    /** The port. */
    public static int port(long qualification) {
      return bits(qualification, 16, 16);
    }
  }

  /** Table 27-6, accesses to the APIC-access page. */
  public static final class ApicAccess {

    /** The access types of bits 15:12. */
    public enum Type {
      LINEAR_READ(0),
      LINEAR_WRITE(1),
      LINEAR_FETCH(2),
      LINEAR_EVENT_DELIVERY(3),
      LINEAR_ASYNCHRONOUS(4),
      GUEST_PHYSICAL_EVENT_DELIVERY(10),
      GUEST_PHYSICAL_ASYNCHRONOUS(11),
      GUEST_PHYSICAL_FETCH_OR_EXECUTION(15);

      private static final Type[] ALL = values();

      private final int code;

      Type(int code) {
        this.code = code;
      }
    }

    private ApicAccess() {}

    /** An access at {@code offset} into the page. */
    public static long encode(int offset, Type type) {
      return at(12, type.code) | offset;
    }

    /** The offset into the page; undefined for guest-physical accesses. */
    public static int offset(long qualification) {
      return bits(qualification, 0, 12);
    }

    /**
     * The access type.
     *
     * @throws IllegalArgumentException for a value the SDM does not use
     */
    public static Type type(long qualification) {
      int code = bits(qualification, 12, 4);
      for (Type type : Type.ALL) {
        if (type.code == code) {
          return type;
        }
      }
      throw new IllegalArgumentException("no APIC-access type has code " + code);
    }
  }

  /** SPP-related events ("Exit Qualification for SPP-Related Events", June 2026). */
  public static final class SubPageEvent {

    /** A miss; else a misconfiguration. Bit 12 is as for EPT violations. */
    public static final long MISS = 1L << 11;

    private SubPageEvent() {}
  }

  /** Table 27-7, EPT violations; the qualification is a sum of these bits. */
  public static final class EptViolation {

    public static final long READ = 1L << 0;
    public static final long WRITE = 1L << 1;
    public static final long FETCH = 1L << 2;

    /** The guest-physical address was readable, and so on: the AND over the EPT entries used. */
    public static final long WAS_READABLE = 1L << 3;

    public static final long WAS_WRITABLE = 1L << 4;

    /** With mode-based execute control, for supervisor-mode linear addresses. */
    public static final long WAS_EXECUTABLE = 1L << 5;

    /** With mode-based execute control only. */
    public static final long WAS_USER_EXECUTABLE = 1L << 6;

    public static final long LINEAR_ADDRESS_VALID = 1L << 7;

    /** Of a linear address's translation, not of a guest paging-structure entry. */
    public static final long OF_TRANSLATION = 1L << 8;

    /** Advanced information: the linear address is a user-mode address. */
    public static final long USER_MODE_ADDRESS = 1L << 9;

    /** Advanced information: guest paging makes the page read/write. */
    public static final long GUEST_WRITABLE = 1L << 10;

    /** Advanced information: guest paging makes the page execute-disable. */
    public static final long GUEST_EXECUTE_DISABLE = 1L << 11;

    public static final long NMI_UNBLOCKING = 1L << 12;
    public static final long SHADOW_STACK_ACCESS = 1L << 13;
    public static final long SUPERVISOR_SHADOW_STACK_PAGE = 1L << 14;
    public static final long GUEST_PAGING_VERIFICATION = 1L << 15;
    public static final long ASYNCHRONOUS = 1L << 16;

    private EptViolation() {}

    /**
     * A violation by an access of a linear address's translation or of its page walk.
     *
     * @param access the sum of READ, WRITE and FETCH that apply
     * @param permissions bits 2:0 of the AND over the EPT entries used, 0 if one is not present
     * @param ofTranslation false if the access is to a guest paging-structure entry
     */
    public static long encode(long access, int permissions, boolean ofTranslation) {
      return access
          | at(3, permissions & 7)
          | LINEAR_ADDRESS_VALID
          | when(ofTranslation, OF_TRANSLATION);
    }

    /** Bits 5:3: what the EPT entries used allow, as read, write, execute from bit 0 up. */
    public static int permissions(long qualification) {
      return bits(qualification, 3, 3);
    }
  }

  /** Bit 12 of the qualifications of EPT violations, page-modification log-full and timeouts. */
  public static boolean isNmiUnblocking(long qualification) {
    return isSet(qualification, EptViolation.NMI_UNBLOCKING);
  }
}
