package io.vmxsim.cpu.snapshot;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a function or a view refers to. */
final class Captured {
  private Captured() {}

  static List<@Nullable Object> by(Object object) {
    if (object instanceof Collection<?> view) {
      return Elements.of(view);
    } else if (object instanceof Map<?, ?> view) {
      return Elements.of(view);
    }
    List<@Nullable Object> captured = new ArrayList<>();
    if (object.getClass().isHidden()) {
      for (Field field : object.getClass().getDeclaredFields()) {
        if (!field.getType().isPrimitive()) {
          field.setAccessible(true);
          captured.add(Layout.get(field, object));
        }
      }
    }
    return captured;
  }
}
