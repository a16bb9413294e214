package io.vmxsim.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.Segment;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.vmcs.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Expected values: "Multiboot Specification version 0.6.96", 3.1 to 3.3. */
class MultibootLoaderTest {
  private static final CpuProfile PROFILE = CpuProfile.named("max");

  private final Machine machine = new Machine(PROFILE, 16 << 20, 1, value -> {});
  private final PhysicalMemory memory = machine.memory();

  private long load(byte[] image, BootRequest.Module... modules) {
    BootRequest request = new BootRequest("test.flat", image, "one two", List.of(modules));
    ImageLoader.load(request, machine);
    return machine.processor(0).state().register(CpuState.RBX);
  }

  private String text(long address) {
    byte[] bytes = new byte[64];
    memory.readBytes(address, bytes, 0, bytes.length);
    String text = new String(bytes, StandardCharsets.UTF_8);
    return text.substring(0, text.indexOf('\0'));
  }

  @Test
  void theKernelStartsInFlat32BitProtectedMode() {
    load(ImageBuilder.elf32("f4"));
    CpuState state = machine.processor(0).state();
    assertEquals(0x10_0080, state.rip);
    assertEquals(0x2badb002, state.register(CpuState.RAX));
    assertEquals(CpuState.CR0_PE, state.cr0() & (CpuState.CR0_PE | CpuState.CR0_PG));
    assertEquals(0, state.rflags() & (CpuState.IF | CpuState.VM));
    assertEquals(Segment.FLAT_CODE | Segment.DEFAULT_BIG, state.accessRights(Segment.CS));
    assertEquals(Segment.FLAT_DATA, state.accessRights(Segment.SS));
  }

  @Test
  void segmentsGoToTheirPhysicalAddresses() {
    load(ImageBuilder.elf32("b8 78563412 f4"));
    assertEquals(0x345678b8, memory.read32(0x10_0080));
  }

  @Test
  void theInformationHasMemoryCommandLineAndModules() {
    byte[] file = "NR_CPUS=2".getBytes(StandardCharsets.US_ASCII);
    long information = load(ImageBuilder.elf32("f4"), new BootRequest.Module("env", file));
    assertEquals(0b10_0100_1101, memory.read32(information));
    assertEquals(640, memory.read32(information + 4));
    assertEquals(15 << 10, memory.read32(information + 8));
    assertEquals("test.flat one two", text(memory.read32(information + 16)));
    assertEquals(1, memory.read32(information + 20));
    long module = memory.read32(information + 24);
    assertEquals("NR_CPUS=2", text(memory.read32(module)));
    assertEquals(9, memory.read32(module + 4) - memory.read32(module));
    assertEquals("env", text(memory.read32(module + 8)));
  }

  @Test
  void aModuleLiesInPagesOfItsOwnBehindTheKernelAndItsZeros() {
    long information = load(ImageBuilder.elf32("f4"), new BootRequest.Module("m", new byte[] {7}));
    assertEquals(0x10_2000, memory.read32(memory.read32(information + 24)));
  }

  @Test
  void theMemoryMapCoversAllRam() {
    long information = load(ImageBuilder.elf32("f4"));
    long map = memory.read32(information + 48);
    assertEquals(3 * 24, memory.read32(information + 44));
    assertEquals(20, memory.read32(map));
    assertEquals(640 << 10, memory.read64(map + 12));
    assertEquals(1, memory.read32(map + 20));
    assertEquals(2, memory.read32(map + 24 + 20));
    assertEquals(1 << 20, memory.read64(map + 48 + 4));
    assertEquals(15 << 20, memory.read64(map + 48 + 12));
  }

  @Test
  void aHeaderWithAddressesNeedsNoElf() {
    load(ImageBuilder.flat(0x100, "cafe"));
    assertEquals(0x10_0020, machine.processor(0).state().rip);
    assertEquals(0xfeca, memory.read16(0x10_0020));
    assertEquals(0, memory.read32(0x10_0020 - 0x100));
  }

  private void assertRefused(byte[] image, String words) {
    String message = String.valueOf(assertThrows(InputException.class, () -> load(image)));
    assertTrue(message.contains(": test.flat: ") && message.contains(words), message);
  }

  /** A copy with a 32-bit word replaced. */
  private static byte[] with(byte[] image, int offset, int value) {
    byte[] copy = image.clone();
    ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, value);
    return copy;
  }

  @Test
  void aTruncatedImageIsRefused() {
    byte[] image = ImageBuilder.elf32("909090f4");
    for (int length : new int[] {0x6c, 0x80, image.length - 1}) {
      assertRefused(Arrays.copyOf(image, length), "truncated");
    }
  }

  @Test
  void anImageBeyondRamIsRefused() {
    assertRefused(with(ImageBuilder.elf32("f4"), 64, 0x100_0000), "RAM");
    assertRefused(with(ImageBuilder.elf32("f4"), 64, 0xfff_fff0), "RAM");
    assertRefused(with(ImageBuilder.elf32("f4"), 72, 0x4000_0000), "RAM");
  }

  @Test
  void overlappingSegmentsAreRefused() {
    byte[] image = ImageBuilder.elf32("f4");
    byte[] two = Arrays.copyOf(image, image.length + 64);
    System.arraycopy(image, 52, two, image.length, 32);
    System.arraycopy(image, 52, two, image.length + 32, 32);
    two[28] = (byte) image.length;
    two[44] = 2;
    assertRefused(two, "overlaps");
  }

  @Test
  void anImageInTheWayOfItsInformationIsRefused() {
    byte[] image = with(ImageBuilder.elf32("f4"), 64, 0x8_ff80);
    assertRefused(image, "free");
  }

  @Test
  void requirementsThatNobodyKnowsAreRefused() {
    byte[] image = with(ImageBuilder.elf32("f4"), 0x64, 8);
    assertRefused(with(image, 0x68, -0x1badb002 - 8), "0x8");
  }

  @Test
  void whatIsNoKernelIsRefused() {
    assertRefused(new byte[100], "kernel image");
    assertRefused(new byte[0], "kernel image");
  }

  @Test
  void aWrongChecksumIsNoHeader() {
    assertRefused(with(ImageBuilder.flat(0, "f4"), 8, 1), "kernel image");
  }
}
