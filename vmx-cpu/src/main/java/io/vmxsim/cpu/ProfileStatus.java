package io.vmxsim.cpu;

import java.util.Locale;

/** How a number in a profile is known. */
public enum ProfileStatus {
  /** Measured by this project, by a documented command. */
  MEASURED,
  /** From a published dump, manual or paper. */
  PUBLISHED,
  /** Anything else: scaled, fitted, carried over from another core, or a guess. */
  ASSUMED,
  /** Given on the command line. */
  SET_BY_USER;

  /** The word used in profile files and reports. */
  public String word() {
    return this == SET_BY_USER ? "set by user" : name().toLowerCase(Locale.ROOT);
  }
}
