package io.vmxsim.ept;

/**
 * Memory types and how they combine: SDM "Memory Types and Their Interactions" (11.3 and 11.5.2.2,
 * table 11-7), "Paging and Memory Typing" (4.9.2), "EPT and Memory Typing" (28.2.6).
 */
public final class MemoryType {
  public static final int UC = 0;
  public static final int WC = 1;
  public static final int WT = 4;
  public static final int WP = 5;
  public static final int WB = 6;

  /** UC-, a value of PAT entries only. */
  public static final int UC_MINUS = 7;

  private static final int NO = -1; // not a memory type

  /** Table 11-7: row = MTRR (or EPT) memory type, column = PAT memory type. */
  private static final int[][] EFFECTIVE = {
    //  UC  WC  2   3   WT  WP  WB  UC-
    {UC, WC, NO, NO, UC, UC, UC, UC}, // UC
    {UC, WC, NO, NO, UC, UC, WC, WC}, // WC
    {},
    {},
    {UC, WC, NO, NO, WT, WP, WT, UC}, // WT
    {UC, WC, NO, NO, WT, WP, WP, WC}, // WP
    {UC, WC, NO, NO, WT, WP, WB, UC}, // WB
  };

  private MemoryType() {}

  /** Whether an EPT leaf may hold this memory type; the others are misconfigurations. */
  static boolean isEptMemoryType(int type) {
    return ((0b0111_0011 >>> type) & 1) != 0; // 0, 1, 4, 5, 6
  }

  /** The effective memory type of table 11-7. */
  static int combine(int mtrrOrEptType, int patType) {
    return EFFECTIVE[mtrrOrEptType][patType];
  }

  /**
   * The PAT memory type that a page-mapping entry selects: entry 4*PAT + 2*PCD + PWT of IA32_PAT.
   *
   * @param patBit position of the PAT flag: 7 in a PTE, 12 in an entry that maps a larger page
   */
  static int selectedByPat(long pat, long entry, int patBit) {
    int i = (int) ((((entry >>> patBit) & 1) << 2) | ((entry >>> 3) & 3));
    return (int) (pat >>> (8 * i)) & 7;
  }
}
