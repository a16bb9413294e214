package io.vmxsim.validation;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.EptFeatures;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkObserver.Dimension;
import io.vmxsim.ept.WalkResult.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Address translation written down from the SDM a second time, slowly: no tables of masks, no
 * accumulated rights, every condition as the manual words it. It shares with the walks of {@code
 * io.vmxsim.ept} only the registers and the memory it reads, and is what they are compared with.
 *
 * <p>SDM chapter 4, "Paging", and chapter 28, "VMX Support for Address Translation"; for 5-level
 * paging, IA32_PKRS, 5-level EPT and mode-based execute control, the 2026-06 edition.
 */
public final class ReferenceWalk {
  /** One entry read. */
  public record EntryRead(Dimension dimension, int level, long address, long entry) {}

  /**
   * How a translation ends. Values that the SDM leaves undefined for the status are 0.
   *
   * @param guestPhysical OK: of the access; EPT violation, misconfiguration: what caused it
   * @param detail page-fault error code or exit qualification
   * @param guestPageShift 52 while CR0.PG = 0
   * @param eptPageShift 52 while EPT is not in use
   * @param reads entries read, in order
   * @param flags accessed and dirty flags set, by address of the entry
   */
  public record Outcome(
      Status status,
      long guestPhysical,
      long physical,
      long detail,
      int guestPageShift,
      int eptPageShift,
      int memoryType,
      boolean global,
      List<EntryRead> reads,
      Map<Long, Long> flags) {}

  private final PhysicalMemory memory;
  private final PagingState registers;
  private final long eptp;
  private final @Nullable EptFeatures eptFeatures;

  private int access;
  private long linearAddress;
  private final List<EntryRead> reads = new ArrayList<>();
  private final Map<Long, Long> flags = new TreeMap<>();

  /**
   * A reference for one setting.
   *
   * @param eptFeatures null while EPT is not in use
   */
  public ReferenceWalk(
      PhysicalMemory memory, PagingState registers, long eptp, @Nullable EptFeatures eptFeatures) {
    this.memory = memory;
    this.registers = registers;
    this.eptp = eptp;
    this.eptFeatures = eptFeatures;
  }

  /** Translates a linear address for an access as {@link Access} codes it. */
  public Outcome translate(long address, int accessCode) {
    linearAddress = address;
    access = accessCode;
    reads.clear();
    flags.clear();
    try {
      LinearTranslation linear = translateLinear();
      EptTranslation physical = translateGuestPhysical(linear.address, dataOrFetch(), linear);
      return new Outcome(
          Status.OK,
          linear.address,
          physical.address,
          0,
          linear.pageShift,
          physical.pageShift,
          memoryType(linear, physical),
          linear.global,
          List.copyOf(reads),
          Map.copyOf(flags));
    } catch (Ended ended) {
      return new Outcome(
          ended.status,
          ended.guestPhysical,
          0,
          ended.detail,
          0,
          0,
          0,
          false,
          List.copyOf(reads),
          Map.copyOf(flags));
    }
  }

  // ---------------------------------------------------------------- Linear addresses (chapter 4)

  /** A guest paging-structure entry in use. */
  private record GuestEntry(
      int level, long value, long guestPhysical, EptTranslation place, int bytes) {
    boolean bit(int n) {
      return ReferenceWalk.bit(value, n);
    }
  }

  /** The translation of a linear address, with every entry that controls it. */
  private record LinearTranslation(
      long address, int pageShift, List<GuestEntry> entries, boolean global, int patMemoryType) {
    /** "If the U/S flag is 0 in at least one of the entries, [it] is a supervisor-mode address." */
    boolean userMode() {
      return entries.stream().allMatch(e -> e.bit(2));
    }

    boolean readWrite() {
      return entries.stream().allMatch(e -> e.bit(1));
    }

    boolean executeDisable() {
      return entries.stream().anyMatch(e -> e.bytes == 8 && e.bit(63));
    }
  }

  private LinearTranslation translateLinear() {
    if (!bit(registers.cr0(), 31)) {
      // "If CR0.PG = 0, each linear address is treated as a guest-physical address."
      return new LinearTranslation(bits(linearAddress, 31, 0), 52, List.of(), false, 6);
    } else if (!bit(registers.cr4(), 5)) {
      return translate32Bit();
    } else if (!bit(registers.efer(), 8)) {
      return translatePae();
    } else {
      return translateIa32e(bit(registers.cr4(), 12) ? 5 : 4);
    }
  }

  /** 4.3 32-Bit Paging. */
  private LinearTranslation translate32Bit() {
    List<GuestEntry> entries = new ArrayList<>();
    GuestEntry pde = read(2, at(31, 12, registers.cr3()) | bits(linearAddress, 31, 22) << 2, 4);
    entries.add(pde);
    if (bit(registers.cr4(), 4) && pde.bit(7)) { // CR4.PSE = 1 and PS = 1: a 4-MByte page
      int m = Math.min(40, registers.maxPhyAddr());
      reserved(pde, 21, registers.pse36Supported() ? m - 19 : 13);
      long address =
          bits(pde.value, 20, 13) << 32 | at(31, 22, pde.value) | bits(linearAddress, 21, 0);
      return mapped(entries, pde, address, 22);
    }
    setFlags(pde, false);
    GuestEntry pte = read(1, at(31, 12, pde.value) | bits(linearAddress, 21, 12) << 2, 4);
    entries.add(pte);
    return mapped(entries, pte, at(31, 12, pte.value) | bits(linearAddress, 11, 0), 12);
  }

  /** 4.4 PAE Paging. */
  private LinearTranslation translatePae() {
    long pdpte = registers.pdpte((int) bits(linearAddress, 31, 30));
    if (!bit(pdpte, 0)) {
      throw pageFault(0);
    }
    List<GuestEntry> entries = new ArrayList<>();
    GuestEntry pde = read(2, at(51, 12, pdpte) | bits(linearAddress, 29, 21) << 3, 8);
    entries.add(pde);
    reserved(pde, 62, registers.maxPhyAddr());
    executeDisableReserved(pde);
    if (pde.bit(7)) {
      reserved(pde, 20, 13);
      return mapped(entries, pde, at(51, 21, pde.value) | bits(linearAddress, 20, 0), 21);
    }
    setFlags(pde, false);
    GuestEntry pte = read(1, at(51, 12, pde.value) | bits(linearAddress, 20, 12) << 3, 8);
    entries.add(pte);
    reserved(pte, 62, registers.maxPhyAddr());
    executeDisableReserved(pte);
    return mapped(entries, pte, at(51, 12, pte.value) | bits(linearAddress, 11, 0), 12);
  }

  /** 4.5 IA-32e Paging, and 5-level paging. */
  private LinearTranslation translateIa32e(int levels) {
    List<GuestEntry> entries = new ArrayList<>();
    long table = at(51, 12, registers.cr3());
    for (int level = levels; ; level--) {
      int low =
          switch (level) {
            case 5 -> 48;
            case 4 -> 39;
            case 3 -> 30;
            case 2 -> 21;
            default -> 12;
          };
      GuestEntry entry = read(level, table | bits(linearAddress, low + 8, low) << 3, 8);
      entries.add(entry);
      reserved(entry, 51, registers.maxPhyAddr());
      executeDisableReserved(entry);
      boolean page = level == 1;
      if (level >= 4 || (level == 3 && !registers.page1GSupported())) {
        reserved(entry, 7, 7); // PS must be 0
      } else if (level > 1 && entry.bit(7)) {
        reserved(entry, low - 1, 13);
        page = true;
      }
      if (page) {
        long address = at(51, low, entry.value) | bits(linearAddress, low - 1, 0);
        return mapped(entries, entry, address, low);
      }
      setFlags(entry, false);
      table = at(51, 12, entry.value);
    }
  }

  /** Step 1 of 28.2.3.3 for linear addresses: accesses an entry and consults its present flag. */
  private GuestEntry read(int level, long guestPhysical, int bytes) {
    EptTranslation place = translateGuestPhysical(guestPhysical, structureAccess(), null);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | memory.read8(place.address + i);
    }
    reads.add(new EntryRead(Dimension.GUEST, level, place.address, value));
    if (!bit(value, 0)) {
      throw pageFault(0);
    }
    return new GuestEntry(level, value, guestPhysical, place, bytes);
  }

  private void reserved(GuestEntry entry, int high, int low) {
    for (int n = low; n <= high; n++) {
      if (entry.bit(n)) {
        throw pageFault(1 | 1 << 3);
      }
    }
  }

  /** "If IA32_EFER.NXE = 0 and the P flag [...] is 1, the XD flag (bit 63) is reserved." */
  private void executeDisableReserved(GuestEntry entry) {
    if (!bit(registers.efer(), 11)) {
      reserved(entry, 63, 63);
    }
  }

  /** Step 2 of 28.2.3.3 for linear addresses: evaluates the privileges. */
  private LinearTranslation mapped(
      List<GuestEntry> entries, GuestEntry last, long address, int pageShift) {
    boolean global = last.bit(8) && bit(registers.cr4(), 7);
    int pat = last.bit(last.level == 1 ? 7 : 12) ? 1 : 0;
    int i = 4 * pat + 2 * (last.bit(4) ? 1 : 0) + (last.bit(3) ? 1 : 0);
    int patType = (int) bits(registers.pat(), 8 * i + 2, 8 * i);
    LinearTranslation t = new LinearTranslation(address, pageShift, entries, global, patType);

    int key = (int) bits(last.value, 62, 59);
    if (!ReferenceAccessRights.allowed(
        registers, access, t.userMode(), t.readWrite(), t.executeDisable(), key)) {
      boolean keyViolation =
          ReferenceAccessRights.protectionKeyFlag(registers, access, t.userMode(), key);
      throw pageFault(1 | (keyViolation ? 1 << 5 : 0));
    }
    setFlags(last, Access.isWrite(access));
    return t;
  }

  /** 4.8 Accessed and Dirty Flags; setting one is a data write (28.2.3.2), and here a read too. */
  private void setFlags(GuestEntry entry, boolean dirty) {
    long set = dirty ? 1 << 5 | 1 << 6 : 1 << 5;
    if ((entry.value & set) == set) {
      return;
    }
    if (!entry.place.allows(1)) {
      throw entry.place.violation(entry.guestPhysical, 1 | 1 << 1 | 1 << 7);
    }
    flags.merge(entry.place.address, set, (a, b) -> a | b);
  }

  private Ended pageFault(int cause) {
    int code = ReferenceAccessRights.accessFlags(registers, access) | cause;
    return new Ended(Status.PAGE_FAULT, 0, code);
  }

  // ---------------------------------------------------- Guest-physical addresses (chapter 28.2)

  /** Bits 2:0 of the exit qualification: what an access is. */
  private int dataOrFetch() {
    return Access.isFetch(access) ? 1 << 2 : Access.isWrite(access) ? 1 << 1 : 1;
  }

  /** "Processor accesses to guest paging-structure entries are treated as writes" under A/D. */
  private int structureAccess() {
    return bit(eptp, 6) ? 1 | 1 << 1 : 1;
  }

  /** The translation of a guest-physical address, with every EPT entry used. */
  private record EptTranslation(
      long address, int pageShift, List<Long> entries, boolean modeBasedExecute) {
    /** "The logical-AND of bit n in the EPT paging-structure entries used". */
    boolean allows(int n) {
      return entries.stream().allMatch(e -> bit(e, n));
    }

    Ended violation(long guestPhysical, long accessBits) {
      long detail = accessBits;
      detail |= allows(0) ? 1 << 3 : 0;
      detail |= allows(1) ? 1 << 4 : 0;
      detail |= allows(2) ? 1 << 5 : 0;
      detail |= modeBasedExecute && allows(10) ? 1 << 6 : 0;
      return new Ended(Status.EPT_VIOLATION, guestPhysical, detail);
    }
  }

  /**
   * The iterative process of 28.2.3.3 for an access to a guest-physical address.
   *
   * @param accessType bits 2:0 of the exit qualification
   * @param linear the translation that ends here; null for an access to a paging structure
   */
  private EptTranslation translateGuestPhysical(
      long gpa, int accessType, @Nullable LinearTranslation linear) {
    if (eptFeatures == null) {
      return new EptTranslation(gpa, 52, List.of(), false);
    }
    boolean mbec = eptFeatures.modeBasedExecute();
    int levels = (int) bits(eptp, 5, 3) + 1;
    long accessBits = accessType | 1 << 7 | (linear == null ? 0 : translationBits(linear));
    if (levels == 4 && bits(gpa, 51, 48) != 0) {
      throw new Ended(Status.EPT_VIOLATION, gpa, accessBits);
    }
    List<Long> entries = new ArrayList<>();
    long table = at(51, 12, eptp);
    for (int level = levels; ; level--) {
      int low = 12 + 9 * (level - 1);
      long address = table | bits(gpa, low + 8, low) << 3;
      long entry = memory.read64(address);
      reads.add(new EntryRead(Dimension.EPT, level, address, entry));
      entries.add(entry);
      if (bits(entry, 2, 0) == 0 && !(mbec && bit(entry, 10))) { // 1a
        throw new Ended(Status.EPT_VIOLATION, gpa, accessBits);
      }
      boolean page = level == 1 || (level <= 3 && bit(entry, 7));
      if (misconfigured(entry, level, page, eptFeatures)) { // 1b
        throw new Ended(Status.EPT_MISCONFIGURATION, gpa, 0);
      }
      if (page) { // 1c ii
        long translated = at(51, low, entry) | bits(gpa, low - 1, 0);
        EptTranslation t = new EptTranslation(translated, low, entries, mbec);
        if (!allowed(t, accessType, linear)) { // 2a
          throw t.violation(gpa, accessBits);
        }
        setEptFlags(address, entry, bit(accessType, 1));
        return t;
      }
      setEptFlags(address, entry, false);
      table = at(51, 12, entry); // 1c i
    }
  }

  /** Bits 11:8 of the exit qualification, table 27-7 (2026-06 edition: table 30-7). */
  private long translationBits(LinearTranslation linear) {
    long bits = 1 << 8;
    if (eptFeatures != null && eptFeatures.supports(1 << 22)) {
      bits |= linear.userMode() ? 1 << 9 : 0;
      bits |= linear.readWrite() ? 1 << 10 : 0;
      bits |= linear.executeDisable() ? 1 << 11 : 0;
    }
    return bits;
  }

  /** 28.2.3.1 EPT Misconfigurations. */
  private static boolean misconfigured(long entry, int level, boolean page, EptFeatures features) {
    if (!bit(entry, 0)) {
      if (bit(entry, 1)) {
        return true;
      }
      boolean executable = bit(entry, 2) || (features.modeBasedExecute() && bit(entry, 10));
      if (executable && !features.supports(1)) {
        return true;
      }
    }
    for (int n = features.maxPhyAddr(); n <= 51; n++) {
      if (bit(entry, n)) {
        return true;
      }
    }
    if (page) {
      long type = bits(entry, 5, 3);
      boolean unsupportedSize =
          (level == 3 && !features.supports(1 << 17))
              || (level == 2 && !features.supports(1 << 16));
      int low = 12 + 9 * (level - 1);
      boolean frameUnaligned = level > 1 && bits(entry, low - 1, 12) != 0;
      return type == 2 || type == 3 || type == 7 || unsupportedSize || frameUnaligned;
    }
    return level >= 4 ? bits(entry, 7, 3) != 0 : bits(entry, 6, 3) != 0;
  }

  /** 28.2.3.2 EPT Violations. */
  private static boolean allowed(
      EptTranslation t, int accessType, @Nullable LinearTranslation linear) {
    if (bit(accessType, 0) && !t.allows(0)) {
      return false;
    }
    if (bit(accessType, 1) && !t.allows(1)) {
      return false;
    }
    if (bit(accessType, 2)) {
      boolean userMode = linear != null && linear.userMode();
      return (t.modeBasedExecute && userMode) ? t.allows(10) : t.allows(2);
    }
    return true;
  }

  /** 28.2.4 Accessed and Dirty Flags for EPT. */
  private void setEptFlags(long address, long entry, boolean dirty) {
    if (bit(eptp, 6)) {
      long set = dirty ? 1 << 8 | 1 << 9 : 1 << 8;
      if ((entry & set) != set) {
        flags.merge(address, set, (a, b) -> a | b);
      }
    }
  }

  /** 28.2.6.2; without EPT, table 11-7 with the MTRR memory type WB. */
  private int memoryType(LinearTranslation linear, EptTranslation physical) {
    if (bit(registers.cr0(), 30)) {
      return 0;
    }
    if (physical.entries.isEmpty()) {
      return ReferenceAccessRights.effectiveMemoryType(6, linear.patMemoryType);
    }
    long last = physical.entries.get(physical.entries.size() - 1);
    int eptType = (int) bits(last, 5, 3);
    return bit(last, 6)
        ? eptType
        : ReferenceAccessRights.effectiveMemoryType(eptType, linear.patMemoryType);
  }

  // -------------------------------------------------------------------------------------- Words

  private static boolean bit(long value, int n) {
    return (value >>> n & 1) != 0;
  }

  /** The bits of a value, moved down. */
  private static long bits(long value, int high, int low) {
    return value << (63 - high) >>> (63 - high + low);
  }

  /** The bits of a value, left where they are. */
  private static long at(int high, int low, long value) {
    return bits(value, high, low) << low;
  }

  /** The translation ends without a physical address. */
  private static final class Ended extends RuntimeException {
    private static final long serialVersionUID = 1;
    final Status status;
    final long guestPhysical;
    final long detail;

    Ended(Status status, long guestPhysical, long detail) {
      super(null, null, false, false);
      this.status = status;
      this.guestPhysical = guestPhysical;
      this.detail = detail;
    }
  }
}
