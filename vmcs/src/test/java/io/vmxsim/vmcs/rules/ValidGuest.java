package io.vmxsim.vmcs.rules;

import io.vmxsim.vmcs.EntryControl;
import io.vmxsim.vmcs.SecondaryControl;
import io.vmxsim.vmcs.VmcsField;
import java.util.Random;

/** Chooses a guest's registers at random so that they pass the checks on them. */
final class ValidGuest {

  /** The modes in which segments and paging are checked differently. */
  enum Mode {
    REAL,
    UNPAGED,
    VIRTUAL_8086,
    PAGED_32,
    PAE,
    COMPATIBILITY,
    LONG;

    boolean isIa32e() {
      return this == COMPATIBILITY || this == LONG;
    }

    boolean needsUnrestricted() {
      return this == REAL || this == UNPAGED;
    }
  }

  private final Random random;
  private final Scenario scenario;
  private final Mode mode;
  private final ValidValues values;
  private int cpl;

  ValidGuest(Random random, Scenario scenario, Mode mode) {
    this.random = random;
    this.scenario = scenario;
    this.mode = mode;
    values = new ValidValues(random, scenario.cpu());
  }

  void choose() {
    cpl = mode == Mode.REAL ? 0 : mode == Mode.VIRTUAL_8086 ? 3 : random.nextInt(4);
    controlRegisters();
    msrs();
    segments();
    tables();
    scenario.set(VmcsField.GUEST_RIP, values.address(mode == Mode.LONG));
    new ValidGuestState(random, scenario, mode, cpl).choose();
    pdptes();
  }

  private void controlRegisters() {
    long cr0 = values.cr0();
    long cr4 = values.cr4() | 1 << 5;
    switch (mode) {
      case REAL -> cr0 &= ~(1L << 31 | 1);
      case UNPAGED -> cr0 &= ~(1L << 31);
      case PAGED_32 -> cr4 &= ~(1L << 5);
      default -> {}
    }
    if (!mode.isIa32e()) {
      cr4 &= ~(1L << 17 | 1L << 32);
    }
    boolean fred = cr4 >>> 32 != 0;
    if (fred && mode == Mode.LONG) {
      cpl = random.nextBoolean() ? 0 : 3;
    } else if (fred) {
      cpl = 3;
    }
    cr0 |= (cr4 >>> 23 & 1) << 16;
    scenario.set(VmcsField.GUEST_CR0, cr0);
    scenario.set(VmcsField.GUEST_CR4, cr4);
    scenario.set(VmcsField.GUEST_CR3, values.cr3());
  }

  private void msrs() {
    scenario.set(VmcsField.GUEST_DR7, random.nextLong() >>> 32);
    scenario.set(VmcsField.GUEST_IA32_DEBUGCTL, random.nextLong() & 0xFFC3);
    scenario.set(VmcsField.GUEST_IA32_SYSENTER_ESP, values.canonical());
    scenario.set(VmcsField.GUEST_IA32_SYSENTER_EIP, values.canonical());
    scenario.set(VmcsField.GUEST_IA32_PERF_GLOBAL_CTRL, random.nextLong() & 0x7_0000_000FL);
    scenario.set(VmcsField.GUEST_IA32_PAT, values.pat());
    boolean ia32e = scenario.on(EntryControl.IA_32E_MODE_GUEST);
    if (scenario.on(EntryControl.LOAD_IA32_EFER)) {
      boolean lme = ia32e || (mode.needsUnrestricted() && random.nextBoolean());
      scenario.set(
          VmcsField.GUEST_IA32_EFER,
          (random.nextLong() & 0x801) | (ia32e ? 1 << 10 : 0) | (lme ? 1 << 8 : 0));
    }
    scenario.set(VmcsField.GUEST_IA32_BNDCFGS, values.canonical() & (-1L << 12 | 3));
    scenario.set(VmcsField.GUEST_IA32_RTIT_CTL, random.nextLong() & 0x3FFF);
    scenario.set(VmcsField.GUEST_IA32_LBR_CTL, random.nextLong() & 0x7F000F);
    scenario.set(VmcsField.GUEST_IA32_PKRS, random.nextLong() >>> 32);
    scenario.set(VmcsField.GUEST_UINV, random.nextInt(256));
    if (scenario.on(EntryControl.LOAD_CET_STATE)) {
      scenario.set(VmcsField.GUEST_IA32_S_CET, values.supervisorCet(true));
      scenario.set(VmcsField.GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR, values.canonical());
      scenario.set(VmcsField.GUEST_SSP, values.canonical() & ~3L);
    }
    values.fred(scenario, "GUEST");
  }

  private void segments() {
    boolean v86 = mode == Mode.VIRTUAL_8086;
    for (SegmentRegister register : SegmentRegister.CODE_AND_DATA) {
      if (v86) {
        long selector = random.nextInt(0x10000);
        put(register, selector, selector << 4, 0xFFFF, 0xF3);
      } else {
        codeOrData(register);
      }
    }
    system(SegmentRegister.TR, mode.isIa32e() || random.nextBoolean() ? 11 : 3);
    if (random.nextInt(4) == 0) {
      long garbage = random.nextLong() | RegisterBits.ACCESS_UNUSABLE;
      put(SegmentRegister.LDTR, random.nextInt(), random.nextLong(), random.nextInt(), garbage);
    } else {
      system(SegmentRegister.LDTR, 2);
    }
  }

  private void codeOrData(SegmentRegister register) {
    boolean unrestricted = scenario.on(SecondaryControl.UNRESTRICTED_GUEST);
    if (register == SegmentRegister.CS) {
      code(unrestricted);
      return;
    }
    boolean stack = register == SegmentRegister.SS;
    long rpl = stack && !unrestricted ? cpl : random.nextInt(4);
    long selector = (random.nextInt(0x10000) & ~3) | rpl;
    boolean flat = register == SegmentRegister.FS || register == SegmentRegister.GS;
    long base = flat ? values.canonical() : random.nextLong() >>> 32;
    if (random.nextInt(5) == 0) {
      long garbage = (random.nextLong() & ~RegisterBits.ACCESS_DPL) | RegisterBits.ACCESS_UNUSABLE;
      put(register, selector, base, random.nextInt(), garbage | (long) cpl << 5);
      return;
    }
    int[] types = stack ? new int[] {3, 7} : new int[] {1, 3, 5, 7, 11, 15};
    long dpl = stack ? cpl : rpl + random.nextInt((int) (4 - rpl));
    long type = types[random.nextInt(types.length)];
    putUsable(register, selector, base, type | 1 << 4 | dpl << 5 | software());
  }

  private void code(boolean unrestricted) {
    boolean data = unrestricted && cpl == 0 && random.nextInt(3) == 0;
    boolean conforming = random.nextBoolean();
    long type = data ? 3 : (conforming ? 13 : 9) | (random.nextBoolean() ? 2 : 0);
    long dpl = !data && conforming ? random.nextInt(cpl + 1) : cpl;
    long l =
        switch (mode) {
          case LONG -> RegisterBits.ACCESS_L;
          case COMPATIBILITY -> 0;
          default -> random.nextBoolean() ? RegisterBits.ACCESS_L : 0;
        };
    long db = mode != Mode.LONG && random.nextBoolean() ? RegisterBits.ACCESS_DB : 0;
    long rpl = unrestricted ? random.nextInt(4) : cpl;
    putUsable(
        SegmentRegister.CS,
        (random.nextInt(0x10000) & ~3) | rpl,
        random.nextLong() >>> 32,
        type | 1 << 4 | dpl << 5 | l | db | (random.nextBoolean() ? 1 << 12 : 0));
  }

  /** AVL, bit 13 and D/B, which are not checked. */
  private long software() {
    return (long) random.nextInt(8) << 12;
  }

  private void system(SegmentRegister register, long type) {
    long selector = random.nextInt(0x10000) & ~4;
    putUsable(register, selector, values.canonical(), type | (long) random.nextInt(4) << 5);
  }

  private void putUsable(SegmentRegister register, long selector, long base, long rights) {
    boolean pages = random.nextBoolean();
    long limit = pages ? random.nextInt() | 0xFFF : random.nextInt() & 0xF_FFFF;
    long g = pages ? RegisterBits.ACCESS_G : 0;
    put(register, selector, base, limit, rights | g | RegisterBits.ACCESS_P);
  }

  private void put(SegmentRegister register, long selector, long base, long limit, long rights) {
    scenario.set(register.selector(), selector);
    scenario.set(register.base(), base);
    scenario.set(register.limit(), limit);
    scenario.set(register.rights(), rights);
  }

  private void tables() {
    scenario.set(VmcsField.GUEST_GDTR_BASE, values.canonical());
    scenario.set(VmcsField.GUEST_IDTR_BASE, values.canonical());
    scenario.set(VmcsField.GUEST_GDTR_LIMIT, random.nextInt(0x10000));
    scenario.set(VmcsField.GUEST_IDTR_LIMIT, random.nextInt(0x10000));
  }

  private void pdptes() {
    long table = scenario.get(VmcsField.GUEST_CR3) & 0xFFFF_FFE0L;
    for (int i = 0; i < 4; i++) {
      long address = values.cr3() & -0x1000;
      long entry = random.nextBoolean() ? address | 1 : random.nextLong() & ~1L;
      scenario.set(VmcsField.valueOf("GUEST_PDPTE" + i), entry);
      scenario.machine().memory.putIfAbsent(table + 8L * i, entry);
    }
  }
}
