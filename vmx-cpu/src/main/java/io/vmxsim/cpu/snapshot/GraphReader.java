package io.vmxsim.cpu.snapshot;

import it.unimi.dsi.fastutil.objects.ReferenceOpenHashSet;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.core.UnsafeMemory;
import org.jspecify.annotations.Nullable;

/**
 * Gives a new machine the state that {@link GraphWriter} took from another. Both are walked
 * together: where the new one has an object of the same class in the same place, that object is
 * filled; where it has none, one is made. So everything that only a constructor can make, functions
 * above all, stays the new machine's own.
 */
final class GraphReader {
  private final List<SavedClass> classes;
  private final long[] records;
  private final Bytes<?> in;
  private final List<Object> outside;
  private final Constants constants = new Constants();
  private final @Nullable Object[] objects;
  private final ReferenceOpenHashSet<Object> taken = new ReferenceOpenHashSet<>();
  private final List<Runnable> finish = new ArrayList<>();
  private int filled = GraphWriter.FIRST;

  /** A class as the snapshot names it, and as it is here. */
  record SavedClass(Kind kind, Class<?> type, @Nullable Layout layout) {

    /**
     * @param text of {@link GraphWriter#classes}
     * @throws IllegalArgumentException if this build has no such class, or another of that name
     */
    static SavedClass of(String text) {
      String[] words = text.split(" ", 3);
      Kind kind = Kind.valueOf(words[0]);
      if (!kind.nameOf(Object.class).equals("java.lang.Object")) { // not a class's name
        boolean isList = words[1].equals(Kind.LIST);
        return new SavedClass(kind, isList ? List.class : Object.class, null);
      }
      try {
        Class<?> type = Class.forName(words[1]);
        Layout layout = words.length > 2 ? Layout.of(type) : null;
        if (layout != null && !layout.text().equals(words[2])) {
          throw new IllegalArgumentException(words[1]);
        }
        return new SavedClass(kind, type, layout);
      } catch (ClassNotFoundException e) {
        throw new IllegalArgumentException(words[1], e);
      }
    }
  }

  /**
   * @param records where each record begins, by number
   * @param in what holds the records
   * @param outside what the caller numbered so when it saved
   */
  GraphReader(List<SavedClass> classes, long[] records, Bytes<?> in, List<Object> outside) {
    this.classes = classes;
    this.records = records;
    this.in = in;
    this.outside = outside;
    objects = new Object[records.length];
    for (SavedClass saved : classes) {
      constants.addAllOf(saved.type());
    }
  }

  /**
   * Restores what is reached from {@code root}; parts come in the order in which they were saved.
   */
  void part(Object root) {
    if (!taken.contains(root)) { // else met within an earlier part
      at(filled, root);
    }
    fillKnown();
  }

  /** To be called after the last part. */
  void finish() {
    if (filled != objects.length) {
      throw new IllegalStateException("records left over: " + (objects.length - filled));
    }
    finish.forEach(Runnable::run);
  }

  private void fillKnown() {
    while (filled < objects.length && objects[filled] != null) {
      fill(filled, Objects.requireNonNull(objects[filled]));
      filled++;
    }
  }

  /** Moves to a record's content. */
  private SavedClass seek(int number) {
    in.readPosition(records[number]);
    SavedClass saved = classes.get(Math.toIntExact(in.readStopBit()));
    in.readStopBit(); // the length
    return saved;
  }

  private @Nullable Object reference(@Nullable Object candidate) {
    int number = Math.toIntExact(in.readStopBit());
    long after = in.readPosition();
    Object object = at(number, candidate);
    in.readPosition(after);
    return object;
  }

  /**
   * The object of a number.
   *
   * @param candidate what the new machine has in its place
   */
  private @Nullable Object at(int number, @Nullable Object candidate) {
    if (number < GraphWriter.FIRST) {
      return number == GraphWriter.KEPT ? candidate : null;
    }
    Object known = objects[number];
    if (known != null) {
      return known;
    }
    SavedClass saved = seek(number);
    Object made = saved.kind().isValue ? value(saved, candidate) : empty(saved, candidate);
    objects[number] = made;
    taken.add(made);
    return made;
  }

  // What can be made first and filled later.

  private Object empty(SavedClass saved, @Nullable Object candidate) {
    int length = saved.type().isArray() ? Math.toIntExact(in.readStopBit()) : 0;
    if (candidate != null
        && candidate.getClass() == saved.type()
        && (!saved.type().isArray() || Array.getLength(candidate) == length)
        && !taken.contains(candidate)
        && constants.nameOf(candidate) == null) {
      return candidate;
    }
    try {
      return switch (saved.kind()) {
        case REFERENCES, PRIMITIVES -> Array.newInstance(saved.type().getComponentType(), length);
        case OBJECT -> UnsafeMemory.INSTANCE.allocateInstance(saved.type());
        case BUFFER -> emptyBuffer();
        default -> emptyCollection(saved.type());
      };
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + saved.type(), e);
    }
  }

  private ByteBuffer emptyBuffer() {
    in.readStopBit(); // position
    in.readStopBit(); // limit
    ByteOrder order = in.readBoolean() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    return ByteBuffer.allocate(Math.toIntExact(in.readStopBit())).order(order);
  }

  private static Object emptyCollection(Class<?> type) throws ReflectiveOperationException {
    if (type.getName().equals(Kind.SET_OF_MAP)) {
      return Collections.newSetFromMap(new IdentityHashMap<>());
    }
    return type.getDeclaredConstructor().newInstance();
  }

  private void fill(int number, Object object) {
    SavedClass saved = seek(number);
    switch (saved.kind()) {
      case OBJECT -> fields(Objects.requireNonNull(saved.layout()), object);
      case REFERENCES -> elements((Object[]) object);
      case PRIMITIVES -> {
        in.readStopBit();
        Primitives.readArray(object, in);
      }
      case COLLECTION -> collection((Collection<?>) object);
      case MAP -> map((Map<?, ?>) object);
      case BUFFER -> buffer((ByteBuffer) object);
      case TEXT -> {
        StringBuilder text = (StringBuilder) object;
        text.setLength(0);
        text.append(text());
      }
      default -> {} // made whole
    }
  }

  private void fields(Layout layout, Object object) {
    for (Field field : layout.fields) {
      if (field.getType().isPrimitive()) {
        Layout.set(field, object, Primitives.read(field.getType(), in));
      } else {
        Object before = Layout.get(field, object);
        Object after = reference(before);
        if (after != before) {
          Layout.set(field, object, after);
        }
      }
    }
  }

  private void elements(@Nullable Object[] array) {
    in.readStopBit();
    for (int i = 0; i < array.length; i++) {
      array[i] = reference(array[i]);
    }
  }

  /** As many references as are counted here, made with those in {@code before} as candidates. */
  private List<@Nullable Object> references(List<? extends @Nullable Object> before) {
    int count = Math.toIntExact(in.readStopBit());
    List<@Nullable Object> after = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      after.add(reference(i < before.size() ? before.get(i) : null));
    }
    return after;
  }

  private static boolean same(List<?> some, List<?> others) {
    boolean same = some.size() == others.size();
    for (int i = 0; same && i < some.size(); i++) {
      Object one = some.get(i);
      boolean whole = one instanceof String || one instanceof Number;
      same = whole ? one.equals(others.get(i)) : one == others.get(i);
    }
    return same;
  }

  @SuppressWarnings("unchecked")
  private <T> void collection(Collection<T> collection) {
    List<@Nullable Object> before = Elements.of(collection);
    List<T> after = (List<T>) references(before);
    if (!same(before, after)) {
      finish.add( // hashes may depend on what is not filled yet
          () -> {
            collection.clear();
            collection.addAll(after);
          });
    }
  }

  @SuppressWarnings("unchecked")
  private <K, V> void map(Map<K, V> map) {
    List<@Nullable Object> before = Elements.of(map);
    List<@Nullable Object> after = references(before);
    if (!same(before, after)) {
      finish.add(
          () -> {
            map.clear();
            for (int i = 0; i < after.size(); i += 2) {
              map.put((K) after.get(i), (V) after.get(i + 1));
            }
          });
    }
  }

  private void buffer(ByteBuffer buffer) {
    int position = Math.toIntExact(in.readStopBit());
    int limit = Math.toIntExact(in.readStopBit());
    in.readBoolean();
    in.readStopBit();
    byte[] all = new byte[buffer.capacity()];
    Primitives.readArray(all, in);
    buffer.clear();
    buffer.put(all);
    buffer.limit(limit).position(position);
  }

  private String text() {
    byte[] text = new byte[Math.toIntExact(in.readStopBit())];
    Primitives.readArray(text, in);
    return new String(text, StandardCharsets.UTF_8);
  }

  // What must be made of its parts at once.

  private Object value(SavedClass saved, @Nullable Object candidate) {
    return switch (saved.kind()) {
      case STRING -> text();
      case BOXED -> boxed(saved.type(), text());
      case ENUM -> constantOf(saved.type(), text());
      case RECORD -> asRecord(saved, candidate);
      case FIXED_COLLECTION -> fixedCollection(saved.type() == List.class, candidate);
      case FIXED_MAP -> fixedMap(candidate);
      case FUNCTION -> function(candidate);
      case CONSTANT -> constants.named(text());
      case OUTSIDE -> outside.get(Math.toIntExact(in.readStopBit()));
      default -> throw new IllegalStateException("a value of kind " + saved.kind());
    };
  }

  private static Object boxed(Class<?> type, String text) {
    if (type == Long.class) {
      return Long.valueOf(text);
    } else if (type == Integer.class) {
      return Integer.valueOf(text);
    } else if (type == Short.class) {
      return Short.valueOf(text);
    } else if (type == Byte.class) {
      return Byte.valueOf(text);
    } else if (type == Character.class) {
      return (char) Integer.parseInt(text);
    } else if (type == Boolean.class) {
      return Boolean.valueOf(text);
    } else if (type == Double.class) {
      return Double.valueOf(text);
    }
    return Float.valueOf(text);
  }

  private static Object constantOf(Class<?> type, String name) {
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(name)) {
        return constant;
      }
    }
    throw new IllegalStateException("no " + name + " in " + type);
  }

  private Object asRecord(SavedClass saved, @Nullable Object candidate) {
    Layout layout = Objects.requireNonNull(saved.layout());
    Object before = candidate != null && candidate.getClass() == saved.type() ? candidate : null;
    Map<String, @Nullable Object> parts = new HashMap<>();
    boolean same = before != null;
    for (Field field : layout.fields) {
      Object old = before == null ? null : Layout.get(field, before);
      boolean primitive = field.getType().isPrimitive();
      Object part = primitive ? Primitives.read(field.getType(), in) : reference(old);
      boolean whole = primitive || part instanceof String || part instanceof Number;
      same = same && (whole ? Objects.equals(part, old) : part == old);
      parts.put(field.getName(), part);
    }
    return same ? Objects.requireNonNull(before) : newRecord(saved.type(), parts);
  }

  private static Object newRecord(Class<?> type, Map<String, @Nullable Object> parts) {
    var components = type.getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    @Nullable Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      values[i] = parts.get(components[i].getName());
    }
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + type, e);
    }
  }

  private Object fixedCollection(boolean isList, @Nullable Object candidate) {
    List<@Nullable Object> before =
        candidate instanceof Collection<?> collection ? Elements.of(collection) : List.of();
    List<@Nullable Object> after = references(before);
    if (candidate instanceof List == isList && candidate != null && same(before, after)) {
      return candidate;
    }
    return isList ? after.stream().toList() : Set.copyOf(after);
  }

  private Object fixedMap(@Nullable Object candidate) {
    List<@Nullable Object> before =
        candidate instanceof Map<?, ?> map ? Elements.of(map) : List.of();
    List<@Nullable Object> after = references(before);
    if (candidate != null && same(before, after)) {
      return candidate;
    }
    Map<@Nullable Object, @Nullable Object> map = new HashMap<>();
    for (int i = 0; i < after.size(); i += 2) {
      map.put(after.get(i), after.get(i + 1));
    }
    return Map.copyOf(map);
  }

  private Object function(@Nullable Object candidate) {
    if (candidate == null) {
      throw new IllegalStateException("a function that a new machine has not");
    }
    references(Captured.by(candidate));
    return candidate;
  }
}
