package io.vmxsim.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ReverseMapProperties {

  /** Against a map of lists: adds, and removes what is there. */
  @Property(tries = 300)
  void remembersWhatMapsEachFrame(
      @ForAll @Size(max = 200) List<@IntRange(max = 0xfff) Integer> operations) {
    ReverseMap map = new ReverseMap();
    Map<Long, List<Integer>> model = new HashMap<>();
    for (int operation : operations) {
      long frame = (operation & 7) * 300L; // frames in several chunks
      int entry = operation >>> 3 & 15;
      List<Integer> entries = model.computeIfAbsent(frame, any -> new ArrayList<>());
      if (entries.contains(entry)) {
        entries.remove(Integer.valueOf(entry));
        map.remove(frame, entry);
      } else {
        entries.add(entry);
        map.add(frame, entry);
      }
    }
    model.forEach(
        (frame, entries) -> {
          List<Integer> seen = new ArrayList<>();
          map.forEach(frame, seen::add);
          assertEquals(entries, seen);
        });
  }

  @Property(tries = 20)
  void refusesToForgetWhatItDoesNotKnow(@ForAll @IntRange(max = 1 << 20) int frame) {
    ReverseMap map = new ReverseMap();
    map.add(frame, 1);
    assertThrows(IllegalStateException.class, () -> map.remove(frame, 2));
    assertThrows(IllegalStateException.class, () -> map.remove(frame + 1L, 1));
  }
}
