package io.vmxsim.vmcs;

/**
 * A citation of the Intel 64 and IA-32 Architectures Software Developer's Manual, Volume 3.
 *
 * @param edition the edition the number belongs to; numbers move between editions, titles rarely
 * @param number the section number, such as “26.3.1.1”
 * @param title the section title
 */
public record SdmRef(Edition edition, String number, String title) {

  /** The editions cited. */
  public enum Edition {
    /** Order number 325384-059US, the edition cited unless said otherwise. */
    JUNE_2016("June 2016"),
    /** Cited for the encodings of VMCS fields. */
    FEBRUARY_2026("February 2026"),
    /** Order number 326019-092US, cited for what is newer than the pinned edition. */
    JUNE_2026("June 2026");

    private final String date;

    Edition(String date) {
      this.date = date;
    }

    @Override
    public String toString() {
      return date;
    }
  }

  /** A section of the pinned edition. */
  public static SdmRef section(String number, String title) {
    return new SdmRef(Edition.JUNE_2016, number, title);
  }

  /** A section that is newer than the pinned edition. */
  public static SdmRef newer(String number, String title) {
    return new SdmRef(Edition.JUNE_2026, number, title);
  }

  @Override
  public String toString() {
    return "SDM (" + edition + ") " + number + " “" + title + "”";
  }
}
