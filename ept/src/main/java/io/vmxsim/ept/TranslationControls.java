package io.vmxsim.ept;

/**
 * VM-execution controls of later editions on which translations under EPT depend (SDM of June 2026,
 * sections as named). While any of them is in force nothing but whole translations is cached, and
 * walks take no short cuts.
 *
 * @param pagingWrites "EPT paging-write control": an entry's bit 58 permits updates of guest paging
 *     structures that its write permission does not ("EPT Violations", 31.3.3.2)
 * @param verifiesPaging "guest-paging verification": an entry's bit 57 asks for bit 58 where the
 *     guest paging structures are that led to the page (31.3.3.2)
 * @param subPageTable the sub-page-permission-table pointer, or {@link #OFF} ("Sub-Page Write
 *     Permissions", 31.3.4)
 * @param hlatPointer the HLAT pointer, or {@link #OFF} ("Ordinary Paging and HLAT Paging", 5.5.1)
 * @param hlatPrefix the HLAT prefix size; if it is 0 all linear addresses are translated by HLAT
 *     paging, else those of the upper half
 */
public record TranslationControls(
    boolean pagingWrites,
    boolean verifiesPaging,
    long subPageTable,
    long hlatPointer,
    int hlatPrefix) {

  /** In place of a pointer: the feature is not in use. */
  public static final long OFF = -1;

  /** All of them 0. */
  public static final TranslationControls NONE = new TranslationControls(false, false, OFF, OFF, 0);

  /** Whether walks have to look at single controls. */
  boolean areOn() {
    return pagingWrites
        || subPageTable != OFF
        || hlatPointer != OFF; // verification needs the first
  }

  /** Whether guest-paging verification is in force, which needs both of its controls. */
  boolean verifies() {
    return verifiesPaging && pagingWrites;
  }

  /** Whether HLAT paging translates a linear address, with 4-level or 5-level paging. */
  boolean hlatTranslates(long linear) {
    return hlatPointer != OFF && (hlatPrefix == 0 || linear < 0);
  }
}
