package io.vmxsim.validation;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.ept.GuestWalk;
import io.vmxsim.ept.NestedWalk;
import io.vmxsim.ept.WalkResult;
import io.vmxsim.ept.WalkResult.Status;
import io.vmxsim.validation.ReferenceWalk.EntryRead;
import io.vmxsim.validation.ReferenceWalk.Outcome;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** The walks of {@code io.vmxsim.ept} equal the reference in everything they report. */
class WalkEqualsReferenceWalkTest {
  @Property(tries = 60_000)
  void walkEqualsReferenceWalk(@ForAll long seed) {
    RandomTranslation given = new RandomTranslation(seed);
    Outcome expected = reference(given);
    Outcome actual = walk(given);
    assertEquals(expected, actual);
  }

  /** Guards the property against a generator that only ever makes one kind of case. */
  @Test
  void generatorReachesEveryOutcome() {
    Map<Status, Integer> seen = new EnumMap<>(Status.class);
    for (long seed = 0; seed < 4000; seed++) {
      seen.merge(reference(new RandomTranslation(seed)).status(), 1, Integer::sum);
    }
    assertAll(
        () -> assertTrue(seen.getOrDefault(Status.OK, 0) > 400, seen::toString),
        () -> assertTrue(seen.getOrDefault(Status.PAGE_FAULT, 0) > 400, seen::toString),
        () -> assertTrue(seen.getOrDefault(Status.EPT_VIOLATION, 0) > 400, seen::toString),
        () -> assertTrue(seen.getOrDefault(Status.EPT_MISCONFIGURATION, 0) > 400, seen::toString));
  }

  private static Outcome reference(RandomTranslation given) {
    return new ReferenceWalk(given.memory, given.state, given.eptp, given.eptFeatures)
        .translate(given.linearAddress, given.access);
  }

  private static Outcome walk(RandomTranslation given) {
    List<EntryRead> reads = new ArrayList<>();
    WalkResult r = new WalkResult();
    Status status =
        given.eptFeatures == null
            ? new GuestWalk(
                    given.memory,
                    (d, level, address, e) -> reads.add(new EntryRead(d, level, address, e)),
                    null)
                .walk(given.state, given.linearAddress, given.access, r)
            : new NestedWalk(
                    given.memory,
                    (d, level, address, e) -> reads.add(new EntryRead(d, level, address, e)),
                    null)
                .walk(
                    given.state,
                    given.eptp,
                    given.eptFeatures,
                    given.linearAddress,
                    given.access,
                    r);
    Map<Long, Long> flags = new TreeMap<>();
    for (int i = 0; i < r.updateCount(); i++) {
      flags.merge(r.updateAddress(i), (long) r.updateFlags(i), (a, b) -> a | b);
    }
    boolean ok = status == Status.OK;
    long detail =
        switch (status) {
          case PAGE_FAULT -> r.pageFaultErrorCode();
          case EPT_VIOLATION -> r.exitQualification();
          case OK, EPT_MISCONFIGURATION, MODIFICATION_LOG_FULL -> 0;
          case SUB_PAGE_MISS, SUB_PAGE_MISCONFIGURATION -> throw new IllegalStateException();
        };
    return new Outcome(
        status,
        status == Status.PAGE_FAULT ? 0 : r.guestPhysicalAddress(),
        ok ? r.physicalAddress() : 0,
        detail,
        ok ? r.guestPageShift() : 0,
        ok ? r.eptPageShift() : 0,
        ok ? r.memoryType() : 0,
        ok && r.global(),
        reads,
        flags);
  }
}
