package io.vmxsim.cpu.execute;

/**
 * Is told of every access to memory that an instruction or the delivery of an event makes, but for
 * the fetches of instructions and the walks of page tables. The processor does not notice.
 *
 * <p>Accesses are told of before they are made: they may still fault or exit, and the instruction
 * then begins anew.
 */
public interface AccessObserver {

  /** A load of {@code size} bytes is about to be made. */
  void load(long linear, int size);

  /** What the last {@link #load} found, of up to 8 bytes. */
  void loaded(long value);

  /** A store of 1, 2, 4 or 8 bytes is about to be made. */
  void store(long linear, int size, long value);

  /**
   * Bytes are about to be translated for writing: those of a read-modify-write, or those that later
   * stores will change.
   */
  void update(long linear, int size);

  /** What the last {@link #update}, of a read-modify-write, has stored. */
  void updated(long value);

  /**
   * The bytes of the last {@link #update} have been stored together.
   *
   * @param physical where in memory they are now
   */
  void stored(long linear, int size, long physical);

  /** An iteration of a repeated string instruction is done, or several. */
  void iterated();

  /** An event is about to be delivered through the interrupt table. */
  void delivering(int vector, int errorCode);

  /** Its delivery has met no fault and no exit. */
  void delivered();
}
