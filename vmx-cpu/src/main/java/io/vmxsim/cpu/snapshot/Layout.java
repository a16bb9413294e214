package io.vmxsim.cpu.snapshot;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a class that hold state, in the order in which they are saved: those of the
 * superclass first, then by name.
 */
final class Layout {
  private static final String OURS = "io.vmxsim.";
  private static final String FASTUTIL = "it.unimi.dsi.fastutil.";

  /** Views that a collection of fastutil keeps at hand. */
  private static final List<String> VIEWS = List.of("entries", "keys", "values");

  final List<Field> fields;

  private Layout(List<Field> fields) {
    this.fields = fields;
  }

  /** Whether instances are taken apart field by field. */
  static boolean hasOne(Class<?> type) {
    return isOurs(type) || type.getName().startsWith(FASTUTIL);
  }

  static boolean isOurs(Class<?> type) {
    return type.getName().startsWith(OURS);
  }

  static Layout of(Class<?> type) {
    List<Field> fields = new ArrayList<>();
    Class<?> parent = type.getSuperclass();
    if (parent != null && hasOne(parent)) {
      fields.addAll(of(parent).fields);
    }
    Field[] own = type.getDeclaredFields();
    Arrays.sort(own, Comparator.comparing(Field::getName));
    for (Field field : own) {
      if (isState(field)) {
        field.setAccessible(true);
        fields.add(field);
      }
    }
    return new Layout(fields);
  }

  private static boolean isState(Field field) {
    int modifiers = field.getModifiers();
    if (Modifier.isStatic(modifiers)) {
      return false;
    }
    if (isOurs(field.getDeclaringClass())) {
      return !Modifier.isTransient(modifiers)
          && !field.getName().startsWith("$") // of measuring tools
          && !field.getType().isAnnotationPresent(Rebuilt.class);
    }
    return !VIEWS.contains(field.getName()); // fastutil has its data transient
  }

  /** What a snapshot says of the class: a build whose text differs cannot read it. */
  String text() {
    StringBuilder text = new StringBuilder();
    for (Field field : fields) {
      text.append(field.getName()).append(':').append(field.getType().getTypeName()).append(' ');
    }
    return text.toString();
  }

  static @Nullable Object get(Field field, Object from) {
    try {
      return field.get(from);
    } catch (IllegalAccessException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  static void set(Field field, Object in, @Nullable Object value) {
    try {
      field.set(in, value);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("restoring " + field, e);
    }
  }
}
