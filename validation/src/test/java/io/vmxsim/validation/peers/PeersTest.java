package io.vmxsim.validation.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vmxsim.ept.Access;
import io.vmxsim.ept.GuestWalk;
import io.vmxsim.ept.PagingMode;
import io.vmxsim.ept.PagingState;
import io.vmxsim.ept.PhysicalMemory;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.validation.peers.GuestOnBochs.Ran;
import io.vmxsim.validation.peers.PeerRow.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Comparisons with peers; those that need one are left out where it is not installed. */
class PeersTest {

  private static final Ran RAN = new Ran(List.of("one", "two"), List.of("10 0"));

  @Test
  void equalLinesAndExitsAreTheSame() {
    assertEquals(Verdict.SAME, BochsComparison.row("hello", RAN, RAN).verdict());
  }

  @Test
  void aLineAndAnExitTooManyDiffer() {
    Ran other = new Ran(List.of("one", "2"), List.of("10 0", "48 1"));
    PeerRow row = BochsComparison.row("hello", RAN, other);
    assertEquals(Verdict.DIFFERENT, row.verdict());
    assertEquals(
        "1 of 2 lines and 1 of 1 VM exits differ: 2: two; there 2", row.detail(), row::toString);
  }

  @Test
  void asManyDifferencesAsWereJudgedAreJudged() {
    Ran other = new Ran(List.of("1", "2"), RAN.exits());
    assertEquals(Verdict.JUDGED, BochsComparison.row("test-smap", RAN, other).verdict());
    assertEquals(Verdict.DIFFERENT, BochsComparison.row("test-umip", RAN, other).verdict());
  }

  @Test
  void randomTablesMapSomePagesAndLeaveSomeOut() {
    PhysicalMemory memory = new PhysicalMemory(40);
    PagingState state = new PagingState(40);
    GuestWalk walk = new GuestWalk(memory, null, null);
    WalkResult result = new WalkResult();
    Random random = new Random(1);
    int mapped = 0;
    int all = 0;
    for (long first = 1 << 20; first < 20 << 20; first += 1 << 20) {
      RandomTables tables = new RandomTables(memory, PagingMode.FOUR_LEVEL, first, random);
      state.setControlRegisters(
          PagingState.CR0_PG,
          tables.root(),
          PagingState.CR4_PAE,
          PagingState.EFER_LME | PagingState.EFER_NXE);
      for (long linear : tables.addresses()) {
        WalkResult.Status status = walk.walk(state, linear << 16 >> 16, Access.READ, result);
        mapped += status == WalkResult.Status.OK ? 1 : 0;
        all++;
        assertEquals(0, result.pageFaultErrorCode() & (1 << 3), "no reserved bit");
      }
    }
    assertTrue(mapped > 0 && mapped < all);
  }

  @Test
  void aHypervisorDoesTheSameOnBochs(@TempDir Path folder) throws IOException {
    assumeTrue(PeerProcess.isInstalled("bochs"), "bochs is not installed");
    GuestOnBochs guest = new GuestOnBochs("hypervisor", "rounds=5");
    Ran here = guest.here();
    assertEquals(6, here.exits().size());
    assertEquals(here, guest.there(folder));
  }

  @Test
  void walksAreThoseOfQemu() {
    assumeTrue(PeerProcess.isInstalled("qemu-system-x86_64"), "QEMU is not installed");
    List<PeerRow> rows = new ArrayList<>();
    WalksOnQemu.run(3, 2, rows::add);
    assertEquals(4, rows.size());
    rows.forEach(row -> assertEquals(Verdict.SAME, row.verdict(), row::detail));
  }
}
