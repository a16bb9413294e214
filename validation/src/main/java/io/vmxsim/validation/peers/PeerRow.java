package io.vmxsim.validation.peers;

/**
 * One comparison with a peer.
 *
 * @param name what was compared
 * @param verdict how it came out
 * @param detail what was compared or differs, in a few words
 */
public record PeerRow(String name, Verdict verdict, String detail) {
  /** How a comparison came out. */
  public enum Verdict {
    /** Both do the same. */
    SAME,
    /** A difference that the SDM has been asked about: docs/peers.md. */
    JUDGED,
    /** A difference that nobody has looked at. */
    DIFFERENT,
    /** The peer is not there. */
    SKIPPED
  }
}
