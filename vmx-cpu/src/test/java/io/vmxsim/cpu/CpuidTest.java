package io.vmxsim.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/**
 * Expected registers are typed from the dumps and from SDM volume 2, “CPUID—CPU Identification”.
 */
class CpuidTest {
  private static final long CR4_OSXSAVE = 1 << 18;
  private static final long CR4_PKE = 1 << 22;

  private static final List<Cpuid> ALL =
      CpuProfile.names().stream().map(name -> CpuProfile.named(name).cpuid()).toList();

  private final Cpuid skylake = CpuProfile.named("skylake-sp").cpuid();

  @Test
  void aLeafReturnsItsRegisters() {
    assertArrayEquals(words("00000016 756E6547 6C65746E 49656E69"), query(skylake, 0, 0));
  }

  @Test
  void anIndexedLeafFollowsEcx() {
    assertArrayEquals(words("7C004143 03C0003F 000003FF 00000000"), query(skylake, 4, 2));
    assertArrayEquals(new int[4], query(skylake, 4, 4));
    assertArrayEquals(new int[4], query(skylake, 4, 0x100));
  }

  @Test
  void aLeafWithoutIndexIgnoresEcx() {
    assertArrayEquals(query(skylake, 0x80000008, 0), query(skylake, 0x80000008, 77));
  }

  @Test
  void aLeafAboveTheHighestGivesTheHighestBasicLeaf() {
    assertArrayEquals(words("00000834 00000E74 00000064 00000000"), query(skylake, 0x16, 0));
    assertArrayEquals(query(skylake, 0x16, 0), query(skylake, 0x17, 0));
    assertArrayEquals(query(skylake, 0x16, 0), query(skylake, 0x40000000, 0));
    assertArrayEquals(query(skylake, 0x16, 0), query(skylake, 0x80000009, 0));
    assertArrayEquals(query(skylake, 0x16, 0), query(skylake, 0xFFFFFFFF, 0));
  }

  @Test
  void aLeafInBetweenThatIsNotThereGivesZeros() {
    assertArrayEquals(new int[4], query(skylake, 3, 0));
  }

  @Test
  void topologyBeyondTheLastLevelStillNumbersTheLevel() {
    assertArrayEquals(new int[] {0, 0, 5, 0}, query(skylake, 0xB, 5));
  }

  @Test
  void osxsaveAndOspkeFollowCr4() {
    int[] out = new int[4];
    skylake.query(1, 0, 0, out);
    assertEquals(0x77FEFBFF, out[2]);
    skylake.query(1, 0, CR4_OSXSAVE, out);
    assertEquals(0x7FFEFBFF, out[2]);
    skylake.query(7, 0, 0, out);
    assertEquals(0x00000008, out[2]);
    skylake.query(7, 0, CR4_PKE, out);
    assertEquals(0x00000018, out[2]);
  }

  @Property
  void everyLeafAnswersWithoutFailing(@ForAll int leaf, @ForAll int subleaf) {
    for (Cpuid cpuid : ALL) {
      assertEquals(4, query(cpuid, leaf, subleaf).length);
    }
  }

  private static int[] query(Cpuid cpuid, int leaf, int subleaf) {
    int[] out = new int[4];
    cpuid.query(leaf, subleaf, 0, out);
    return out;
  }

  private static int[] words(String hex) {
    String[] parts = hex.split(" ", -1);
    int[] words = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      words[i] = Integer.parseUnsignedInt(parts[i], 16);
    }
    return words;
  }
}
