package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ShadowRoleTest {

  /**
   * 32-bit paging in PAE format: the guest's page directory entry for 4 MBytes is two shadow
   * entries for 2 MBytes each, in the directory of its GByte; a page table of 1024 entries is two
   * shadows.
   */
  @Test
  void narrowTablesSpreadOverQuadrants() {
    long linear = 0xc0c0_3000L; // directory entry 771, table entry 3
    int directory = ShadowRole.ofNarrow(2, ShadowRole.ALL, 3, 0);
    int index = (int) (linear >>> 21) & 511;
    assertEquals(771 * 4, ShadowRole.guestOffset(directory, index));
    assertEquals(index & ~1, ShadowRole.shadowIndex(directory, 771 * 4));
    assertEquals(2, ShadowRole.spread(directory));
    assertEquals(-1, ShadowRole.shadowIndex(ShadowRole.ofNarrow(2, 0, 2, 0), 771 * 4));

    int lower = ShadowRole.ofNarrow(1, ShadowRole.ALL, 0, 0);
    int upper = ShadowRole.ofNarrow(1, ShadowRole.ALL, 1, 0);
    assertEquals(3 * 4, ShadowRole.guestOffset(lower, 3));
    assertEquals((512 + 3) * 4, ShadowRole.guestOffset(upper, 3));
    assertEquals(3, ShadowRole.shadowIndex(upper, (512 + 3) * 4));
    assertEquals(-1, ShadowRole.shadowIndex(lower, (512 + 3) * 4));
  }

  @Test
  void wideTablesCorrespondEntryByEntry() {
    int role = ShadowRole.of(4, ShadowRole.USER, false, 0);
    assertEquals(4, ShadowRole.level(role));
    assertEquals(ShadowRole.USER, ShadowRole.access(role));
    assertEquals(511 * 8, ShadowRole.guestOffset(role, 511));
    assertEquals(511, ShadowRole.shadowIndex(role, 511 * 8));
    assertEquals(1, ShadowRole.spread(role));
  }
}
