package io.vmxsim.cpu.execute;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.cpu.CpuProfile;
import io.vmxsim.cpu.decode.CodeMode;
import io.vmxsim.cpu.decode.Decoder;
import io.vmxsim.ept.PhysicalMemory;
import org.junit.jupiter.api.Test;

class CodeCacheTest {
  private final CodeCache code =
      new CodeCache(
          new PhysicalMemory(40), new Decoder(feature -> true), CpuProfile.named("max").costs());

  private Block at(long page) {
    Block block = code.at(page << 12, CodeMode.BITS64);
    assertNotNull(block);
    return block;
  }

  @Test
  void keepsWhatHasBeenDecodedUntilItIsWritten() {
    Block first = at(5);
    assertSame(first, at(5));
    code.written(6 << 12);
    assertSame(first, at(5));
    code.written(5 << 12);
    assertNotSame(first, at(5));
    assertFalse(first.valid);
  }

  /** As of a guest that has jumped into nothing: zeros are instructions. */
  @Test
  void forgetsCodeBeforeItFillsTheHostsMemory() {
    Block first = at(0);
    for (int page = 1; page < 3 * CodeCache.MOST_PAGES; page++) {
      assertTrue(at(page).valid);
      assertTrue(code.pageCount() <= CodeCache.MOST_PAGES);
    }
    assertFalse(first.valid, "whoever is linked to it must look again");
    assertTrue(at(0).valid);
  }
}
