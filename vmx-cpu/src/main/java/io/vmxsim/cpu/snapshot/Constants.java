package io.vmxsim.cpu.snapshot;

import it.unimi.dsi.fastutil.objects.Reference2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.objects.ReferenceLinkedOpenHashSet;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What our classes reach from their static fields: the same in every process, and so saved by name,
 * {@code class.field#position}.
 */
final class Constants {
  private final Set<Class<?>> known = new HashSet<>();
  private final Reference2ObjectOpenHashMap<Object, String> names =
      new Reference2ObjectOpenHashMap<>();
  private final Map<String, Object> byName = new HashMap<>();

  /** The name of a constant; null of anything else. */
  @Nullable String nameOf(Object object) {
    return names.get(object);
  }

  /**
   * The constant of a name.
   *
   * @throws IllegalStateException if there is none
   */
  Object named(String name) {
    String field = name.substring(0, name.indexOf('#'));
    try {
      addAllOf(Class.forName(field.substring(0, field.lastIndexOf('.'))));
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("no class has the constant " + name, e);
    }
    Object constant = byName.get(name);
    if (constant == null) {
      throw new IllegalStateException("there is no constant " + name);
    }
    return constant;
  }

  /** Adds what a class, and the classes that its fields are of, have in static fields. */
  void addAllOf(Class<?> type) {
    Class<?> bare = type;
    while (bare.isArray()) {
      bare = bare.getComponentType();
    }
    if (!Layout.isOurs(bare) || bare.isHidden() || !known.add(bare)) {
      return;
    }
    Field[] fields = bare.getDeclaredFields();
    Arrays.sort(fields, Comparator.comparing(Field::getName));
    for (Field field : fields) {
      int modifiers = field.getModifiers();
      if (Modifier.isStatic(modifiers) && Modifier.isFinal(modifiers)) {
        addFrom(field);
      }
    }
    for (Field field : fields) {
      addAllOf(field.getType());
    }
    addAllOf(bare.getNestHost());
    Class<?> parent = bare.getSuperclass();
    if (parent != null) {
      addAllOf(parent);
    }
  }

  private void addFrom(Field field) {
    if (field.getType().isPrimitive()) {
      return;
    }
    field.setAccessible(true);
    Object root = Layout.get(field, field); // the instance does not count
    String name = field.getDeclaringClass().getName() + "." + field.getName() + "#";
    ReferenceLinkedOpenHashSet<Object> reached = new ReferenceLinkedOpenHashSet<>();
    ArrayDeque<Object> waiting = new ArrayDeque<>();
    reach(root, reached, waiting);
    while (!waiting.isEmpty()) {
      Object object = waiting.remove();
      if (object == root || !(object instanceof Enum)) {
        partsOf(object).forEach(part -> reach(part, reached, waiting));
      }
    }
    int position = 0;
    for (Object object : reached) {
      names.putIfAbsent(object, name + position);
      byName.put(name + position, object);
      position++;
    }
  }

  private static void reach(
      @Nullable Object object, Set<Object> reached, ArrayDeque<Object> waiting) {
    if (object == null) {
      return;
    }
    Class<?> type = object.getClass();
    boolean counts =
        object instanceof Enum || Layout.isOurs(type) || type.isArray() || isCollection(object);
    if (counts && reached.add(object)) {
      waiting.add(object);
    }
  }

  private static boolean isCollection(Object object) {
    return object instanceof Collection || object instanceof Map;
  }

  private static List<@Nullable Object> partsOf(Object object) {
    Class<?> type = object.getClass();
    if (object instanceof Object[] array) {
      return Arrays.asList(array);
    } else if (object instanceof Collection<?> collection) {
      return Elements.of(collection);
    } else if (object instanceof Map<?, ?> map) {
      return Elements.of(map);
    } else if (type.isHidden() || !Layout.isOurs(type)) {
      return List.of();
    }
    List<@Nullable Object> parts = new ArrayList<>();
    for (Field field : Layout.of(type).fields) {
      if (!field.getType().isPrimitive()) {
        parts.add(Layout.get(field, object));
      }
    }
    return parts;
  }
}
