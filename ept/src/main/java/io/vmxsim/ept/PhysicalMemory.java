package io.vmxsim.ept;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Sparse physical memory of up to 2<sup>52</sup> bytes, little-endian.
 *
 * <p>A page of 4 KBytes is allocated when it is first written; absent pages read as zeros. The
 * directory is a radix tree over the address (11, 11, 9, 9 and 12 bits) whose absent branches all
 * lead to one shared page of zeros, so a read never tests for absence. Pages found lately are kept
 * at hand.
 *
 * <p>An address at or above 2<sup>{@code addressBits}</sup> is a fault of the simulator (reserved
 * bits are checked before an address is used) and gets {@link IllegalArgumentException}.
 */
public final class PhysicalMemory {
  /** Bytes of a page, the unit of allocation. */
  public static final int PAGE_BYTES = 4096;

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int OFFSET_MASK = PAGE_BYTES - 1;
  private static final int PAGE_SHIFT = 12;
  private static final int REGION_SHIFT = 30;

  /** A power of two. */
  private static final int RECENT_PAGES = 4096;

  private static final byte[] ABSENT_PAGE = new byte[PAGE_BYTES];
  private static final byte[][] ABSENT_CHUNK = new byte[512][]; // 2 MiB of pages
  private static final byte[][][] ABSENT_REGION = new byte[512][][]; // 1 GiB of chunks
  private static final byte[][][][] ABSENT_SPAN = new byte[2048][][][]; // 2 TiB of regions

  static {
    Arrays.fill(ABSENT_CHUNK, ABSENT_PAGE);
    Arrays.fill(ABSENT_REGION, ABSENT_CHUNK);
    Arrays.fill(ABSENT_SPAN, ABSENT_REGION);
  }

  private final int addressBits;
  private final byte[][][][][] spans;
  private long allocatedPages;

  /**
   * Pages found lately, by page number modulo the table's size, so that most accesses skip the
   * directory.
   *
   * <p>JUSTIFICATION: MmuBenchmark, 1 GiB random under EPT.
   */
  private final long[] recentNumbers = new long[RECENT_PAGES];

  private final byte[][] recentPages = new byte[RECENT_PAGES][];

  /**
   * An empty memory.
   *
   * @param addressBits width of an address in bits, 12 to 52
   */
  public PhysicalMemory(int addressBits) {
    if (addressBits < 12 || addressBits > 52) {
      throw new IllegalArgumentException("physical address width " + addressBits);
    }
    this.addressBits = addressBits;
    this.spans = new byte[2048][][][][];
    Arrays.fill(spans, ABSENT_SPAN);
    Arrays.fill(recentNumbers, -1);
    Arrays.fill(recentPages, ABSENT_PAGE);
  }

  /** Width of an address in bits. */
  public int addressBits() {
    return addressBits;
  }

  /** Bytes of simulated memory that cost host memory: 4096 for every page written so far. */
  public long allocatedBytes() {
    return allocatedPages * PAGE_BYTES;
  }

  /** The byte at {@code address}, 0 to 255. */
  public int read8(long address) {
    return pageForRead(address)[offset(address)] & 0xff;
  }

  /** The 16-bit value at {@code address}, zero-extended. */
  public int read16(long address) {
    int offset = offset(address);
    return offset <= PAGE_BYTES - 2
        ? (short) SHORTS.get(pageForRead(address), offset) & 0xffff
        : (int) readAcross(address, 2);
  }

  /** The 32-bit value at {@code address}. */
  public int read32(long address) {
    int offset = offset(address);
    return offset <= PAGE_BYTES - 4
        ? (int) INTS.get(pageForRead(address), offset)
        : (int) readAcross(address, 4);
  }

  /** The 64-bit value at {@code address}. */
  public long read64(long address) {
    int offset = offset(address);
    return offset <= PAGE_BYTES - 8
        ? (long) LONGS.get(pageForRead(address), offset)
        : readAcross(address, 8);
  }

  /** The 64-bit value at {@code address}, whose low three bits are taken for 0. */
  long readAligned64(long address) {
    return (long) LONGS.get(pageForRead(address), (int) address & (PAGE_BYTES - 8));
  }

  /** Writes the low 8 bits of {@code value}. */
  public void write8(long address, int value) {
    pageForWrite(address)[offset(address)] = (byte) value;
  }

  /** Writes the low 16 bits of {@code value}. */
  public void write16(long address, int value) {
    int offset = offset(address);
    if (offset <= PAGE_BYTES - 2) {
      SHORTS.set(pageForWrite(address), offset, (short) value);
    } else {
      writeAcross(address, 2, value);
    }
  }

  /** Writes a 32-bit value. */
  public void write32(long address, int value) {
    int offset = offset(address);
    if (offset <= PAGE_BYTES - 4) {
      INTS.set(pageForWrite(address), offset, value);
    } else {
      writeAcross(address, 4, value);
    }
  }

  /** Writes a 64-bit value. */
  public void write64(long address, long value) {
    int offset = offset(address);
    if (offset <= PAGE_BYTES - 8) {
      LONGS.set(pageForWrite(address), offset, value);
    } else {
      writeAcross(address, 8, value);
    }
  }

  /** Copies {@code length} bytes of memory from {@code address} on into {@code into}. */
  public void readBytes(long address, byte[] into, int from, int length) {
    for (int done = 0; done < length; ) {
      int part = Math.min(length - done, PAGE_BYTES - offset(address + done));
      System.arraycopy(
          pageForRead(address + done), offset(address + done), into, from + done, part);
      done += part;
    }
  }

  /** Copies {@code length} bytes of {@code source} into memory from {@code address} on. */
  public void writeBytes(long address, byte[] source, int from, int length) {
    for (int done = 0; done < length; ) {
      int part = Math.min(length - done, PAGE_BYTES - offset(address + done));
      System.arraycopy(
          source, from + done, pageForWrite(address + done), offset(address + done), part);
      done += part;
    }
  }

  /**
   * The bytes of the page that holds {@code address}, for reading only: an absent page is
   * represented by a shared page of zeros, and stays absent.
   */
  public byte[] pageForRead(long address) {
    long number = address >>> PAGE_SHIFT;
    int recent = (int) number & (RECENT_PAGES - 1);
    return recentNumbers[recent] == number ? recentPages[recent] : findPage(address);
  }

  /** The bytes of the page that holds {@code address}, allocated if absent. */
  public byte[] pageForWrite(long address) {
    byte[] page = pageForRead(address);
    return page != ABSENT_PAGE ? page : allocatePage(address);
  }

  /** As {@link #pageForRead} if the page is allocated, so that these are its bytes for good. */
  public byte @Nullable [] allocatedPage(long address) {
    byte[] page = pageForRead(address);
    return page == ABSENT_PAGE ? null : page;
  }

  /** The 64-bit value in a page at the offset of {@code address}, a multiple of 8. */
  static long entryOf(byte[] page, long address) {
    return (long) LONGS.get(page, (int) address & (PAGE_BYTES - 8));
  }

  private byte[] findPage(long address) {
    checkWidth(address);
    byte[][][][] span = spans[(int) (address >>> (REGION_SHIFT + 11))];
    byte[][][] region = span[(int) (address >>> REGION_SHIFT) & 2047];
    byte[] page = region[(int) (address >>> 21) & 511][(int) (address >>> PAGE_SHIFT) & 511];
    becomeRecent(address, page);
    return page;
  }

  private void becomeRecent(long address, byte[] page) {
    long number = address >>> PAGE_SHIFT;
    int recent = (int) number & (RECENT_PAGES - 1);
    recentNumbers[recent] = number;
    recentPages[recent] = page;
  }

  private byte[] allocatePage(long address) {
    int inSpan = (int) (address >>> REGION_SHIFT) & 2047;
    int inRegion = (int) (address >>> 21) & 511;
    int spanNumber = (int) (address >>> (REGION_SHIFT + 11));

    if (spans[spanNumber] == ABSENT_SPAN) {
      spans[spanNumber] = ABSENT_SPAN.clone();
    }
    byte[][][][] span = spans[spanNumber];
    if (span[inSpan] == ABSENT_REGION) {
      span[inSpan] = ABSENT_REGION.clone();
    }
    byte[][][] region = span[inSpan];
    if (region[inRegion] == ABSENT_CHUNK) {
      region[inRegion] = ABSENT_CHUNK.clone();
    }
    byte[] page = new byte[PAGE_BYTES];
    region[inRegion][(int) (address >>> PAGE_SHIFT) & 511] = page;
    becomeRecent(address, page);
    allocatedPages++;
    return page;
  }

  private long readAcross(long address, int bytes) {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) read8(address + i) << (8 * i);
    }
    return value;
  }

  private void writeAcross(long address, int bytes, long value) {
    checkWidth(address + bytes - 1); // nothing is written of a value that does not fit
    for (int i = 0; i < bytes; i++) {
      write8(address + i, (int) (value >>> (8 * i)));
    }
  }

  private static int offset(long address) {
    return (int) address & OFFSET_MASK;
  }

  private void checkWidth(long address) {
    if (address >>> addressBits != 0) {
      throw new IllegalArgumentException(
          String.format("physical address %#x is wider than %d bits", address, addressBits));
    }
  }
}
