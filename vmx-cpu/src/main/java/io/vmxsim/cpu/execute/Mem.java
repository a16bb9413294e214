package io.vmxsim.cpu.execute;

import io.vmxsim.cpu.ApicAccessPage;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.DebugRegisters;
import io.vmxsim.cpu.Processor;
import io.vmxsim.cpu.board.Bus;
import io.vmxsim.ept.Access;
import io.vmxsim.ept.Mmu;
import io.vmxsim.ept.OpenPages;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult.Status;
import io.vmxsim.vmcs.SecondaryControl;
import org.jspecify.annotations.Nullable;

/**
 * Loads and stores at linear addresses, through the modelled MMU. Values are zero-extended on
 * loads; sizes are 1, 2, 4 or 8 bytes. A fault ends the instruction by {@link NotCompleted} before
 * anything is written.
 *
 * <p>Most accesses are to pages that the MMU has been told the bytes of ({@link Mmu#open}): pages
 * of RAM, and for stores none that code has been decoded from.
 */
final class Mem {
  private static final int PAGE = PhysicalMemory.PAGE_BYTES;
  private static final int OFFSET = PAGE - 1;
  private static final int PAGE_SHIFT = 12;
  private static final int LINE = 64;

  /** Wider operands ask for their own alignment, if for any. */
  private static final int LARGEST_CHECKED = 10;

  /** A question to the MMU that no page answers: one of its accesses does not exist. */
  private static final long NO_PAGE = -1;

  private final Processor processor;
  private final CpuState state;
  private final Bus bus;
  private final Mmu mmu;
  private final OpenPages loads;
  private final OpenPages stores;
  private final PhysicalMemory memory;
  private final CodeCache code;
  private final Horizon horizon;
  private final Faults faults;

  private final DebugRegisters debug;

  /** What translates in place of the MMU, for a VMM that emulates; else null. */
  private final @Nullable EmulationPort port;

  private transient @Nullable AccessObserver observer;

  /** Whether alignment or data breakpoints are looked at. */
  private boolean inspects;

  private boolean checksAlignment;

  /** The number of the APIC-access page, which no page has while accesses to it are plain. */
  private long apicFrame = -1;

  /** {@link Access#USER} at CPL 3, else 0. */
  private int privilege;

  /** How the MMU is asked for the bytes of a page. */
  private long loadQuestion = NO_PAGE;

  private long storeQuestion = NO_PAGE;

  private long updateAddress;
  private long updateAddress2;
  private int updateFirst;
  private long updateLinear;
  private int updateSize;

  /** Whether instructions with a LOCK prefix are looked at. */
  private boolean watchesLocks;

  Mem(
      Processor processor,
      CodeCache code,
      Horizon horizon,
      Faults faults,
      @Nullable EmulationPort port) {
    this.processor = processor;
    this.port = port;
    state = processor.state();
    bus = processor.bus();
    mmu = processor.mmu();
    loads = mmu.loads();
    stores = mmu.stores();
    memory = processor.memory();
    debug = processor.debug();
    this.code = code;
    this.horizon = horizon;
    this.faults = faults;
    code.beforeCodeInAnotherPage(stores::closeForWrites);
  }

  /** Sets who is told of accesses; null for nobody. To be followed by {@link #refresh}. */
  void observe(@Nullable AccessObserver newObserver) {
    observer = newObserver;
  }

  /** Takes notice of privilege level, alignment checking, breakpoints and bus-lock detection. */
  void refresh() {
    watchesLocks = processor.intercepts().on(SecondaryControl.VMM_BUS_LOCK_DETECTION);
    apicFrame = processor.apicAccessPage().frame();
    boolean user = state.cpl() == 3;
    privilege = user ? Access.USER : 0;
    checksAlignment =
        user && (state.cr0() & CpuState.CR0_AM) != 0 && (state.controlFlags() & CpuState.AC) != 0;
    inspects = checksAlignment || debug.isArmed();
    boolean alone = inspects || port != null || observer != null;
    loadQuestion = alone ? NO_PAGE : Mmu.question(Access.READ | privilege);
    storeQuestion = alone ? NO_PAGE : Mmu.question(Access.WRITE | privilege);
  }

  /**
   * The bytes of the page for a load, which is translated and counted then; null, and nothing has
   * happened, if it is a matter for {@link #load}.
   */
  byte @Nullable [] pageForLoad(long linear, int size) {
    return loads.readable(linear, size, loadQuestion);
  }

  /** The load that {@link #pageForLoad} has just counted is not made yet. */
  void retractLoad(long linear) {
    loads.retractRead(linear);
  }

  /** The same for a store or a read-modify-write. */
  byte @Nullable [] pageForStore(long linear, int size) {
    return stores.writable(linear, size, storeQuestion);
  }

  /** Where in its page an address is. */
  static int offset(long linear) {
    return (int) linear & OFFSET;
  }

  /** Whether every access must be made for itself. */
  boolean inspects() {
    return inspects;
  }

  /** Whether operands that are not aligned are #AC. */
  boolean checksAlignment() {
    return checksAlignment;
  }

  /** "Alignment Check Exception" (6.15), and breakpoints on data. */
  private void inspect(long linear, int size, boolean writes) {
    if (checksAlignment && (linear & size - 1) != 0) {
      throw faults.alignmentCheck();
    }
    debug.access(linear, size, writes);
  }

  /** A load by the program. */
  long load(long linear, int size) {
    byte[] page = pageForLoad(linear, size);
    if (page != null) {
      return LittleEndian.get(page, offset(linear), size);
    }
    if (inspects) {
      inspect(linear, size, false);
    }
    return load(linear, size, Access.READ | privilege);
  }

  /** A load of a part of an operand whose alignment is not looked at. */
  long loadPart(long linear, int size) {
    byte[] page = pageForLoad(linear, size);
    if (page != null) {
      return LittleEndian.get(page, offset(linear), size);
    }
    if (inspects) {
      debug.access(linear, size, false);
    }
    return load(linear, size, Access.READ | privilege);
  }

  /** A load of a descriptor or of the TSS, which is a supervisor-mode access at any CPL. */
  long loadImplicitly(long linear, int size) {
    return load(linear, size, Access.READ | Access.IMPLICIT);
  }

  private long load(long linear, int size, int access) {
    AccessObserver told = observer;
    if (told == null) {
      return loadUnobserved(linear, size, access);
    }
    told.load(linear, size);
    long value = loadUnobserved(linear, size, access);
    told.loaded(value);
    return value;
  }

  private long loadUnobserved(long linear, int size, int access) {
    if (((int) linear & OFFSET) + size > PAGE) {
      return loadAcross(linear, size, access);
    }
    return read(translate(linear, size, access), size);
  }

  private long read(long address, int size) {
    if (!bus.isRam(address)) {
      horizon.meetDevice();
      return processor.readDevice(address, size);
    }
    return switch (size) {
      case 1 -> memory.read8(address);
      case 2 -> memory.read16(address);
      case 4 -> memory.read32(address) & 0xffffffffL;
      default -> memory.read64(address);
    };
  }

  private long loadAcross(long linear, int size, int access) {
    int first = PAGE - ((int) linear & OFFSET);
    long low = translate(linear, first, access);
    long high = translate(linear + first, size - first, access);
    long value = 0;
    for (int i = 0; i < size; i++) {
      long at = i < first ? low + i : high + i - first;
      value |= read(at, 1) << (Byte.SIZE * i);
    }
    return value;
  }

  /** A store by the program. */
  void store(long linear, int size, long value) {
    byte[] page = pageForStore(linear, size);
    if (page != null) {
      LittleEndian.set(page, offset(linear), size, value);
      return;
    }
    if (inspects) {
      inspect(linear, size, true);
    }
    store(linear, size, value, Access.WRITE | privilege);
  }

  /** A store to a part of an operand whose alignment is not looked at. */
  void storePart(long linear, int size, long value) {
    byte[] page = pageForStore(linear, size);
    if (page != null) {
      LittleEndian.set(page, offset(linear), size, value);
      return;
    }
    if (inspects) {
      debug.access(linear, size, true);
    }
    store(linear, size, value, Access.WRITE | privilege);
  }

  /** A store by the processor as if at privilege level {@code cpl}: the stack of a handler. */
  void storeAs(int cpl, long linear, int size, long value) {
    debug.access(linear, size, true);
    store(linear, size, value, cpl == 3 ? Access.WRITE | Access.USER : Access.WRITE);
  }

  /** A store to a descriptor or the TSS. */
  void storeImplicitly(long linear, int size, long value) {
    store(linear, size, value, Access.WRITE | Access.IMPLICIT);
  }

  private void store(long linear, int size, long value, int access) {
    if (observer != null) {
      observer.store(linear, size, value);
    }
    if (((int) linear & OFFSET) + size > PAGE) {
      prepare(linear, size, access);
      storeAcross(size, value);
      return;
    }
    write(translate(linear, size, access), size, value);
  }

  private void write(long address, int size, long value) {
    if (!bus.isRam(address)) {
      horizon.meetDevice();
      processor.writeDevice(address, size, value);
      return;
    }
    code.written(address, size);
    switch (size) {
      case 1 -> memory.write8(address, (int) value);
      case 2 -> memory.write16(address, (int) value);
      case 4 -> memory.write32(address, (int) value);
      default -> memory.write64(address, value);
    }
  }

  private void storeAcross(int size, long value) {
    for (int i = 0; i < size; i++) {
      long at = i < updateFirst ? updateAddress + i : updateAddress2 + i - updateFirst;
      write(at, 1, value >>> (Byte.SIZE * i));
    }
  }

  /** The load of a read-modify-write, which is a write as far as paging goes. */
  long loadForUpdate(long linear, int size) {
    if (inspects) {
      inspect(linear, size, true);
    }
    probeStore(linear, size);
    if (updateFirst == size) {
      return read(updateAddress, size);
    }
    long value = 0;
    for (int i = 0; i < size; i++) {
      long at = i < updateFirst ? updateAddress + i : updateAddress2 + i - updateFirst;
      value |= read(at, 1) << (Byte.SIZE * i);
    }
    return value;
  }

  /** The store that ends a read-modify-write; it cannot fault. */
  void update(int size, long value) {
    if (updateFirst == size) {
      write(updateAddress, size, value);
    } else {
      storeAcross(size, value);
    }
    if (observer != null) {
      observer.updated(value);
    }
  }

  private void prepare(long linear, int size, int access) {
    updateLinear = linear;
    updateSize = size;
    updateFirst = Math.min(size, PAGE - ((int) linear & OFFSET));
    updateAddress = translate(linear, updateFirst, access);
    if (updateFirst < size) {
      updateAddress2 = translate(linear + updateFirst, size - updateFirst, access);
    }
  }

  /** Whether bus locks are of interest. */
  boolean watchesLocks() {
    return watchesLocks;
  }

  /**
   * The read-modify-write that has just ended was locked: the bus was, if it crossed a cache line
   * ("Bus Locking", 8.1.2; all memory is write-back). Events are looked at before the next
   * instruction then.
   */
  void locked() {
    if ((updateLinear & LINE - 1) + updateSize > LINE) {
      processor.pending().pendBusLock();
      horizon.meetDevice();
    }
  }

  /** Whether bytes could be stored, which faults if they could not. */
  void probeStore(long linear, int size) {
    if (checksAlignment && size <= LARGEST_CHECKED && (linear & alignment(size)) != 0) {
      throw faults.alignmentCheck();
    }
    probeStoreOfParts(linear, size);
  }

  /**
   * Faults if a byte of an area may not be accessed: its last is looked at first, as processors do,
   * then those before it. So nothing faults once a part of it has changed.
   */
  void probeArea(long linear, int bytes, boolean stores) {
    probeArea(linear, 0, bytes, stores);
  }

  /** The same of an area whose first bytes are not accessed. */
  void probeArea(long linear, int from, int bytes, boolean stores) {
    long last = linear + bytes - 1;
    probeByte(last, stores);
    for (long at = linear + from; at < (last & -PAGE); at = (at & -PAGE) + PAGE) {
      probeByte(at, stores);
    }
  }

  private void probeByte(long linear, boolean stores) {
    if (stores) {
      probeStoreOfParts(linear, 1);
    } else {
      runForLoad(linear, 1);
    }
  }

  /** As {@link #probeStore}, for parts that ask for no alignment. */
  void probeStoreOfParts(long linear, int size) {
    if (observer != null) {
      observer.update(linear, size);
    }
    prepare(linear, size, Access.WRITE | privilege);
  }

  /** Low bits that are 0 in an aligned address: numbers of 80 bits are aligned as 64 bits are. */
  private static int alignment(int size) {
    return Integer.highestOneBit(size) - 1;
  }

  /** Whether an address is plain RAM, so that its page's bytes may be had at once. */
  boolean isRam(long address) {
    return bus.isRam(address) && address >>> PAGE_SHIFT != apicFrame;
  }

  /** The physical address of a run of bytes within one page, for a load of all of them. */
  long runForLoad(long linear, int size) {
    if (observer != null) {
      observer.load(linear, size);
    }
    return translatePlainly(linear, size, Access.READ | privilege);
  }

  /** The physical address of a run of bytes within one page, for a store to all of them. */
  long runForStore(long linear, int size) {
    if (observer != null) {
      observer.update(linear, size);
    }
    long address = translatePlainly(linear, size, Access.WRITE | privilege);
    code.written(address, size);
    return address;
  }

  /** An iteration of a repeated string instruction is done, or several. */
  void iterated() {
    if (observer != null) {
      observer.iterated();
    }
  }

  /** What {@link #runForStore} was asked for has been done. */
  void stored(long linear, int size, long address) {
    if (observer != null) {
      observer.stored(linear, size, address);
    }
  }

  /** The physical address of the next instruction byte. */
  long fetch(long linear) {
    if (port != null) {
      return translatePlainly(linear, 1, Access.FETCH | privilege);
    }
    Status status = mmu.translate(linear, 1, Access.FETCH | privilege);
    if (status != Status.OK) {
      throw faults.translation(status);
    }
    long address = mmu.physicalAddress();
    if (address >>> PAGE_SHIFT == apicFrame) {
      throw faults.apicAccess(address, Access.FETCH);
    }
    return address;
  }

  /**
   * What {@link #fetch} would answer, if that is known and it is plain RAM; else -1. Changes
   * nothing.
   */
  long fetchable(long linear) {
    long address = mmu.fetchable(linear, Access.FETCH | privilege);
    return address >= 0 && isRam(address) ? address : -1;
  }

  /** Whether it is in the page of the last one, whose block was for that page. */
  boolean fetchesAgain(long linear) {
    return mmu.fetchesAgain(linear, Access.FETCH | privilege);
  }

  /** Where an access goes: on the APIC-access page elsewhere, or nowhere. */
  private long translate(long linear, int size, int access) {
    long address = translatePlainly(linear, size, access);
    return address >>> PAGE_SHIFT == apicFrame ? accessApic(address, size, access) : address;
  }

  private long accessApic(long address, int size, int access) {
    ApicAccessPage page = processor.apicAccessPage();
    if (!page.virtualizes(address, size, access)) {
      throw faults.apicAccess(address, access);
    }
    if (Access.kind(access) == Access.WRITE) {
      horizon.meetDevice();
    }
    return page.redirect(address, size, access);
  }

  private long translatePlainly(long linear, int size, int access) {
    if (port != null) {
      return translate(port, linear, access);
    }
    Status status = mmu.translate(linear, size, access);
    if (status != Status.OK) {
      throw faults.translation(status);
    }
    long address = mmu.physicalAddress();
    if (isRam(address)) {
      open(linear, access, address);
    }
    return address;
  }

  private long translate(EmulationPort software, long linear, int access) {
    if (software.translate(linear, access) != Status.OK) {
      throw faults.page(software.errorCode(), linear);
    }
    return software.guestPhysical();
  }

  private void open(long linear, int access, long address) {
    boolean written = Access.kind(access) == Access.WRITE && code.isIn(address);
    byte[] page = written ? null : memory.allocatedPage(address);
    if (page != null) {
      mmu.open(linear, access, page);
    }
  }
}
