package io.vmxsim.vmm;

/** Is told of every write that the VMM makes to guest memory in the guest's place. */
interface GuestWrites {
  /** {@code size} bytes were written, all in one page. */
  void wrote(long guestPhysical, int size);
}
