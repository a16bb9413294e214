package io.vmxsim.validation.host;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * What a processor left of the cases of one seed, in a file: seed, number of cases, then for each
 * the check sum of the case, its fault, and the output combined with the input by exclusive or.
 */
final class HostVectors {
  private static final String RESOURCE = "host-vectors.z";

  private final DataInputStream from;
  private final long seed;
  private final int count;

  private HostVectors(DataInputStream from) throws IOException {
    this.from = from;
    seed = from.readLong();
    count = from.readInt();
  }

  /** The vectors kept with the tests. */
  static HostVectors stored() throws IOException {
    InputStream file = HostVectors.class.getResourceAsStream(RESOURCE);
    if (file == null) {
      throw new IOException("no resource " + RESOURCE);
    }
    return new HostVectors(
        new DataInputStream(new BufferedInputStream(new InflaterInputStream(file))));
  }

  long seed() {
    return seed;
  }

  int count() {
    return count;
  }

  /**
   * Reads what the next case left.
   *
   * @return how it ended
   * @throws IllegalStateException if {@code one} is not the case that was recorded
   */
  HostFault next(HostCases one, HostState output) throws IOException {
    if (from.readInt() != checksum(one)) {
      throw new IllegalStateException(
          "the generator makes other cases than those recorded: record " + RESOURCE + " anew");
    }
    HostFault fault = new HostFault(from.readLong(), from.readLong());
    byte[] image = new byte[HostState.BYTES];
    from.readFully(image);
    ByteBuffer combined = combine(image, one.input);
    output.read(combined);
    return fault;
  }

  /** Records what {@code host} leaves of the first cases of a seed. */
  static void record(HostProcessor host, long seed, int count, Path file) throws IOException {
    HostCases cases = new HostCases(seed, SimulatedProcessor.decoder());
    HostState output = new HostState();
    try (DataOutputStream to =
        new DataOutputStream(
            new BufferedOutputStream(new DeflaterOutputStream(Files.newOutputStream(file))))) {
      to.writeLong(seed);
      to.writeInt(count);
      for (int i = 0; i < count; i++) {
        cases.next();
        HostFault fault = host.next(output);
        to.writeInt(checksum(cases));
        to.writeLong(fault.code());
        to.writeLong(fault.address());
        to.write(combine(image(output), cases.input).array());
      }
    }
  }

  private static byte[] image(HostState state) {
    ByteBuffer into = ByteBuffer.allocate(HostState.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    state.write(into);
    return into.array();
  }

  private static ByteBuffer combine(byte[] image, HostState input) {
    byte[] other = image(input);
    for (int i = 0; i < image.length; i++) {
      image[i] ^= other[i];
    }
    return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int checksum(HostCases one) {
    CRC32 sum = new CRC32();
    sum.update(one.code, 0, one.instruction.length);
    sum.update(one.isAtEnd() ? 1 : 0);
    sum.update(image(one.input));
    return (int) sum.getValue();
  }
}
