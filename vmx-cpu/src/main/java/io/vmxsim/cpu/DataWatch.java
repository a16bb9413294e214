package io.vmxsim.cpu;

/** Is told of accesses to data. The processor does not notice. */
public interface DataWatch {

  /**
   * An instruction, or the delivery of an event, accesses data; it may still fault.
   *
   * @param linear the linear address of the first byte
   * @param size bytes
   */
  void accessed(Processor processor, long linear, int size, boolean writes);
}
