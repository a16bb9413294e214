package io.vmxsim.cpu;

/** Takes the state that a guest starts in, before its first instruction and free of charge. */
public interface InitialState {

  /** Control register {@code n} (0, 3 or 4). */
  void controlRegister(int n, long value);

  /** A model-specific register. */
  void msr(int msr, long value);

  /** PKRU. */
  void pkru(int value);

  /** 8 bytes of guest-physical memory. */
  void memory(long guestPhysical, long value);

  /**
   * Takes action {@code i} of {@code batch} if it is initial state.
   *
   * @return whether it was
   */
  default boolean take(ActionBatch batch, int i) {
    switch (ActionKind.ofCode(batch.kind(i))) {
      case INITIAL_CR -> controlRegister(batch.size(i), batch.value(i));
      case INITIAL_MSR -> msr((int) batch.address(i), batch.value(i));
      case INITIAL_PKRU -> pkru((int) batch.value(i));
      case INITIAL_MEMORY -> memory(batch.address(i), batch.value(i));
      default -> {
        return false;
      }
    }
    return true;
  }
}
