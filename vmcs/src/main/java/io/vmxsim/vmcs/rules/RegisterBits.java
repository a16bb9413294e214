package io.vmxsim.vmcs.rules;

/**
 * Bits of registers that the checks name.
 *
 * <p>Source: SDM (June 2016) 2.5 “Control Registers”, 2.3 “System Flags and Fields in the EFLAGS
 * Register”, 24.4.1 “Guest Register State” (Table 24-2), 24.4.2 “Guest Non-Register State” (Tables
 * 24-3 and 24-4); CET and FRED from the edition of June 2026.
 */
final class RegisterBits {

  static final long CR0_PE = 1;
  static final long CR0_WP = 1L << 16;
  static final long CR0_NW = 1L << 29;
  static final long CR0_CD = 1L << 30;
  static final long CR0_PG = 1L << 31;

  static final long CR3_LAM = 3L << 61;

  static final long CR4_PAE = 1L << 5;
  static final long CR4_PCIDE = 1L << 17;
  static final long CR4_CET = 1L << 23;
  static final long CR4_FRED = 1L << 32;

  static final long RFLAGS_TF = 1L << 8;
  static final long RFLAGS_IF = 1L << 9;
  static final long RFLAGS_IOPL = 3L << 12;
  static final long RFLAGS_VM = 1L << 17;

  static final long EFER_LME = 1L << 8;
  static final long EFER_LMA = 1L << 10;

  static final long DEBUGCTL_BTF = 1L << 1;

  static final long S_CET_SUPPRESS = 1L << 10;
  static final long S_CET_TRACKER = 1L << 11;

  static final long SELECTOR_RPL = 3;
  static final long SELECTOR_TI = 4;

  static final long ACCESS_TYPE = 0xF;
  static final long ACCESS_S = 1L << 4;
  static final long ACCESS_DPL = 3L << 5;
  static final long ACCESS_P = 1L << 7;
  static final long ACCESS_RESERVED_11_8 = 0xFL << 8;
  static final long ACCESS_L = 1L << 13;
  static final long ACCESS_DB = 1L << 14;
  static final long ACCESS_G = 1L << 15;
  static final long ACCESS_UNUSABLE = 1L << 16;
  static final long ACCESS_RESERVED_31_17 = 0xFFFE_0000L;

  static final long BLOCKING_BY_STI = 1;
  static final long BLOCKING_BY_MOV_SS = 1L << 1;
  static final long BLOCKING_BY_SMI = 1L << 2;
  static final long BLOCKING_BY_NMI = 1L << 3;
  static final long ENCLAVE_INTERRUPTION = 1L << 4;

  static final long PENDING_ENABLED_BREAKPOINT = 1L << 12;
  static final long PENDING_BS = 1L << 14;
  static final long PENDING_RTM = 1L << 16;

  static final long BITS_63_32 = -1L << 32;

  private RegisterBits() {}
}
