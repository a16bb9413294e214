package io.vmxsim.vmcs;

/**
 * VM-exit instruction information: what the exiting instruction's operands are.
 *
 * <p>The formats of the SDM's tables share their subfields, so each is put together from the ones
 * it has; undefined bits are 0. Registers are numbered as in instruction encodings (RAX 0, RCX 1, …
 * R15 15), segments ES 0, CS 1, SS 2, DS 3, FS 4, GS 5; sizes are in bytes.
 *
 * <p>Source: SDM (June 2016) 27.2.4 “Information for VM Exits Due to Instruction Execution”, Tables
 * 27-8 to 27-14; RDMSR and WRMSRNS with an immediate from later editions.
 */
public final class InstructionInformation {

  /** In place of a register's number: the operand has no such register. */
  public static final int NO_REGISTER = -1;

  private static final int REGISTER_OPERAND = 1 << 10;
  private static final int INDEX_INVALID = 1 << 22;
  private static final int BASE_INVALID = 1 << 27;

  private InstructionInformation() {}

  // Encoders

  /** INS (segment ES) or OUTS: Table 27-8. */
  public static int stringIo(int addressSize, int segment) {
    return addressSizeBits(addressSize) | (segment << 15);
  }

  /**
   * A memory operand: all of Table 27-13, and the start of Tables 27-9, 27-10, 27-11 and 27-14.
   *
   * @param index the index register or {@link #NO_REGISTER}
   * @param scale 1, 2, 4 or 8
   * @param base the base register or {@link #NO_REGISTER}
   * @param addressSize 2, 4 or 8
   */
  public static int memory(int segment, int base, int index, int scale, int addressSize) {
    int information = addressSizeBits(addressSize) | (segment << 15);
    information |=
        index == NO_REGISTER ? INDEX_INVALID : (index << 18) | Integer.numberOfTrailingZeros(scale);
    return information | (base == NO_REGISTER ? BASE_INVALID : base << 23);
  }

  /** A register operand: the start of Tables 27-11 and 27-14. */
  public static int register(int register) {
    return REGISTER_OPERAND | (register << 3);
  }

  /** The second register operand: INVEPT, INVPCID, INVVPID, VMREAD, VMWRITE. */
  public static int withRegister2(int information, int register) {
    return information | (register << 28);
  }

  /** The operand size of LIDT, LGDT, SIDT or SGDT outside 64-bit mode: 2 or 4. */
  public static int withOperandSize(int information, int size) {
    return information | (size == 4 ? 1 << 11 : 0);
  }

  /** Which of the instructions with this exit reason it is. */
  public static int withIdentity(int information, DescriptorTableInstruction instruction) {
    return information | (instruction.identity << 28);
  }

  /** RDRAND or RDSEED: Table 27-12. */
  public static int random(int destination, int operandSize) {
    return (destination << 3) | ((Integer.numberOfTrailingZeros(operandSize) - 1) << 11);
  }

  /** RDMSR or WRMSRNS with an immediate operand. */
  public static int msrImmediate(int register) {
    return register << 3;
  }

  private static int addressSizeBits(int size) {
    return (Integer.numberOfTrailingZeros(size) - 1) << 7;
  }

  // Decoders

  /** Whether the operand is a register rather than in memory. */
  public static boolean isRegister(long information) {
    return (information & REGISTER_OPERAND) != 0;
  }

  /** The register operand, or the destination of RDRAND and RDSEED. */
  public static int register1(long information) {
    return bits(information, 3, 4);
  }

  /** The second register operand. */
  public static int register2(long information) {
    return bits(information, 28, 4);
  }

  /** The segment register of the memory operand. */
  public static int segment(long information) {
    return bits(information, 15, 3);
  }

  /** The address size in bytes. */
  public static int addressSize(long information) {
    return 2 << bits(information, 7, 3);
  }

  /** The base register or {@link #NO_REGISTER}. */
  public static int base(long information) {
    return (information & BASE_INVALID) != 0 ? NO_REGISTER : bits(information, 23, 4);
  }

  /** The index register or {@link #NO_REGISTER}. */
  public static int index(long information) {
    return (information & INDEX_INVALID) != 0 ? NO_REGISTER : bits(information, 18, 4);
  }

  /** The factor of the index register. */
  public static int scale(long information) {
    return 1 << bits(information, 0, 2);
  }

  /** The operand size in bytes of LIDT, LGDT, SIDT or SGDT outside 64-bit mode. */
  public static int descriptorTableOperandSize(long information) {
    return 2 << bits(information, 11, 1);
  }

  /** The operand size in bytes of RDRAND or RDSEED. */
  public static int randomOperandSize(long information) {
    return 2 << bits(information, 11, 2);
  }

  /** Bits 29:28, which tell the instructions of one of the two descriptor-table reasons apart. */
  public static int identity(long information) {
    return bits(information, 28, 2);
  }

  private static int bits(long information, int low, int count) {
    return (int) (information >>> low) & ((1 << count) - 1);
  }

  /** The instructions “descriptor-table exiting” intercepts. */
  public enum DescriptorTableInstruction {
    SGDT(0, ExitReason.GDTR_IDTR),
    SIDT(1, ExitReason.GDTR_IDTR),
    LGDT(2, ExitReason.GDTR_IDTR),
    LIDT(3, ExitReason.GDTR_IDTR),
    SLDT(0, ExitReason.LDTR_TR),
    STR(1, ExitReason.LDTR_TR),
    LLDT(2, ExitReason.LDTR_TR),
    LTR(3, ExitReason.LDTR_TR);

    private static final DescriptorTableInstruction[] ALL = values();

    private final int identity;
    private final ExitReason exitReason;

    DescriptorTableInstruction(int identity, ExitReason exitReason) {
      this.identity = identity;
      this.exitReason = exitReason;
    }

    /** The basic exit reason of its VM exit. */
    public ExitReason exitReason() {
      return exitReason;
    }

    /**
     * The instruction behind a VM exit.
     *
     * @throws IllegalArgumentException if {@code reason} is not one of the two descriptor-table
     *     ones
     */
    public static DescriptorTableInstruction of(ExitReason reason, long information) {
      int identity = InstructionInformation.identity(information);
      for (DescriptorTableInstruction instruction : ALL) {
        if (instruction.exitReason == reason && instruction.identity == identity) {
          return instruction;
        }
      }
      throw new IllegalArgumentException(reason + " is not by a descriptor-table instruction");
    }
  }
}
