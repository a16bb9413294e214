package io.vmxsim.validation;

import io.vmxsim.ept.EptBuilder;
import io.vmxsim.ept.EptRights;
import io.vmxsim.ept.GuestTableBuilder;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.TableArea;
import io.vmxsim.ept.TableMemory;

/**
 * A guest with paging structures of any mode behind EPT structures of any depth and page sizes, or
 * on the bare machine.
 *
 * <p>Guest structures lie in the second GiB of guest-physical addresses. Guest-physical addresses
 * are backed {@value #BACKING} bytes higher; EPT structures lie below that.
 */
final class TwoDimensions {
  static final long BACKING = 8L << 30;
  private static final long GUEST_TABLES = 1L << 30;
  private static final long EPT_TABLES = 1L << 20;

  final PhysicalMemory memory = new PhysicalMemory(46);
  final PagingState state = new PagingState(46);
  private final EptBuilder ept;
  private final boolean nested;
  private final int tablePageShift;
  private long nextGuestTable = GUEST_TABLES;

  private TwoDimensions(boolean nested, int walkLength, int tablePageShift) {
    this.nested = nested;
    this.tablePageShift = tablePageShift;
    this.ept = new EptBuilder(walkLength, new TableArea(memory, 0, EPT_TABLES));
  }

  /** Without EPT. */
  static TwoDimensions onBareMachine() {
    return new TwoDimensions(false, 4, 12);
  }

  /** Behind EPT; the guest's paging structures are backed by pages of the size given. */
  static TwoDimensions behindEpt(int walkLength, int tablePageShift) {
    return new TwoDimensions(true, walkLength, tablePageShift);
  }

  /** Turns paging on in a mode, with one guest page, and loads CR3 and the PDPTE registers. */
  void mapGuestPage(PagingMode mode, long linearAddress, long guestPhysical, int pageShift) {
    GuestTableBuilder tables = new GuestTableBuilder(mode, new GuestMemory());
    tables.map(linearAddress, guestPhysical, pageShift, 3L << 1);
    long cr4 = mode == PagingMode.BITS32 ? PagingState.CR4_PSE : PagingState.CR4_PAE;
    cr4 |= mode == PagingMode.FIVE_LEVEL ? PagingState.CR4_LA57 : 0;
    boolean ia32e = mode == PagingMode.FOUR_LEVEL || mode == PagingMode.FIVE_LEVEL;
    state.setControlRegisters(
        PagingState.CR0_PG, tables.root(), cr4, ia32e ? PagingState.EFER_LME : 0);
    if (mode == PagingMode.PAE) {
      for (int i = 0; i < 4; i++) {
        state.setPdpte(i, memory.read64(backing(tables.root() + 8L * i)));
      }
    }
  }

  /** Backs the guest-physical page at an address by an EPT page of the size given. */
  void back(long guestPhysical, int pageShift) {
    ept.map(guestPhysical, backing(guestPhysical), pageShift, EptRights.ALL);
  }

  boolean isNested() {
    return nested;
  }

  long eptp() {
    return ept.eptp(false);
  }

  long backing(long guestPhysical) {
    return nested ? guestPhysical + BACKING : guestPhysical;
  }

  private final class GuestMemory implements TableMemory {
    @Override
    public long read64(long address) {
      return memory.read64(backing(address));
    }

    @Override
    public void write64(long address, long value) {
      memory.write64(backing(address), value);
    }

    @Override
    public long allocateTable() {
      long table = nextGuestTable;
      nextGuestTable += 4096;
      if (nested) {
        back(table, tablePageShift);
      }
      return table;
    }
  }
}
