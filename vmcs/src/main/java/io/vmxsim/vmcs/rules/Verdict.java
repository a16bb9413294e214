package io.vmxsim.vmcs.rules;

/** What an entry rule says of a context. */
public enum Verdict {
  HOLDS,
  BROKEN,
  /** An input the rule needs is not known. */
  UNKNOWN,
  /** A condition of the rule is not met: the processor does not make the check. */
  NOT_APPLICABLE
}
