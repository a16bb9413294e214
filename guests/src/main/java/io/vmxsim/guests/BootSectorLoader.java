package io.vmxsim.guests;

import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.board.Machine;

/**
 * Loads images that start with a boot sector: all of the image to 7C00H, where it starts in real
 * mode, as if it had loaded the rest of itself already. There is no firmware to call.
 */
final class BootSectorLoader {
  private static final int SECTOR = 512;
  private static final int ADDRESS = 0x7c00;
  private static final int SIGNATURE_LOW = 0x55;
  private static final int SIGNATURE_HIGH = 0xaa;
  private static final int SEGMENT_BYTES = 0x1_0000;
  private static final int REAL_MODE_DATA = 0x93;

  /** The number that firmware gives the first disk, in DL. */
  private static final int FIRST_DISK = 0x80;

  private BootSectorLoader() {}

  /** Whether the first 512 bytes end in 55H AAH. */
  static boolean accepts(byte[] image) {
    return image.length >= SECTOR
        && (image[SECTOR - 2] & 0xff) == SIGNATURE_LOW
        && (image[SECTOR - 1] & 0xff) == SIGNATURE_HIGH;
  }

  /** Loads an image that {@link #accepts} accepts. */
  static void load(BootRequest request, Machine machine) {
    byte[] image = request.image();
    new BootMemory(request.source(), machine).place(ADDRESS, image, 0, image.length);
    CpuState state = machine.processor(0).state();
    state.setCr0(CpuState.CR0_ET);
    state.setRflags(CpuState.FIXED_1);
    for (Segment segment : Segment.values()) {
      state.loadSegment(segment, 0, 0, SEGMENT_BYTES - 1, REAL_MODE_DATA);
    }
    state.loadSegment(Segment.CS, 0, 0, SEGMENT_BYTES - 1, Segment.REAL_MODE_CODE);
    state.loadSegment(Segment.TR, 0, 0, SEGMENT_BYTES - 1, Segment.BUSY_TSS);
    state.idtrLimit = 0x3ff;
    state.setRegister(CpuState.RSP, ADDRESS);
    state.setRegister(CpuState.RDX, FIRST_DISK);
    state.rip = ADDRESS;
  }
}
