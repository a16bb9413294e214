package io.vmxsim.cpu.snapshot;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** How an object is saved, by its class. */
enum Kind {
  /** An object of ours, or a collection of fastutil: field by field. */
  OBJECT,
  /** Elements one by one. */
  REFERENCES,
  /** An array of a primitive type. */
  PRIMITIVES,
  /** A collection of the JDK that changes: its elements. */
  COLLECTION,
  /** A map of the JDK that changes: keys and values. */
  MAP,
  /** Bytes, position and limit. */
  BUFFER,
  /** Text that grows. */
  TEXT,

  /** Never changes: text. */
  STRING(true),
  /** Never changes: a number, a character or a truth value. */
  BOXED(true),
  /** One of an enumeration: its name. */
  ENUM(true),
  /** Never changes: its components. */
  RECORD(true),
  /** Never changes: its elements, and whether it is a list or a set. */
  FIXED_COLLECTION(true),
  /** Never changes: keys and values. */
  FIXED_MAP(true),

  /** A function, or a view of a collection: what it refers to. A new machine has one like it. */
  FUNCTION(true),
  /** Found from a static field of a class. */
  CONSTANT(true),
  /** Given by the caller, who has its like when the machine is restored. */
  OUTSIDE(true);

  private static final Set<Class<?>> BOXES =
      Set.of(
          Long.class,
          Integer.class,
          Short.class,
          Byte.class,
          Character.class,
          Boolean.class,
          Double.class,
          Float.class);

  private static final Set<Class<?>> COLLECTIONS =
      Set.of(
          ArrayList.class,
          ArrayDeque.class,
          HashSet.class,
          LinkedHashSet.class,
          TreeSet.class,
          PriorityQueue.class);

  private static final Set<Class<?>> MAPS =
      Set.of(
          HashMap.class, LinkedHashMap.class, TreeMap.class, EnumMap.class, IdentityHashMap.class);

  static final String LIST = "list";
  static final String SET_OF_MAP = "java.util.Collections$SetFromMap";
  private static final String VIEW = "java.util.Collections$Unmodifiable";
  private static final String FIXED = "java.util.ImmutableCollections$";
  private static final String FIXED_TOO = "java.util.Collections$";

  /** Whether it is made of its parts at once; else it can be made first and filled later. */
  final boolean isValue;

  Kind() {
    this(false);
  }

  Kind(boolean isValue) {
    this.isValue = isValue;
  }

  /**
   * The kind of a class's instances.
   *
   * @throws IllegalStateException if there is none: a fault of whoever keeps state in such objects
   */
  static Kind of(Class<?> type) {
    if (type.isArray()) {
      return type.getComponentType().isPrimitive() ? PRIMITIVES : REFERENCES;
    } else if (type.isHidden() || type.getName().startsWith(VIEW)) {
      return FUNCTION;
    } else if (type.isRecord()) {
      return RECORD;
    } else if (Enum.class.isAssignableFrom(type)) {
      return ENUM;
    } else if (Layout.hasOne(type)) {
      return OBJECT;
    } else if (type == String.class) {
      return STRING;
    } else if (BOXES.contains(type)) {
      return BOXED;
    } else if (type == StringBuilder.class) {
      return TEXT;
    } else if (ByteBuffer.class.isAssignableFrom(type)) {
      return type.getSimpleName().equals("HeapByteBuffer") ? BUFFER : FUNCTION;
    }
    return ofCollection(type);
  }

  private static Kind ofCollection(Class<?> type) {
    String name = type.getName();
    if (COLLECTIONS.contains(type)
        || EnumSet.class.isAssignableFrom(type)
        || name.equals(SET_OF_MAP)) {
      return COLLECTION;
    } else if (MAPS.contains(type)) {
      return MAP;
    } else if (name.startsWith(FIXED)
        || name.startsWith(FIXED_TOO)
        || name.startsWith("java.util.Arrays$")) {
      if (Map.class.isAssignableFrom(type)) {
        return FIXED_MAP;
      } else if (Collection.class.isAssignableFrom(type)) {
        return FIXED_COLLECTION;
      }
    }
    throw new IllegalStateException("a snapshot cannot hold a " + name);
  }

  /** What a snapshot calls a class: lists that never change are all alike, as are functions. */
  String nameOf(Class<?> type) {
    return switch (this) {
      case FIXED_COLLECTION -> List.class.isAssignableFrom(type) ? LIST : "set";
      case FIXED_MAP -> "map";
      case FUNCTION -> "function";
      case CONSTANT, OUTSIDE -> "";
      default -> type.getName();
    };
  }
}
