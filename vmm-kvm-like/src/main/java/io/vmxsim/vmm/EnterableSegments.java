package io.vmxsim.vmm;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;

/**
 * Whether a processor without "unrestricted guest" can be entered with a guest's segment registers:
 * "Checks on Guest Segment Registers" (26.3.1.2), as far as a guest can come to break them. It does
 * on its way from real mode to protected mode, whose segments it has yet to load. In virtual-8086
 * mode a guest's segments are always as they must be.
 */
final class EnterableSegments {
  private static final int RPL = 3;
  private static final int CODE = 1 << 3;
  private static final int CONFORMING = 1 << 2;

  /** Of a code segment that it can be read, of a data segment that it can be written. */
  private static final int READ_OR_WRITE = 1 << 1;

  private static final int ACCESSED = 1;
  private static final int NOT_SYSTEM = 1 << 4;
  private static final int TABLE_INDICATOR = 1 << 2;
  private static final int LDT = 2 | Segment.PRESENT;
  private static final int BUSY_TSS_16 = 3 | Segment.PRESENT;
  private static final int TYPE_SYSTEM_PRESENT = 0xf | NOT_SYSTEM | Segment.PRESENT;

  private EnterableSegments() {}

  /** Whether it can; {@code state} is in protected mode. */
  static boolean in(CpuState state) {
    if ((state.rflags() & CpuState.VM) != 0) {
      return true;
    }
    return isCode(state)
        && isStack(state)
        && isData(state, Segment.DS)
        && isData(state, Segment.ES)
        && isData(state, Segment.FS)
        && isData(state, Segment.GS)
        && isTaskAndTable(state);
  }

  private static boolean isCode(CpuState state) {
    int rights = rights(state, Segment.CS);
    int stackDpl = dpl(rights(state, Segment.SS));
    boolean privilege =
        (rights & CONFORMING) != 0 ? dpl(rights) <= stackDpl : dpl(rights) == stackDpl;
    return isPresent(rights) && (rights & CODE) != 0 && privilege;
  }

  private static boolean isStack(CpuState state) {
    int rights = rights(state, Segment.SS);
    int rpl = selector(state, Segment.SS) & RPL;
    boolean usable = (rights & Segment.UNUSABLE) == 0;
    return dpl(rights) == rpl
        && rpl == (selector(state, Segment.CS) & RPL)
        && (!usable || (isPresent(rights) && (rights & (CODE | READ_OR_WRITE)) == READ_OR_WRITE));
  }

  private static boolean isData(CpuState state, Segment segment) {
    int rights = rights(state, segment);
    if ((rights & Segment.UNUSABLE) != 0) {
      return true;
    }
    boolean conforming = (rights & (CODE | CONFORMING)) == (CODE | CONFORMING);
    return isPresent(rights)
        && ((rights & CODE) == 0 || (rights & READ_OR_WRITE) != 0)
        && (conforming || dpl(rights) >= (selector(state, segment) & RPL));
  }

  private static boolean isPresent(int rights) {
    int wanted = Segment.PRESENT | NOT_SYSTEM | ACCESSED;
    return (rights & (Segment.UNUSABLE | wanted)) == wanted;
  }

  private static boolean isTaskAndTable(CpuState state) {
    int task = rights(state, Segment.TR) & (Segment.UNUSABLE | TYPE_SYSTEM_PRESENT);
    int table = rights(state, Segment.LDTR);
    boolean isTask = task == BUSY_TSS_16 || task == Segment.BUSY_TSS;
    boolean noTable = (table & Segment.UNUSABLE) != 0;
    boolean isTable = noTable || (table & TYPE_SYSTEM_PRESENT) == LDT;
    int tableIndicators =
        selector(state, Segment.TR) | (noTable ? 0 : selector(state, Segment.LDTR));
    return isTask && isTable && (tableIndicators & TABLE_INDICATOR) == 0;
  }

  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  private static int rights(CpuState state, Segment segment) {
    return state.accessRights[segment.ordinal()];
  }

  @SuppressWarnings("EnumOrdinal") // register files are indexed in declaration order
  private static int selector(CpuState state, Segment segment) {
    return state.selectors[segment.ordinal()];
  }

  private static int dpl(int rights) {
    return rights >> 5 & RPL;
  }
}
