package io.vmxsim.ept;

/**
 * The page sizes a TLB entry can cover.
 *
 * <p>A 4-MByte page of 32-bit paging is cached as two 2-MByte fragments: SDM "Details of TLB Use"
 * lets a processor hold a large page as several smaller entries, unseen by software.
 */
public enum PageSize {
  /** 4 KBytes, mapped by a PTE or EPT PTE. */
  SIZE_4K(0, 12, "4K"),
  /** 2 MBytes, mapped by a PDE or EPT PDE. */
  SIZE_2M(1, 21, "2M"),
  /** 1 GByte, mapped by a PDPTE or EPT PDPTE. */
  SIZE_1G(2, 30, "1G");

  private final int index;
  private final int shift;
  private final String label;

  PageSize(int index, int shift, String label) {
    this.index = index;
    this.shift = shift;
    this.label = label;
  }

  /** Place among the sizes, smallest first, from 0. */
  int index() {
    return index;
  }

  /** Number of address bits within the page. */
  public int shift() {
    return shift;
  }

  /** Size in bytes. */
  public long bytes() {
    return 1L << shift;
  }

  /**
   * The largest size that fits in a page of {@code 1 << shift} bytes; {@code shift} is 12 or more.
   */
  public static PageSize within(int shift) {
    return shift >= SIZE_1G.shift ? SIZE_1G : shift >= SIZE_2M.shift ? SIZE_2M : SIZE_4K;
  }

  @Override
  public String toString() {
    return label;
  }
}
