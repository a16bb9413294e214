package io.vmxsim.ept;

/**
 * One memory access as paging sees it: an {@code int} made of a kind (bits 1:0) and flags.
 *
 * <p>SDM "Determination of Access Rights" (4.6.1): an access is a data read, a data write or an
 * instruction fetch, and is a user-mode or a supervisor-mode access.
 */
public final class Access {
  /** Data read. */
  public static final int READ = 0;

  /** Data write; also a read-modify-write. */
  public static final int WRITE = 1;

  /** Instruction fetch. */
  public static final int FETCH = 2;

  /** Made while CPL = 3. */
  public static final int USER = 4;

  /** Implicit supervisor-mode access (GDT, LDT, IDT, TSS): a supervisor-mode access at any CPL. */
  public static final int IMPLICIT = 8;

  private static final int KIND = 3;

  private Access() {}

  /** {@link #READ}, {@link #WRITE} or {@link #FETCH}. */
  public static int kind(int access) {
    return access & KIND;
  }

  /** Whether this is a user-mode access: made at CPL 3 and not implicit. */
  public static boolean isUserMode(int access) {
    return (access & (USER | IMPLICIT)) == USER;
  }

  /** Whether this is a data write. */
  public static boolean isWrite(int access) {
    return kind(access) == WRITE;
  }

  /** Whether this is an instruction fetch. */
  public static boolean isFetch(int access) {
    return kind(access) == FETCH;
  }
}
