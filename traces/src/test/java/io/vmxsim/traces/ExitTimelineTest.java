package io.vmxsim.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vmxsim.traces.ExitTimeline.Timeline;
import io.vmxsim.vmcs.ExitReason;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** Slices of a timeline hold what a slow count of each finds. */
class ExitTimelineTest {
  @Property(tries = 300)
  void everyExitIsInItsSlice(
      @ForAll List<@LongRange(min = 0, max = 1_000_000) Long> times,
      @ForAll @IntRange(min = 1, max = 64) int most) {
    ExitTimeline timeline = new ExitTimeline();
    times.forEach(time -> timeline.add(ExitReason.HLT.number(), time));

    Timeline slices = timeline.in(most);

    assertTrue(slices.slices() <= most);
    for (int i = 0; i < slices.slices(); i++) {
      int slice = i;
      long expected = times.stream().filter(t -> t / slices.sliceLength() == slice).count();
      assertEquals(expected, slices.rows().get(0).counts().get(i));
    }
    long shown = slices.slices() * slices.sliceLength();
    assertTrue(times.stream().allMatch(time -> time < shown));
  }
}
