package io.vmxsim.cpu;

import java.util.Locale;

/**
 * Groups of instructions that a profile prices alike; {@code instruction.<class>} in a profile
 * file.
 *
 * <p>A price is what the instruction itself takes when it completes without a VM exit. Translation
 * is priced apart, and so are exits.
 */
public enum InstructionClass {
  /** Everything without a class of its own. */
  SIMPLE,
  BRANCH,
  /** A locked read-modify-write. */
  LOCKED,
  /** SYSCALL, SYSRET, SYSENTER or SYSEXIT. */
  SYSCALL,
  /** INT n, INT3, INTO, UD: without the delivery that follows. */
  SOFTWARE_INTERRUPT,
  SWAPGS,
  CPUID,
  /** IN, OUT, INS, OUTS: the processor's part, without the device. */
  PORT_IO,
  RDMSR,
  WRMSR,
  /** HLT: entering the halt state, not the time spent there. */
  HLT,
  /** MOV to CR0, LMSW and CLTS. */
  MOV_TO_CR0,
  MOV_TO_CR3,
  MOV_TO_CR4,
  MOV_TO_CR8,
  /** MOV from any control register, and SMSW. */
  MOV_FROM_CR,
  MOV_DR,
  INVLPG,
  INVPCID,
  RDTSC,
  RDPMC,
  PAUSE,
  MONITOR,
  MWAIT,
  /** WBINVD and INVD: without the write-back traffic. */
  WBINVD,
  XSETBV,
  /** RDRAND and RDSEED. */
  RDRAND,
  /** LGDT, LIDT, LLDT, LTR and their stores. */
  DESCRIPTOR_TABLE;

  /** The name of this price in a profile file and for {@code --set}. */
  public String key() {
    return "instruction." + name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
