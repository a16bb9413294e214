package io.vmxsim.cpu;

/** Bits of the interruptibility state: Table 24-3 of "Guest Non-Register State". */
public final class Interruptibility {
  /** Blocking by STI. */
  public static final int STI = 1;

  /** Blocking by MOV SS. */
  public static final int MOV_SS = 1 << 1;

  /** Blocking by SMI. */
  public static final int SMI = 1 << 2;

  /** Blocking by NMI; virtual-NMI blocking while the "virtual NMIs" control is 1. */
  public static final int NMI = 1 << 3;

  /** Enclave interruption, which tells of the VM exit before and is no blocking. */
  public static final int ENCLAVE = 1 << 4;

  /** Both forms of blocking that last for one instruction. */
  public static final int SHADOW = STI | MOV_SS;

  private Interruptibility() {}
}
