package io.vmxsim.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.CpuState;
import io.vmxsim.cpu.board.Machine;
import io.vmxsim.cpu.board.MachineEnd;
import io.vmxsim.vmcs.InputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Kernels that no multiboot header describes. */
class ImageLoaderTest {
  private final StringBuilder serial = new StringBuilder();
  private final Machine machine =
      new Machine(
          CpuProfile.named("max"), 16 << 20, 1, value -> serial.append((char) (value & 0xff)));

  private MachineEnd run(byte[] image, String commandLine, BootRequest.Module... modules) {
    ImageLoader.load(new BootRequest("kernel", image, commandLine, List.of(modules)), machine);
    return machine.run(10_000);
  }

  private void assertRefused(byte[] image, String words) {
    String refused = String.valueOf(assertThrows(InputException.class, () -> run(image, "")));
    assertTrue(refused.contains("kernel: expected") && refused.contains(words), refused);
  }

  /** ELF64: a file header, one program header, then the code, which is the entry. */
  private static byte[] elf64(String hex) {
    byte[] code = ImageBuilder.code(hex);
    byte[] image = new byte[0x80 + code.length];
    ByteBuffer file = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) 62).putInt(1).putLong(ImageBuilder.LOAD + 0x80);
    file.putLong(64).position(54);
    file.putShort((short) 56).putShort((short) 1);
    file.position(64);
    file.putInt(1).putInt(7).putLong(0).putLong(-1L << 31).putLong(ImageBuilder.LOAD);
    file.putLong(image.length).putLong(image.length + 64).putLong(0x1000);
    file.put(0x80, code);
    return image;
  }

  @Test
  void a64BitElfStartsIn64BitMode() {
    // push rax; mov rax,cr0; shr rax,31; mov edi,0fee00000h; mov ecx,[rdi]; out 0f4h,al
    assertEquals(3, run(elf64("50 0f20c0 48c1e81f bf0000e0fe 8b0f e6f4"), "").exitCode());
    assertTrue(machine.processor(0).state().in64BitMode());
  }

  @Test
  void a32BitElfStartsInProtectedMode() {
    byte[] image = ImageBuilder.elf32("50 b003 e6f4");
    image[0x60] ^= 1; // no multiboot header any more
    assertEquals(7, run(image, "").exitCode());
  }

  @Test
  void aBootSectorStartsInRealModeWithAllOfItsImageLoaded() {
    byte[] image = new byte[1024];
    byte[] code = ImageBuilder.code("a0 007e e6f4"); // mov al,[7e00h]; out 0f4h,al
    System.arraycopy(code, 0, image, 0, code.length);
    image[510] = 0x55;
    image[511] = (byte) 0xaa;
    image[512] = 21;
    assertEquals(43, run(image, "").exitCode());
  }

  /** A bzImage of one setup sector besides the first, whose kernel is {@code hex}. */
  private static byte[] bzImage(String hex) {
    byte[] code = ImageBuilder.code(hex);
    byte[] image = new byte[1024 + code.length];
    ByteBuffer file = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    file.put(0x1f1, (byte) 1).putShort(0x1fe, (short) 0xaa55).put(0x200, (byte) 0xeb);
    file.put(0x201, (byte) 0x66).putInt(0x202, 0x53726448).putShort(0x206, (short) 0x020f);
    file.put(0x211, (byte) 1).putInt(0x214, 0x10_0000).putInt(0x22c, 0x7fff_ffff);
    file.putInt(0x238, 2047);
    file.put(1024, code);
    return image;
  }

  @Test
  void linuxFindsItsCommandLineAndRamDisk() {
    // mov eax,[esi+228h]; mov dl,[eax]; mov ebx,[esi+218h]; mov cl,[ebx]; lea eax,[ecx+edx]; out
    String code = "8b8628020000 8a10 8b9e18020000 8a0b 01d1 88c8 e6f4";
    MachineEnd end = run(bzImage(code), "\u0005", new BootRequest.Module("d", new byte[] {2}));
    assertEquals(15, end.exitCode());
    assertEquals(0, machine.processor(0).state().register(CpuState.RSP));
    assertEquals(0xff_f000, machine.memory().read32(0x9_0218));
  }

  @Test
  void linuxFindsItsMemory() {
    run(bzImage("f4"), "");
    long map = 0x9_02d0;
    assertEquals(3, machine.memory().read8(0x9_01e8));
    assertEquals(1 << 20, machine.memory().read64(map + 40));
    assertEquals(15 << 20, machine.memory().read64(map + 48));
    assertEquals(1, machine.memory().read32(map + 56));
    assertEquals(0xff, machine.memory().read8(0x9_0210));
  }

  @Test
  void badLinuxImagesAreRefused() {
    assertRefused(Arrays.copyOf(bzImage("f4"), 1000), "truncated");
    byte[] old = bzImage("f4");
    old[0x206] = 5;
    old[0x207] = 2;
    assertRefused(old, "2.06");
    assertThrows(InputException.class, () -> run(bzImage("f4"), "x".repeat(2048)));
    assertThrows(
        InputException.class,
        () -> run(bzImage("f4"), "", new BootRequest.Module("d", new byte[20 << 20])));
  }

  @Test
  void anElfOfAnotherMachineIsRefused() {
    byte[] image = elf64("f4");
    image[18] = 40;
    assertRefused(image, "not 40");
    image[18] = 62;
    image[5] = 2;
    assertRefused(image, "little-endian");
  }
}
